/** The readers can fail: each refuses what is not its format, and what it finds is held against what was recorded. */
import t, { type Test } from 'tap'
import { needExpfmt } from '../../scripts/need-expfmt.js'
import { needPythonClient } from '../../scripts/need-python-client.js'
import type { Registry } from '../../src/index.js'
import { expectedFamilies } from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { type Model, record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import { DIFFERENCE } from './compare.js'
import * as go from './go.js'
import { checkJson } from './json.js'
import * as python from './python.js'

const model: Model = {
  defaults: { node: 'mx1' },
  families: [
    {
      kind: 'counter',
      name: 'sent_total',
      help: 'Messages sent',
      labelNames: ['queue'],
      series: [
        { labels: ['a'], recorded: [41.5], exemplars: [{ trace_id: 'abc' }] },
        { labels: ['b"\\\n'], recorded: [2] },
      ],
    },
    { kind: 'gauge', name: 'depth', help: 'h', labelNames: [], series: [{ labels: [], recorded: [-7] }] },
    {
      kind: 'histogram',
      name: 'wait',
      help: 'h',
      labelNames: [],
      buckets: [1, 2],
      native: { schema: 3, maxBuckets: 100 },
      series: [{ labels: [], recorded: [0.5, 1.5, 9] }],
    },
    {
      kind: 'summary',
      name: 'size',
      help: 'h',
      labelNames: [],
      quantiles: [0.5],
      series: [{ labels: [], recorded: [333] }],
    },
    {
      kind: 'info',
      name: 'build_info',
      help: 'h',
      labelNames: ['version'],
      series: [{ labels: ['1.2'], recorded: [] }],
    },
    {
      kind: 'stateset',
      name: 'door',
      help: 'h',
      labelNames: [],
      states: ['open', 'shut'],
      series: [{ labels: [], recorded: [2] }],
    },
  ],
}

const expected = expectedFamilies(model, 'p_')
const edited = (family: string, change: (one: (typeof expected)[0]) => (typeof expected)[0]) =>
  expected.map(one => (one.model.name === family ? change(one) : one))

/** The model, in one way after the other not quite what was recorded. */
const changes: Readonly<Record<string, typeof expected>> = {
  'a help': edited('depth', one => ({ ...one, help: 'g' })),
  'a type': edited('depth', one => ({ ...one, model: { ...one.model, kind: 'counter' } })),
  'a value': edited('depth', one => ({ ...one, series: [{ ...one.series[0], value: -7.000000000000001 }] })),
  'a label': edited('sent_total', one => ({
    ...one,
    series: [
      one.series[0],
      {
        ...one.series[1],
        labels: [
          ['node', 'mx1'],
          ['queue', 'b"\\ \n'],
        ],
      },
    ],
  })),
  'a series less': edited('sent_total', one => ({ ...one, series: one.series.slice(1) })),
  'a series more': edited('depth', one => ({
    ...one,
    series: [...one.series, { labels: [['x', 'y']], value: 1 }],
  })),
  'a family less': expected.slice(1),
  'a quantile': edited('size', ({ series: [one], ...rest }) => ({
    ...rest,
    series: [{ ...one, summary: { count: 1, sum: 333, rows: [[0.5, 340]] } }],
  })),
  'a bucket': edited('wait', ({ series: [one], ...rest }) => {
    if (one.histogram === undefined) throw new Error('no histogram')
    const [[bound, count, exemplar], ...rows] = one.histogram.rows
    return {
      ...rest,
      series: [{ ...one, histogram: { ...one.histogram, rows: [[bound, count + 1, exemplar], ...rows] } }],
    }
  }),
  'a state': edited('door', one => ({ ...one, series: one.series.map(state => ({ ...state, value: 1 })) })),
}

async function registryOf(t: Test): Promise<Registry> {
  const { registry } = fresh(t, { labels: model.defaults })
  record(registry, model)
  return registry
}

async function seesChanges(
  t: Test,
  check: (changed: typeof expected) => Promise<void> | void,
): Promise<void> {
  await check(expected)
  for (const [what, changed] of Object.entries(changes)) {
    await t.rejects(
      Promise.resolve().then(() => check(changed)),
      DIFFERENCE,
      `sees ${what}`,
    )
  }
}

/** Documents that a reader must not take, made of one that it takes. */
async function refuses(
  t: Test,
  read: (document: Buffer) => Promise<unknown>,
  document: string | Uint8Array,
  mangled: Readonly<Record<string, (text: string) => string>>,
): Promise<void> {
  const good = Buffer.from(document).toString('latin1')
  await read(Buffer.from(good, 'latin1'))
  for (const [what, mangle] of Object.entries(mangled)) {
    const bad = mangle(good)
    t.not(bad, good)
    await t.rejects(read(Buffer.from(bad, 'latin1')), `refuses ${what}`)
  }
  await read(Buffer.from(good, 'latin1'))
  t.pass('and reads on')
}

const TEXT = {
  'a name with a space': (text: string) => text.replace('\np_depth{', '\np depth{'),
  'a value that is none': (text: string) => text.replace(/ -7$/m, ' seven'),
  'a label without its quote': (text: string) => text.replace('node="mx1"} -7', 'node="mx1} -7'),
}

const OPENMETRICS = {
  ...TEXT,
  'no end': (text: string) => text.replace('# EOF\n', ''),
  'a bucket that falls': (text: string) => text.replace(/(le="2\.0"\}) 2/, '$1 0'),
  'a count beside +Inf': (text: string) => text.replace(/(p_wait_count\S*) 3/, '$1 4'),
  'a counter that is negative': (text: string) => text.replace(' 41.5', ' -41.5'),
  'an info that is not 1': (text: string) => text.replace(/(p_build_info\S*) 1/, '$1 0'),
  'an exemplar on a gauge': (text: string) => text.replace(/ -7$/m, ' -7 # {a="b"} 1 1'),
  'a family that comes back': (text: string) => text.replace('# EOF', 'p_depth 1\n# EOF'),
}

