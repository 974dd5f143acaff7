import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyModel, anyPrefix, SEED } from '../support/arbitrary.js'
import {
  expectedJson,
  expectedMessages,
  expectedOpenMetrics,
  expectedText,
  joined,
  type Model,
  record,
  streamed,
} from '../support/oracle.js'
import { messages } from '../support/protobuf.js'
import { fresh, samples } from '../support/registry.js'

/** JSON with its control characters spelled in one of the two ways that it has. */
function canonical(json: string): string {
  const short: Record<string, string> = {
    b: 'u0008',
    t: 'u0009',
    f: 'u000c',
    r: 'u000d',
  }
  return json.replace(/\\(.)/g, (_, c: string) => `\\${short[c] ?? c}`)
}

async function exposed(model: Model, prefix: string) {
  const undo: (() => unknown)[] = []
  const { registry } = fresh(
    { teardown: ((undone: () => unknown) => undo.push(undone)) as never },
    {
      memory: '4MiB',
      labels: model.defaults,
    },
  )
  try {
    record(registry, model)
    const text = (await streamed(registry, 'text', prefix)).text
    const json = (await streamed(registry, 'json', prefix)).text
    return {
      text,
      json,
      openMetrics: (await streamed(registry, 'openmetrics', prefix)).text,
      protobuf: joined(messages((await streamed(registry, 'protobuf', prefix)).bytes)),
      whole: await registry.metrics({ prefix }),
      parsed: await registry.json({ prefix }),
    }
  } finally {
    for (const one of undo) await one()
  }
}

t.test('random registries are exposed as the naive formatter writes them', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  await fc.assert(
    fc.asyncProperty(anyModel, anyPrefix, async (model, prefix) => {
      const { text, json, openMetrics, protobuf, whole, parsed } = await exposed(model, prefix)
      if (text !== expectedText(model, prefix)) {
        throw new Error(`text is\n${text}and should be\n${expectedText(model, prefix)}`)
      }
      const om = expectedOpenMetrics(model, prefix)
      if (openMetrics !== om) throw new Error(`OpenMetrics is\n${openMetrics}and should be\n${om}`)
      if (!isDeepStrictEqual(protobuf, expectedMessages(model, prefix))) {
        const is = JSON.stringify(protobuf)
        throw new Error(
          `protobuf is\n${is}\nand should be\n${JSON.stringify(expectedMessages(model, prefix))}`,
        )
      }
      if (whole !== text) throw new Error('metrics() and stream() differ')
      const expected = canonical(expectedJson(model, prefix))
      if (canonical(json) !== expected) throw new Error(`json is\n${json}and should be\n${expected}`)
      if (JSON.stringify(JSON.parse(json)) !== JSON.stringify(parsed))
        throw new Error('json() and stream() differ')
    }),
    { seed: SEED, numRuns: 150 },
  )
  t.pass('150 registries, in each format')
})

const empty: Model = { defaults: {}, families: [] }

t.test('an empty registry', async t => {
  const { text, json } = await exposed(empty, '')
  t.equal(text, '')
  t.equal(json, '{}\n')
})

t.test('a family without series has its head', async t => {
  const model: Model = {
    defaults: {},
    families: [
      {
        kind: 'counter',
        name: 'b_total',
        help: 'none yet',
        labelNames: ['x'],
        series: [],
      },
      {
        kind: 'histogram',
        name: 'a',
        help: '',
        labelNames: ['x', 'y'],
        series: [],
      },
    ],
  }
  const { text, json } = await exposed(model, 'p_')
  t.equal(text, '# HELP p_a \n# TYPE p_a histogram\n# HELP p_b_total none yet\n# TYPE p_b_total counter\n')
  t.equal(
    json,
    '{"p_a":{"type":"histogram","value":null},"p_b_total":{"help":"none yet","type":"counter","value":null}}\n',
  )
})

t.test('the JSON shapes of FORMATS.md, value for value', async t => {
  const model: Model = {
    defaults: {},
    families: [
      {
        kind: 'gauge',
        name: 'none',
        help: 'h',
        labelNames: [],
        series: [{ labels: [], recorded: [1.5] }],
      },
      {
        kind: 'gauge',
        name: 'one',
        help: '',
        labelNames: ['label'],
        series: [
          { labels: ['__proto__'], recorded: [1] },
          { labels: ['nan'], recorded: [Number.NaN] },
          { labels: [''], recorded: [Number.POSITIVE_INFINITY] },
        ],
      },
      {
        kind: 'counter',
        name: 'several',
        help: '',
        labelNames: ['a', 'b'],
        series: [{ labels: ['x\0', 'y"'], recorded: [2] }],
      },
      {
        kind: 'histogram',
        name: 'h',
        help: '',
        labelNames: [],
        buckets: [0.5, 1],
        series: [{ labels: [], recorded: [0.5, 2] }],
      },
      {
        kind: 'histogram',
        name: 'i',
        help: '',
        labelNames: [],
        buckets: [1],
        series: [],
      },
    ],
  }
  const { json } = await exposed(model, '')
  t.equal(
    json,
    '{"h":{"type":"histogram","value":{"count":2,"sum":2.5,"avg":1.25,"bucket":[[0.5,1],[1,1]]}},' +
      '"i":{"type":"histogram","value":{"count":0,"sum":0,"avg":0,"bucket":[[1,0]]}},' +
      '"none":{"help":"h","type":"gauge","value":1.5},' +
      '"one":{"type":"gauge","value":{"label":{"__proto__":1,"nan":null,"":null}}},' +
      '"several":{"type":"counter","value":[{"a":"x\\u0000","b":"y\\"","@":2}]}}\n',
  )
})

t.test('a bad prefix or option is an error that names it', async t => {
  const { registry } = fresh(t)
  const ask = (options: object) => registry.metrics(options)
  await t.rejects(ask({ prefix: '1a' }), {
    name: 'TypeError',
    message: /option "prefix": "1a"/,
  })
  await t.rejects(ask({ prefix: 'a'.repeat(65) }), /option "prefix".*longer than 64/)
  await t.rejects(ask({ prefix: 5 }), /option "prefix": 5/)
  await t.rejects(ask({ prefx: 'a' }), /option "prefx" is not known/)
  await t.rejects(registry.stream({ format: 'xml' as 'text' }).next(), /option "format": "xml"/)
})

t.test('contentType says what metrics() gives, as in prom-client', async t => {
  const { registry } = fresh(t)
  t.equal(registry.contentType, 'text/plain; version=0.0.4; charset=utf-8')
})

t.test('a registry without families, after one with some', async t => {
  const { registry } = fresh(t)
  const all = await registry.metrics({ selfMetrics: true })
  t.ok(samples(all).length > 0)
  t.equal(await registry.metrics(), '')
  t.strictSame(await registry.json(), {})
  registry.counter({ name: 'c_total', help: 'h' }).inc()
  t.strictSame(samples(await registry.metrics()), ['c_total 1'])
  registry.unregister('c_total')
  t.equal(await registry.metrics({ format: 'openmetrics' }), '# EOF\n')
  t.equal((await registry.metrics({ format: 'protobuf' })).length, 0)
})
