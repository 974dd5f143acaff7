/**
 * A real Prometheus scrapes one registry in each format, and its query API returns what was recorded. Debian 12 has
 * Prometheus 2.42: it takes native histograms, of which it then leaves out the classic buckets, and exemplars, though not
 * those that a native histogram has beside its buckets. Prometheus 3.5 is what people install today.
 */
import t, { type Test } from 'tap'
import { needPrometheus, type PrometheusPrograms } from '../../scripts/need-prometheus.js'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { serve } from '../../src/index.js'
import { DIFFERENCE } from '../readers/compare.js'
import { SEED } from '../support/arbitrary.js'
import { everythingAnd } from '../support/everything.js'
import {
  type ExpectedFamily,
  type ExpectedLines,
  expectedFamilies,
  openMetricsLines,
  protobufLines,
  textLines,
} from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { type Model, record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import { checkExemplars, checkMetadata, checkNative, checkNumbers } from './answers.js'
import { type Answer, PrometheusServer } from './server.js'

t.comment(`POSTMETER_SEED=${SEED}`)

const PREFIX = 'p_'

interface Release {
  readonly need: () => Promise<PrometheusPrograms>
  /** Whether it reads a family's unit in protobuf. */
  readonly units: boolean
  /** How it calls a bucket's bound of 1 in text. */
  readonly one: string
}

const RELEASES: Readonly<Record<string, Release>> = {
  'Prometheus of the system': { need: needPrometheus, units: false, one: '1' },
  'Prometheus 3.5': { need: needPrometheus3, units: true, one: '1.0' },
}

/** A registry that has the model, served as text, OpenMetrics and protobuf, to a Prometheus of all features. */
async function scrape(t: Test, model: Model, name: string, { need }: Release) {
  const programs = await neededOrSkip(t, name, need)
  if (programs === undefined) return undefined
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  const from = Date.now() / 1000
  record(registry, model)
  const time = [from, Date.now() / 1000] as const
  const jobs = []
  for (const [name, options] of [
    ['text', {}],
    ['openmetrics', { openMetrics: true }],
    ['protobuf', { openMetrics: true, protobuf: true }],
  ] as const) {
    const front = await serve(registry, { listen: '127.0.0.1:0', gzip: { threshold: 1024 }, ...options })
    t.teardown(() => front.close())
    jobs.push({ name, url: `${front.url}`, prefix: PREFIX })
  }
  const server = await PrometheusServer.start(t, programs.prometheus, jobs, [
    'native-histograms',
    'exemplar-storage',
  ])
  await server.up(jobs.length)
  return { registry, server, time, expected: expectedFamilies(model, PREFIX) }
}

for (const [name, release] of Object.entries(RELEASES))
  t.test(`${name}: values, types and exemplars`, t => reads(t, name, release))

async function reads(t: Test, name: string, release: Release): Promise<void> {
  const started = await scrape(t, everythingAnd(25), name, release)
  if (started === undefined) return
  const { registry, server, time, expected } = started
  const native = expected.filter(({ model }) => model.native !== undefined)
  const others = expected.filter(({ model }) => model.native === undefined)
  // It calls families as text does, but for native histograms, which are one series each.
  const lines = {
    text: expected.map(textLines),
    openmetrics: expected.map(family => openMetricsLines(family, false)),
    protobuf: others.map(protobufLines),
  }
  const unit = ({ model }: ExpectedFamily) => (release.units ? (model.unit ?? '') : '')
  const heads = { ...lines, protobuf: expected.map(family => ({ ...textLines(family), unit: unit(family) })) }

  for (const format of ['text', 'openmetrics', 'protobuf'] as const) {
    const answers = await server.query(
      `{job="${format}", __name__=~"${PREFIX}.+", __name__!~"${PREFIX}postmeter_.+"}`,
    )
    const numbers = checkNumbers(answers, lines[format])
    const histograms = checkNative(answers, format === 'protobuf' ? native : [])
    const types = checkMetadata(await server.metadata(format), heads[format])
    t.pass(
      `${format}: ${numbers} series that are numbers, ${histograms} native histograms, ${types} types and helps`,
    )
    if (format === 'protobuf') seesChanges(t, answers, lines.protobuf, native)
  }

  for (const [job, bound] of [
    ['text', release.one],
    ['openmetrics', '1.0'],
  ] as const) {
    const query = `count(${PREFIX}wait_seconds_bucket{job="${job}", le="${bound}"})`
    t.equal(await server.value(query), 1, `bounds in ${job} are spelled as ${bound}`)
  }

  t.same(await server.exemplars('{job="text"}'), [], 'text has no exemplars')
  // Of exemplars in OpenMetrics it leaves the escapes as they are.
  const escaped = (value: string) => value.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))
  const marked = checkExemplars(
    await server.exemplars('{job="openmetrics"}'),
    lines.openmetrics,
    time,
    escaped,
  )
  t.ok(marked >= 4, `OpenMetrics: ${marked} exemplars`)
  // Those of a native histogram come in the order of its buckets, of which Prometheus takes what is newer than the last.
  const marks = await server.exemplars('{job="protobuf"}')
  t.ok(checkExemplars(marks, lines.protobuf, time) >= 3, 'protobuf has them too')
  const both = marks.find(({ seriesLabels }) => seriesLabels.__name__ === `${PREFIX}both`)
  t.match(both?.exemplars, [{ labels: { trace_id: 'z' }, value: '0.5' }], 'and so has a native histogram')

  const moving = registry.counter({ name: 'moving_total', help: '' })
  for (const count of [1, 2]) {
    moving.inc()
    const query = `sum(${PREFIX}moving_total)`
    await server.until(`${query} is ${3 * count}`, async () => {
      return (await server.value(query)) === 3 * count ? true : undefined
    })
  }
  t.pass('changes are seen in all formats')

  for (const format of ['text', 'openmetrics', 'protobuf']) {
    const scrapes = registry.value('postmeter_scrapes_total', { status: '200', format }) as number
    t.ok(scrapes >= 2, `${scrapes} scrapes of ${format}`)
  }
  const { count, sum } = registry.value('postmeter_scrape_size_bytes') as { count: number; sum: number }
  const least = (await registry.metrics({ format: 'protobuf' })).length
  t.ok(sum / count < least, `compressed: ${Math.round(sum / count)} bytes a scrape, and not ${least} or more`)
}

