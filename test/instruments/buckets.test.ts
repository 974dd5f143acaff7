import fc from 'fast-check'
import t from 'tap'
import { Buckets, checkBuckets } from '../../src/instruments/buckets.js'
import { SEED } from '../support/arbitrary.js'

/** As written in the format's definition: the first bound that is not below the value. */
function linear(bounds: readonly number[], value: number): number {
  const n = bounds.findIndex(bound => value <= bound)
  return n === -1 ? bounds.length : n
}

const number = new Float64Array(1)
const bits = new BigInt64Array(number.buffer)

/** The next Float64 above (1) or below (-1). */
function next(value: number, way: 1 | -1): number {
  if (value === 0) return way * 5e-324
  number[0] = value
  bits[0] += BigInt(value > 0 ? way : -way)
  return number[0]
}

function probes(bounds: readonly number[]): number[] {
  return [
    ...bounds.flatMap(bound => [next(bound, -1), bound, next(bound, 1)]),
    0,
    -0,
    5e-324,
    -5e-324,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ].filter(Number.isFinite)
}

function disagreements(bounds: readonly number[], values: readonly number[]): string[] {
  const buckets = new Buckets(bounds)
  return values
    .filter(value => buckets.find(value) !== linear(bounds, value))
    .map(
      value =>
        `${value} in ${JSON.stringify(bounds).slice(0, 200)}: ${buckets.find(value)}, not ${linear(bounds, value)}`,
    )
}

t.test('chosen bounds', async t => {
  const lists = [
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    [0],
    [-0],
    [1],
    [-1],
    [-3, -2, -1],
    [-1, 0, 1],
    [-1, -0, 5e-324],
    [5e-324, 1e-323],
    [-Number.MAX_VALUE, -1, 0, Number.MAX_VALUE],
    [5e-324, Number.MAX_VALUE],
    [1, next(1, 1), next(next(1, 1), 1)],
    [next(1, -1), 1],
    [2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2],
    Array.from({ length: 1_000 }, (_, n) => n - 500),
    Array.from({ length: 1_000 }, (_, n) => 1 + n * Number.EPSILON),
    Array.from({ length: 600 }, (_, n) => 2 ** (n - 300)),
  ]
  for (const bounds of lists) t.strictSame(disagreements(bounds, probes(bounds)), [])
})

t.test('random bounds against a linear search', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  const some = fc.oneof(
    finite,
    fc.integer({ min: -1_000, max: 1_000 }),
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.integer({ min: -1_074, max: 1_023 }).map(exponent => 2 ** exponent),
  )
  const bounds = fc
    .array(some, { minLength: 1, maxLength: 200 })
    .map(list => [...new Set(list.map(value => value + 0))].sort((a, b) => a - b))
  fc.assert(
    fc.property(bounds, fc.array(some, { maxLength: 50 }), (list, values) => {
      const wrong = disagreements(checkBuckets('m', list), [...probes(list), ...values])
      if (wrong.length > 0) throw new Error(wrong.slice(0, 5).join('\n'))
    }),
    { seed: SEED, numRuns: 1_500 },
  )
  t.pass('1,500 lists')
})
