/** What buckets say: counts between two looks, and quantiles. */
import fc from 'fast-check'
import t from 'tap'
import {
  type Bucket,
  type Buckets,
  difference,
  quantileOf,
  sumOf,
  totalOf,
} from '../../src/reading/buckets.js'
import { emptyMetric } from '../../src/reading/metric.js'
import type { MetricView } from '../../src/reading/metric-view.js'
import { NativeSum } from '../../src/reading/native-sum.js'
import { FamilyReader } from '../../src/reading/protobuf.js'
import { SEED } from '../support/arbitrary.js'
import { fresh } from '../support/registry.js'

const CLASSIC: Buckets = [
  [1, 2],
  [2, 6],
  [4, 10],
  [null, 12],
]

t.test('quantiles of classic buckets are those of histogram_quantile()', async t => {
  const rows: [string, Buckets, number, number | undefined][] = [
    ['within a bucket, linear', CLASSIC, 0.5, 2],
    ['in the first bucket, from 0', CLASSIC, 1 / 12, 0.5],
    ['within the second', CLASSIC, 4 / 12, 1.5],
    ['above all bounds: the greatest one', CLASSIC, 0.99, 4],
    ['0', CLASSIC, 0, 0],
    ['1', CLASSIC.slice(0, 3), 1, 4],
    [
      'a first bucket of what is negative has no lower bound',
      [
        [-1, 3],
        [null, 4],
      ],
      0.5,
      -1,
    ],
    [
      'empty buckets before',
      [
        [1, 0],
        [2, 0],
        [3, 4],
        [null, 4],
      ],
      0.5,
      2.5,
    ],
    [
      'nothing observed',
      [
        [1, 0],
        [null, 0],
      ],
      0.5,
      undefined,
    ],
    ['no buckets but +Inf', [[null, 7]], 0.5, undefined],
    ['none at all', [], 0.5, undefined],
  ]
  for (const [what, buckets, q, wanted] of rows) t.equal(quantileOf(buckets, q), wanted, what)
})

t.test('what was observed between two looks', async t => {
  const later: Buckets = [
    [1, 3],
    [2, 9],
    [4, 13],
    [null, 16],
  ]
  t.strictSame(difference(later, CLASSIC), [
    [1, 1],
    [2, 3],
    [4, 3],
    [null, 4],
  ])
  t.strictSame(difference(CLASSIC, later), CLASSIC, 'a histogram that was begun anew: all of it is new')
  t.strictSame(difference(CLASSIC, []), CLASSIC, 'there was none before')
  const torn = difference(
    [
      [1, 5],
      [2, 6],
      [null, 20],
    ],
    [
      [1, 1],
      [2, 4],
      [null, 12],
    ],
  )
  t.strictSame(
    torn,
    [
      [1, 4],
      [2, 4],
      [null, 8],
    ],
    'counts that were read at different moments never fall',
  )
})

t.test('bounds that come and go: a sparse list stands for all bounds', async t => {
  const earlier: Buckets = [
    [1, 0],
    [2, 4],
    [null, 4],
  ]
  const finer: Buckets = [
    [1, 0],
    [2, 5],
    [4, 6],
    [8, 9],
    [null, 9],
  ]
  t.strictSame(difference(finer, earlier), [
    [1, 0],
    [2, 1],
    [4, 2],
    [8, 5],
    [null, 5],
  ])
  const coarser: Buckets = [
    [1, 0],
    [4, 7],
    [16, 12],
    [null, 12],
  ]
  t.strictSame(difference(coarser, finer), [
    [1, 0],
    [4, 1],
    [16, 3],
    [null, 3],
  ])
})

/** A histogram of a registry of its own, as its exposition has it. */
async function exposed(
  t: Parameters<typeof fresh>[0],
  schema: number,
  series: readonly (readonly number[])[],
): Promise<MetricView[]> {
  const { registry } = fresh(t)
  const histogram = registry.histogram({
    name: 'wait_seconds',
    help: 'h',
    labelNames: ['n'],
    native: { schema, maxBuckets: 160 },
  })
  series.forEach((values, n) => {
    for (const value of values) histogram.observe({ n: `${n}` }, value)
  })
  const found: MetricView[] = []
  const reader = new FamilyReader({
    family: () => true,
    metric: view => found.push(structuredClone(view)),
  })
  reader.push(await registry.metrics({ format: 'protobuf' }))
  reader.end()
  return found
}

function summed(views: readonly MetricView[]): Buckets {
  const sum = new NativeSum()
  for (const view of views) sum.add(view)
  return sum.buckets(views.reduce((total, { count }) => total + count, 0))
}

