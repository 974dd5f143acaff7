/**
 * Indices of exponential buckets. They are exact: a value on a boundary belongs to the bucket below it. Native
 * histograms specification, 'Schema'.
 */
import { MAX_SCHEMA } from '../memory/layout.js'

const number = new Float64Array(1)
const halves = new Int32Array(number.buffer)

/** Bits of the mantissa in the upper half of a Float64; above them is the exponent, with this bias. */
const HIGH_BITS = 20
const HIGH_MASK = 0xfffff
const BIAS = 1023
/**
 * Rows for each bound, as a power of two. Most rows have no bound in them, so the branch that compares with one is well
 * predicted.
 */
const ROWS_A_BOUND = 4
const MAX_ROW_BITS = 11

/**
 * For values from 1 to 2 at one schema. It has the upper bounds of the buckets, 2^(j/2^schema), each as the largest
 * Float64 that is not above it, in halves of its mantissa. A table gives the next bound for the first bits of a
 * mantissa.
 */
export class ExponentialIndex {
  /**
   * The schema of the indices: the one asked for, or 0 if that is negative; then the indices only have to be halved.
   */
  declare readonly schema: number
  // Declared without a value, as in Buckets, so that reads are checked less.
  declare private readonly rows: Uint16Array
  declare private readonly rowShift: number
  declare private readonly high: Int32Array
  declare private readonly low: Uint32Array

  constructor(schema: number) {
    this.schema = Math.max(schema, 0)
    const count = 2 ** this.schema
    const rowBits = Math.min(this.schema + ROWS_A_BOUND, MAX_ROW_BITS)
    this.rowShift = HIGH_BITS - rowBits
    this.high = new Int32Array(count + 1)
    this.low = new Uint32Array(count + 1)
    for (let j = 1; j < count; j++) {
      const mantissa = boundMantissa(j, this.schema)
      this.high[j] = Number(mantissa >> 32n)
      this.low[j] = Number(mantissa & 0xffff_ffffn)
    }
    // The last bound is 2, which is above all mantissas.
    this.high[count] = HIGH_MASK + 1
    this.rows = new Uint16Array(2 ** rowBits)
    let j = 0
    for (let row = 0; row < this.rows.length; row++) {
      const first = row << this.rowShift
      while (this.high[j] < first) j++
      this.rows[row] = j
    }
  }

  /** Index of the bucket of a positive, finite, normal value at `schema`. */
  find(value: number): number {
    number[0] = value
    const high = halves[1]
    const mantissa = high & HIGH_MASK
    let j = this.rows[mantissa >> this.rowShift]
    const bound = this.high[j]
    if (mantissa > bound || (mantissa === bound && halves[0] >>> 0 > this.low[j])) j++
    return (((high >> HIGH_BITS) - BIAS) << this.schema) + j
  }
}

const cache: (ExponentialIndex | undefined)[] = []

/** The tables of a schema, which each thread makes once. The finest take some milliseconds, and 6 KiB. */
export function exponentialIndex(schema: number): ExponentialIndex {
  const n = Math.max(schema, 0)
  cache[n] ??= new ExponentialIndex(n)
  return cache[n]
}

/** The 52 stored bits of the largest Float64 that is not above 2^(j/2^schema), for 0 < j < 2^schema <= 256. */
function boundMantissa(j: number, schema: number): bigint {
  const count = 2 ** schema
  if (schema > MAX_SCHEMA) throw new RangeError(`schema ${schema}`)
  // m^count <= 2^(52 count + j) < (m + 1)^count. The power of floats is a first guess, right to a unit or two.
  const limit = 1n << BigInt(52 * count + j)
  let m = BigInt(Math.round(2 ** (j / count) * 2 ** 52))
  while (m ** BigInt(count) > limit) m--
  while ((m + 1n) ** BigInt(count) <= limit) m++
  return m - (1n << 52n)
}