t.test('prometheus_client', async t => {
  const client = await neededOrSkip(t, 'prometheus_client', needPythonClient)
  if (client === undefined) return
  const from = Date.now() / 1000
  const registry = await registryOf(t)
  const reader = python.pythonReader(t, client)
  const text = await registry.metrics({ prefix: 'p_' })
  await seesChanges(t, changed => python.checkText(reader, text, changed))
  const openMetrics = await registry.metrics({ format: 'openmetrics', prefix: 'p_' })
  const time = [from, Date.now() / 1000] as const
  await seesChanges(t, changed => python.checkOpenMetrics(reader, openMetrics, changed, false, time))
  for (const change of [
    { labels: { trace_id: 'abd' }, value: 41.5 },
    { labels: { trace_id: 'abc' }, value: 41 },
    undefined,
  ]) {
    const changed = edited('sent_total', one => ({
      ...one,
      series: [{ ...one.series[0], exemplar: change }, one.series[1]],
    }))
    await t.rejects(
      python.checkOpenMetrics(reader, openMetrics, changed, false, time),
      DIFFERENCE,
      'sees an exemplar',
    )
  }
  await t.rejects(
    python.checkOpenMetrics(reader, openMetrics, expected, false, [0, 1]),
    DIFFERENCE,
    'and its time',
  )
  await t.rejects(
    python.checkOpenMetrics(reader, openMetrics, expected, true, time),
    DIFFERENCE,
    'no _created',
  )
  await refuses(t, document => reader.read('text', document), text, {
    'a value that is none': TEXT['a value that is none'],
    'a label without its quote': TEXT['a label without its quote'],
  })
  await refuses(t, document => reader.read('openmetrics', document), openMetrics, OPENMETRICS)
})

t.test("Go's expfmt", async t => {
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (program === undefined) return
  const from = Date.now() / 1000
  const registry = await registryOf(t)
  const reader = go.goReader(t, program)
  const text = await registry.metrics({ prefix: 'p_' })
  await seesChanges(t, changed => go.checkText(reader, text, changed))
  const protobuf = await registry.metrics({ format: 'protobuf', prefix: 'p_' })
  const time = [from, Date.now() / 1000] as const
  await seesChanges(t, changed => go.checkProtobuf(reader, protobuf, changed, time))
  const native = edited('wait', ({ series: [one], ...rest }) => {
    if (one.histogram?.native === undefined) throw new Error('not native')
    const [[index, count], ...others] = one.histogram.native.positive
    const positive: [number, number][] = [[index + 1, count], ...others]
    return {
      ...rest,
      series: [{ ...one, histogram: { ...one.histogram, native: { ...one.histogram.native, positive } } }],
    }
  })
  await t.rejects(go.checkProtobuf(reader, protobuf, native, time), DIFFERENCE, 'sees an exponential bucket')
  await refuses(t, document => reader.read('text', document), text, TEXT)
  await refuses(t, document => reader.read('protobuf', document), protobuf, {
    'a message cut off': bytes => bytes.slice(0, -1),
    'a length that is too short': bytes => String.fromCharCode(bytes.charCodeAt(0) - 1) + bytes.slice(1),
    'a name that is none': bytes => bytes.replace('p_depth', 'p-depth'),
  })
})

t.test('JSON', async t => {
  const registry = await registryOf(t)
  const json = await registry.metrics({ format: 'json', prefix: 'p_' })
  await seesChanges(t, changed => checkJson(json, changed))
  t.throws(() => checkJson(json.slice(0, -2), expected), SyntaxError)
})
