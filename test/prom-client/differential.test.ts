/** The same program on prom-client and on this entry: the same text, the same JSON, the same errors. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import promClient from 'prom-client'
import t from 'tap'
import * as entry from '../../src/prom-client.js'
import { SEED } from '../support/arbitrary.js'

/** What both have in common, as a program uses it. */
type Api = Pick<typeof promClient, 'Registry' | 'Counter' | 'Gauge' | 'Histogram'>

const NAMES = ['method', 'code', 'path']
const value = fc.oneof(
  fc.constantFrom<unknown>('GET', 'POST', '200', 200, 404, 0, 1.5, true, null),
  // Where prom-client takes two label sets for one: see differences.test.ts.
  fc.string({ maxLength: 6 }).filter(text => text !== '' && text.isWellFormed() && !/[:,]/.test(text)),
)
/** Some of the labels, in any order. */
const labels = fc
  .shuffledSubarray(NAMES, { minLength: 0 })
  .chain(names => fc.tuple(fc.constant(names), fc.tuple(...names.map(() => value))))
  .map(([names, values]) => Object.fromEntries(names.map((name, n) => [name, values[n]])))
const amount = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    1,
    2,
    0.1,
    1e21,
    1e-7,
    123456789.125,
    undefined,
    null,
    -1,
    'x',
    Number.NaN,
    1 / 0,
  ),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
)
const kind = fc.constantFrom('counter', 'gauge', 'histogram')

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('record' as const), kind, labels, amount, way: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unlabelled' as const), kind, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), kind, labels }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), kind }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('zero' as const), labels }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrong' as const), kind, labels }) },
  { weight: 1, arbitrary: fc.constant({ do: 'expose' as const }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const program = fc.record({
  openMetrics: fc.boolean(),
  defaults: fc.option(fc.constantFrom({ app: 'a"b\\' }, { app: 'x', code: 7 }), { nil: undefined }),
  suffix: fc.constantFrom('', '_total'),
  steps: fc.array(step, { maxLength: 40 }),
})

/** An error, as a program sees it. */
function errorOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

async function run(api: Api, { openMetrics, defaults, suffix, steps }: Program): Promise<unknown[]> {
  const seen: unknown[] = []
  const registry = new (api.Registry as new (type: unknown) => InstanceType<Api['Registry']>)(
    openMetrics ? api.Registry.OPENMETRICS_CONTENT_TYPE : api.Registry.PROMETHEUS_CONTENT_TYPE,
  )
  if (defaults !== undefined) registry.setDefaultLabels(defaults)
  const common = { help: 'Of\nit \\', registers: [registry] }
  const all = {
    counter: new api.Counter({ ...common, name: `c${suffix}`, labelNames: NAMES }),
    gauge: new api.Gauge({ ...common, name: 'g', labelNames: NAMES }),
    histogram: new api.Histogram({ ...common, name: 'h', labelNames: NAMES, buckets: [-1, 0.5, 1, 1e21] }),
  }
  const only = {
    counter: new api.Counter({ ...common, name: `only_c${suffix}` }),
    gauge: new api.Gauge({ ...common, name: 'only_g' }),
    histogram: new api.Histogram({ ...common, name: 'only_h', buckets: [] }),
  }
  for (const one of steps) seen.push(await take(one))
  seen.push(await registry.metrics())
  // Without the name: an OpenMetrics scrape renames prom-client's counters for good.
  seen.push(
    (await registry.getMetricsAsJSON()).map(({ name, ...told }) => [name.replace('_total', ''), told]),
  )
  return seen

  async function take(one: Step): Promise<unknown> {
    if (one.do === 'expose') return registry.metrics()
    if (one.do === 'zero') return errorOf(() => all.histogram.zero(one.labels as never))
    const metric = all[one.kind as 'counter']
    if (one.do === 'reset') return errorOf(() => metric.reset())
    if (one.do === 'remove') return errorOf(() => metric.remove(one.labels as never))
    if (one.do === 'wrong') return errorOf(() => record(metric, { ...one.labels, wrong: 1 }, 1, 0))
    if (one.do === 'unlabelled') return errorOf(() => recordOnly(only[one.kind as 'counter'], one.amount))
    return errorOf(() => record(metric, one.labels, one.amount, one.way))
  }

  function record(metric: unknown, given: object, value: unknown, way: number): void {
    const { inc, set, observe } = metric as { [call: string]: ((...args: unknown[]) => void) | undefined }
    // prom-client's set() takes over the labels' types and order of the last call, ours keeps those of the first.
    if (set !== undefined)
      given = Object.fromEntries(
        Object.entries(given)
          .sort()
          .map(([n, v]) => [n, String(v)]),
      )
    const call = observe ?? (way === 2 ? set : undefined) ?? inc
    const name = observe !== undefined ? 'observe' : call === set ? 'set' : 'inc'
    if (way !== 1) call!.call(metric, given, value)
    else
      (metric as { labels(of: object): Record<string, (value: unknown) => void> }).labels(given)[name](value)
  }

  function recordOnly(metric: unknown, value: unknown): void {
    const { inc, observe } = metric as { [call: string]: ((...args: unknown[]) => void) | undefined }
    ;(observe ?? inc)!.call(metric, value)
  }
}
type Program = typeof program extends fc.Arbitrary<infer P> ? P : never

/** Where prom-client is wrong: differences.test.ts has each. */
function isAgreed({ steps }: Program): boolean {
  return steps.every(one => {
    if (one.do !== 'record' && one.do !== 'unlabelled') return true
    // It lets a counter become NaN, and a gauge move by what is no finite number.
    return !Number.isNaN(one.amount) && !(one.kind === 'gauge' && one.amount === 1 / 0)
  })
}

t.test(`the same program, seed ${SEED}`, async () => {
  await fc.assert(
    fc.asyncProperty(program.filter(isAgreed), async given => {
      const ours = await run(entry as unknown as Api, given)
      const theirs = await run(promClient, given)
      ours.forEach((one, n) => {
        assert.equal(JSON.stringify(one, undefined, 1), JSON.stringify(theirs[n], undefined, 1))
      })
    }),
    { seed: SEED, numRuns: 300 },
  )
})
