/** Bucket indices against the specification's formula, reckoned in whole numbers of any size. */
import t from 'tap'
import { exponentialIndex } from '../../src/instruments/exponential.js'
import { MAX_SCHEMA, MIN_SCHEMA } from '../../src/memory/layout.js'
import { coarser } from '../../src/memory/native.js'
import { SEED } from '../support/arbitrary.js'

const number = new Float64Array(1)
const bits = new BigUint64Array(number.buffer)

/** m and e of a normal value = m * 2^e, m of 53 bits. */
function parts(value: number): [bigint, number] {
  number[0] = value
  return [(bits[0] & ((1n << 52n) - 1n)) | (1n << 52n), Number(bits[0] >> 52n) - 1075]
}

/** Whether value <= 2^(i / 2^schema), exactly: both sides raised to the power 2^schema. */
function within(value: number, i: number, schema: number): boolean {
  const [m, e] = parts(value)
  const count = 2 ** Math.max(schema, 0)
  const exponent = schema >= 0 ? i : i * 2 ** -schema
  // m^count * 2^(e count) <= 2^exponent
  const power = exponent - e * count
  return power >= 0 && m ** BigInt(count) <= 1n << BigInt(power)
}

function wrong(value: number, schema: number): string | undefined {
  const fine = exponentialIndex(schema)
  const index = coarser(fine.find(value), fine.schema - schema)
  if (within(value, index, schema) && !within(value, index - 1, schema)) return undefined
  return `${value} at schema ${schema}: ${index}`
}

function next(value: number, way: 1 | -1): number {
  number[0] = value
  bits[0] += BigInt(way)
  return number[0]
}

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

for (let schema = MIN_SCHEMA; schema <= MAX_SCHEMA; schema++) {
  t.test(`schema ${schema}`, async t => {
    const bad: string[] = []
    const check = (value: number) => {
      const why = wrong(value, schema)
      if (why !== undefined && bad.length < 10) bad.push(why)
    }
    const count = 2 ** Math.max(schema, 0)
    for (const exponent of [-127, -52, -1, 0, 1, 2, 15, 16, 17, 1023]) {
      // Every bound of an octave, and the Float64s around it; exact only where it is a power of two.
      for (let j = 0; j < count; j++) {
        const bound = 2 ** (j / count) * 2 ** exponent
        for (const value of [next(next(bound, -1), -1), next(bound, -1), bound, next(bound, 1)]) check(value)
      }
    }
    t.comment(`POSTMETER_SEED=${SEED}`)
    const draw = random(SEED + schema)
    for (let n = 0; n < 2_000; n++) check((1 + draw()) * 2 ** Math.floor(draw() * 1_150 - 127))
    check(Number.MAX_VALUE)
    check(next(2 ** -128, 1))
    t.strictSame(bad, [])
  })
}

t.test('a value on a bound belongs below it', async t => {
  for (let schema = MIN_SCHEMA; schema <= MAX_SCHEMA; schema++) {
    const fine = exponentialIndex(schema)
    const index = (value: number) => coarser(fine.find(value), fine.schema - schema)
    t.equal(index(1), 0)
    t.equal(index(next(1, 1)), 1)
    t.equal(index(2 ** 16), schema >= 0 ? 16 * 2 ** schema : 16 / 2 ** -schema)
    t.equal(index(next(2 ** 16, 1)), index(2 ** 16) + 1)
  }
})
