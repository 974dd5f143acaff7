/** Random registries of every type go out in each format, and readers that others wrote find in them what was recorded. */
import fc from 'fast-check'
import t from 'tap'
import { needExpfmt } from '../../scripts/need-expfmt.js'
import { needPythonClient } from '../../scripts/need-python-client.js'
import type { Format } from '../../src/exposition/types.js'
import type { Registry } from '../../src/index.js'
import { anyPrefix, richModel, SEED } from '../support/arbitrary.js'
import { expectedFamilies } from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { type Model, record, streamed } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import type { Time } from './compare.js'
import * as go from './go.js'
import { checkJson } from './json.js'
import * as python from './python.js'

const RUNS = 200

interface Case {
  readonly model: Model
  readonly prefix: string
  readonly created: boolean
}

const anyCase: fc.Arbitrary<Case> = fc.record({ model: richModel, prefix: anyPrefix, created: fc.boolean() })

/** Runs `check` on a registry that has what the model says, and when it was recorded. */
async function withRegistry(
  model: Model,
  check: (registry: Registry, time: Time) => Promise<void>,
): Promise<void> {
  const undo: (() => unknown)[] = []
  const from = Date.now() / 1000
  const { registry, events } = fresh(
    { teardown: ((undone: () => unknown) => undo.push(undone)) as never },
    { memory: '32MiB', labels: model.defaults },
  )
  try {
    record(registry, model)
    await check(registry, [from, Date.now() / 1000])
    if (events.length > 0) throw new Error(`the registry said: ${JSON.stringify(events)}`)
  } finally {
    for (const one of undo) await one()
  }
}

async function forAll(
  format: Format,
  check: (document: { text: string; bytes: Uint8Array }, one: Case, time: Time) => Promise<void> | void,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(anyCase, async one => {
      await withRegistry(one.model, async (registry, time) => {
        const document = await streamed(registry, format, one.prefix, { created: one.created })
        try {
          await check(document, one, time)
        } catch (error) {
          throw new Error(`${(error as Error).message}\nin\n${document.text}`)
        }
      })
    }),
    { seed: SEED, numRuns: RUNS },
  )
}

t.comment(`POSTMETER_SEED=${SEED}`)

t.test('text, read by prometheus_client', async t => {
  const client = await neededOrSkip(t, 'prometheus_client', needPythonClient)
  if (client === undefined) return
  const reader = python.pythonReader(t, client)
  await forAll('text', ({ text }, { model, prefix }) =>
    python.checkText(reader, text, expectedFamilies(model, prefix)),
  )
  t.pass(`${RUNS} registries`)
})

t.test('OpenMetrics, read by prometheus_client', async t => {
  const client = await neededOrSkip(t, 'prometheus_client', needPythonClient)
  if (client === undefined) return
  const reader = python.pythonReader(t, client)
  await forAll('openmetrics', ({ text }, { model, prefix, created }, time) =>
    python.checkOpenMetrics(reader, text, expectedFamilies(model, prefix), created, time),
  )
  t.pass(`${RUNS} registries`)
})

t.test('text, read by expfmt', async t => {
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (program === undefined) return
  const reader = go.goReader(t, program)
  await forAll('text', ({ text }, { model, prefix }) =>
    go.checkText(reader, text, expectedFamilies(model, prefix)),
  )
  t.pass(`${RUNS} registries`)
})

t.test('protobuf, read by expfmt', async t => {
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (program === undefined) return
  const reader = go.goReader(t, program)
  await forAll('protobuf', ({ bytes }, { model, prefix }, time) =>
    go.checkProtobuf(reader, bytes, expectedFamilies(model, prefix), time),
  )
  t.pass(`${RUNS} registries`)
})

t.test('JSON, read by JSON.parse', async t => {
  await forAll('json', ({ text }, { model, prefix }) => checkJson(text, expectedFamilies(model, prefix)))
  t.pass(`${RUNS} registries`)
})
