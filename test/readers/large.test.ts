/** A registry of many slots, encoded by the pool, is read as a small one is: no line is torn, and no series missing. */
import t from 'tap'
import { needExpfmt } from '../../scripts/need-expfmt.js'
import { needPythonClient } from '../../scripts/need-python-client.js'
import { expectedFamilies } from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { type FamilyModel, type Model, record, streamed } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import * as go from './go.js'
import { checkJson } from './json.js'
import * as python from './python.js'

/** As long as one may be. */
const PREFIX = 'kumomta_'.repeat(8)

/** `count` series, of label values of all lengths. */
function many(
  family: Omit<FamilyModel, 'help' | 'labelNames' | 'series'>,
  count: number,
  recorded: (n: number) => number[],
): FamilyModel {
  const series = Array.from({ length: count }, (_, n) => ({
    labels: [`queue-${n}`, '"\\\né'[n % 5] ?? 'x'.repeat(n % 97)],
    recorded: recorded(n),
    ...(family.kind === 'counter' && n % 7 === 0 ? { exemplars: [{ trace_id: `t${n}` }] } : {}),
  }))
  return { ...family, help: 'Of many', labelNames: ['queue', 'odd'], series }
}

const model: Model = {
  defaults: { node: 'mx1' },
  families: [
    many({ kind: 'counter', name: 'sent_total' }, 8_000, n => [n + 0.5]),
    many({ kind: 'gauge', name: 'depth' }, 8_000, n => [n % 11 === 0 ? Number.NaN : -n / 7]),
    many({ kind: 'histogram', name: 'wait', buckets: [0.5, 1, 2] }, 1_000, n => [n / 300, 1]),
    many({ kind: 'histogram', name: 'native', native: { schema: 3, maxBuckets: 160 } }, 500, n => [
      n,
      1 / (n + 1),
    ]),
    many({ kind: 'summary', name: 'size', quantiles: [0.5, 1] }, 500, n => [n]),
    many({ kind: 'stateset', name: 'state', states: ['up', 'down', 'odd "one"'] }, 1_000, n => [n]),
  ],
}

t.test('each format', async t => {
  const client = await neededOrSkip(t, 'prometheus_client', needPythonClient)
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (client === undefined || program === undefined) return
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  const from = Date.now() / 1000
  record(registry, model)
  const time = [from, Date.now() / 1000] as const
  const expected = expectedFamilies(model, PREFIX)
  const py = python.pythonReader(t, client)
  const expfmt = go.goReader(t, program)
  const text = await streamed(registry, 'text', PREFIX)
  await python.checkText(py, text.text, expected)
  await go.checkText(expfmt, text.text, expected)
  const openMetrics = await streamed(registry, 'openmetrics', PREFIX, { created: true })
  await python.checkOpenMetrics(py, openMetrics.text, expected, true, time)
  const protobuf = await streamed(registry, 'protobuf', PREFIX, { created: true })
  await go.checkProtobuf(expfmt, protobuf.bytes, expected, time)
  const json = await streamed(registry, 'json', PREFIX)
  checkJson(json.text, expected)
  for (const [format, { bytes, parts }] of Object.entries({ text, openMetrics, protobuf, json })) {
    t.ok(parts > 3, `${format}: ${bytes.length} bytes in ${parts} parts`)
  }
})
