/**
 * HDR buckets of Float64s: each power of two is divided evenly, finely enough for so many significant digits. A bucket's
 * index is the exponent and the first bits of the mantissa, as they lie in memory.
 */

/** Quantiles below this range are exposed as 0, those above it as its upper end: 2^-30 (a nanosecond, in seconds) to 2^40. */
const LOWEST_EXPONENT = -30
const HIGHEST_EXPONENT = 40
const BIAS = 1023
/** Bits of the mantissa in a number's upper half. */
const HIGH_BITS = 20
export const MAX_DIGITS = 5

/** Before any bucket that a block can have. */
export const BELOW = -(2 ** 30)

const number = new Float64Array(1)
const halves = new Int32Array(number.buffer)

export class HdrBuckets {
  /** Each power of two has 2^bits buckets: as HdrHistogram has them for these digits. */
  readonly bits: number
  readonly #shift: number
  readonly #below: number
  /** The index of the last bucket. */
  readonly last: number

  constructor(significantDigits: number) {
    this.bits = Math.ceil(Math.log2(2 * 10 ** significantDigits)) - 1
    this.#shift = HIGH_BITS - this.bits
    this.#below = (LOWEST_EXPONENT + BIAS) * 2 ** this.bits
    this.last = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * 2 ** this.bits
  }

  /** The bucket of a finite value from 0 up; BELOW for less than the range has. */
  find(value: number): number {
    number[0] = value
    const index = (halves[1] >> this.#shift) - this.#below
    return index < 0 ? BELOW : index > this.last ? this.last : index
  }

  /** Its lower bound is (2^bits + step) * 2^(exponent - bits). */
  exponentOf(index: number): number {
    return ((index + this.#below) >> this.bits) - BIAS
  }

  stepOf(index: number): number {
    return (index + this.#below) & (2 ** this.bits - 1)
  }
}
