/** What promtool refuses, check refuses; what promtool remarks on, check remarks on: over texts that are mutated at random. */
import t from 'tap'
import { needPrometheus } from '../../scripts/need-prometheus.js'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import type { Code } from '../../src/cli/check/codes.js'
import { checkMetrics } from '../prometheus/promtool.js'
import { SEED } from '../support/arbitrary.js'
import { neededOrSkip } from '../support/need.js'
import { checked } from './checked.js'
import { BAD, GOOD } from './corpus.js'
import { Mutations } from './mutations.js'

const RUNS = Number(process.env.POSTMETER_RUNS ?? 100)

/** The remarks of promtool's that our codes stand for. */
const REMARKS: readonly (readonly [RegExp, Code])[] = [
  [/no help text/, 'no-help'],
  [/base unit/, 'base-unit'],
  [/"_total" suffix/, 'counter-name'],
  [/"_timestamp_seconds" suffix/, 'timestamp-name'],
  [/"_(bucket|count|sum)" suffix/, 'reserved-name'],
  [/"(le|quantile)" label/, 'reserved-label'],
  [/include type/, 'type-in-name'],
  [/':'/, 'colon'],
  [/camelCase/, 'camel-case'],
  [/abbreviated/, 'abbreviation'],
  [/not unique/, 'duplicate'],
]

/** What is wrong with check: nothing, or how it differs. */
async function differs(promtool: string, text: string): Promise<string | undefined> {
  const { code, said } = await checkMetrics(promtool, text)
  const { errors, kept } = checked(text)
  if (code === 1) return errors > 0 ? undefined : `promtool refuses: ${said}`
  if (code === 0 || errors > 0) return undefined
  for (const line of said.split('\n').filter(line => line !== '')) {
    const [name] = line.split(' ')
    const remark = REMARKS.find(([pattern]) => pattern.test(line.slice(name!.length)))
    if (remark === undefined) return `a remark that has no code: ${line}`
    if (!kept.some(one => one.code === remark[1] && one.family === name)) return `promtool remarks: ${line}`
  }
  return undefined
}

for (const [what, need] of [
  ['Prometheus 2', needPrometheus],
  ['Prometheus 3', needPrometheus3],
] as const) {
  t.test(`the promtool of ${what}`, async t => {
    const programs = await neededOrSkip(t, what, need)
    if (!programs) return
    const { promtool } = programs

    t.test('refuses what is bad, and takes what is good', async t => {
      for (const text of BAD) {
        t.ok(checked(text).errors > 0, `check refuses ${JSON.stringify(text)}`)
        t.equal((await checkMetrics(promtool, text)).code, 1, 'and so does promtool')
      }
      for (const text of GOOD) {
        t.equal(await differs(promtool, text), undefined, JSON.stringify(text.slice(0, 60)))
        t.equal(checked(text).errors, 0, 'without an error')
        t.not((await checkMetrics(promtool, text)).code, 1, 'and promtool takes it')
      }
    })

    t.test('finds nothing in mutated texts that check does not find', async t => {
      t.comment(`POSTMETER_SEED=${SEED}`)
      const mutations = new Mutations(SEED)
      let refused = 0
      for (let run = 0; run < RUNS; run++) {
        const text = mutations.mutated([...GOOD, GOOD.join('')])
        const how = await differs(promtool, text)
        if (how !== undefined) t.fail(`${how} in ${JSON.stringify(text)}`)
        if (checked(text).errors > 0) refused++
      }
      t.ok(refused > RUNS / 10 && refused < RUNS, `${refused} of ${RUNS} are refused`)
    })
  })
}