t.test('native histograms of several series, and of several resolutions, are added up', async t => {
  const values = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(values, values, fc.integer({ min: 0, max: 5 }), async (one, other, schema) => {
      const views = [...(await exposed(t, 5, [one])), ...(await exposed(t, schema, [other]))]
      const buckets = summed(views)
      const all = [...one, ...other].sort((a, b) => a - b)
      t.equal(totalOf(buckets), all.length)
      for (const [n, [upper, cumulative]] of buckets.entries()) {
        if (n > 0 && (buckets[n - 1]![0] as number) >= (upper ?? Number.POSITIVE_INFINITY))
          t.fail('bounds ascend')
        if (n > 0 && buckets[n - 1]![1] > cumulative) t.fail('counts never fall')
      }
      // A quantile is in the bucket of the value that it stands for.
      const width = 2 ** (2 ** -Math.min(...views.map(view => view.schema)))
      for (const q of [0.1, 0.5, 0.9, 1]) {
        const exact = all[Math.max(0, Math.ceil(q * all.length) - 1)]!
        const found = quantileOf(buckets, q)!
        const near =
          exact > 0
            ? found <= exact * width && found >= exact / width
            : found >= exact * width && found <= exact / width
        if (!near && Math.abs(exact) > 1e-9) t.fail(`quantile ${q} is ${found} for ${exact}`)
      }
    }),
    { numRuns: 60, seed: SEED },
  )
})

/** What a series of these buckets would show. */
function native(
  view: Partial<Record<'positive' | 'negative', readonly (readonly [number, number])[]>> & {
    schema?: number
    threshold?: number
    zero?: number
  },
): MetricView {
  const sparse = (buckets: readonly (readonly [number, number])[] = []) => ({
    length: buckets.length,
    indexes: buckets.map(([index]) => index),
    counts: buckets.map(([, count]) => count),
  })
  const { schema = 0, threshold = 0, zero = 0, positive, negative } = view
  const all = [...(positive ?? []), ...(negative ?? [])].map(([, count]) => count)
  return {
    ...emptyMetric(),
    ...{ native: true, schema, zeroThreshold: threshold, zeroCount: zero },
    count: all.reduce((sum, count) => sum + count, zero),
    positive: sparse(positive),
    negative: sparse(negative),
  }
}

t.test('native: infinities are at no bound, and the greatest numbers at the greatest', async t => {
  const most = Number.MAX_VALUE
  const values = [Number.POSITIVE_INFINITY, most, 1, -most, Number.NEGATIVE_INFINITY, Number.NaN]
  for (const schema of [-4, 0, 3, 8]) {
    const buckets = summed(await exposed(t, schema, [values]))
    t.strictSame(JSON.parse(JSON.stringify(buckets)), buckets, 'JSON has no infinite bounds')
    t.strictSame(buckets[0], [-most, 1], 'the least is known to be below')
    t.strictSame(buckets.slice(-2), [
      [most, 4],
      [null, 6],
    ])
  }
})

t.test('native: a wide zero bucket takes up the buckets of others that it reaches into', async t => {
  const narrow = native({
    positive: [
      [-3, 1],
      [1, 2],
      [3, 4],
    ],
    negative: [[0, 8]],
  })
  const wide = native({ threshold: 1.5, zero: 16 })
  t.strictSame(
    summed([narrow, wide]),
    [
      [-2, 0],
      [2, 27],
      [4, 27],
      [8, 31],
      [null, 31],
    ],
    'to whole buckets',
  )
  t.strictSame(
    summed([native({ positive: [[1, 2]] }), native({ threshold: 9, positive: [[5, 1]] })]),
    [
      [1, 0],
      [2, 2],
      [16, 2],
      [32, 3],
      [null, 3],
    ],
    'but not one that is empty',
  )
})

t.test('native: a sum of many ranges is held at a resolution that bounds it', async t => {
  const sum = new NativeSum()
  let total = 0
  for (let n = 0; n < 200; n++) {
    sum.add(
      native({ schema: 8, positive: Array.from({ length: 160 }, (_, at) => [n * 160 + at, 1] as const) }),
    )
    total += 160
  }
  const buckets = sum.buckets(total)
  t.ok(buckets.length < 400, `${buckets.length} bounds`)
  for (const [upper, cumulative] of buckets.slice(0, -1)) {
    const exact = Math.min(total, Math.max(0, Math.round(Math.log2(upper!) * 256) + 1))
    if (cumulative !== exact) t.equal(cumulative, exact, `up to ${upper}`)
  }
  t.equal(totalOf(buckets), total)
})

t.test('several lists together have at each bound what they have there', async () => {
  const list = fc
    .uniqueArray(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(9)), { selector: ([bound]) => bound })
    .map((all): Buckets => {
      let sum = 0
      const rising = all
        .toSorted(([a], [b]) => a - b)
        .map(([bound, count]): Bucket => {
          sum += count
          return [bound, sum]
        })
      return [...rising, [null, sum + 3]]
    })
  const at = (buckets: Buckets, bound: number) =>
    buckets.filter(([upper]) => upper !== null && upper <= bound).at(-1)?.[1] ?? 0
  fc.assert(
    fc.property(fc.array(list), lists => {
      const sum = sumOf(lists)
      const bounds = new Set(lists.flat().map(([upper]) => upper))
      return (
        sum.length === bounds.size + (lists.length === 0 ? 1 : 0) &&
        totalOf(sum) === lists.reduce((all, one) => all + totalOf(one), 0) &&
        sum.every(
          ([upper, cumulative]) =>
            upper === null || cumulative === lists.reduce((all, one) => all + at(one, upper), 0),
        )
      )
    }),
  )
})