/** That the checks above can fail. */
function seesChanges(
  t: Test,
  answers: Answer[],
  lines: readonly ExpectedLines[],
  native: readonly ExpectedFamily[],
): void {
  const number = answers.findIndex(({ value }) => value !== undefined)
  t.throws(
    () => checkNumbers(answers.toSpliced(number, 1), lines),
    DIFFERENCE,
    'sees that a series is missing',
  )
  const odd = { ...answers[number], value: [0, '12345.678'] as const }
  t.throws(() => checkNumbers(answers.with(number, odd), lines), DIFFERENCE, 'sees another value')
  const at = answers.findIndex(({ histogram }) => (histogram?.[1].buckets ?? []).length > 1)
  const { metric, histogram } = answers[at]
  if (histogram === undefined) throw new Error('no native histogram')
  const change = (changed: object): Answer => ({ metric, histogram: [0, { ...histogram[1], ...changed }] })
  const [[ends, low, high, count], ...buckets] = histogram[1].buckets ?? []
  for (const [what, changed] of [
    ['count', { count: '77' }],
    ['sum', { sum: '77' }],
    ['bucket', { buckets: [[ends, low, high, `${Number(count) + 1}`], ...buckets] }],
    ['bound', { buckets: [[ends, `${Number(low) * 1.01}`, high, count], ...buckets] }],
  ] as const) {
    t.throws(() => checkNative(answers.with(at, change(changed)), native), DIFFERENCE, `sees another ${what}`)
  }
}
