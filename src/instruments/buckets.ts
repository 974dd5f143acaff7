import { badOption } from '../errors.js'
import { MAX_BOUNDS } from '../memory/layout.js'

/** As prom-client's: made for request durations in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Upper bounds, ascending, without +Inf, which every histogram has. */
export function checkBuckets(metric: string, buckets: unknown): number[] {
  if (buckets === undefined) return [...DEFAULT_BUCKETS]
  if (!Array.isArray(buckets) && !(buckets instanceof Float64Array)) {
    throw badOption('buckets', buckets, `of metric "${metric}" is not a list of numbers`)
  }
  const bounds = [...(buckets as ArrayLike<unknown> & Iterable<unknown>)]
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) bounds.pop()
  if (bounds.length === 0) throw badOption('buckets', buckets, `of metric "${metric}" is empty`)
  if (bounds.length > MAX_BOUNDS) {
    throw badOption('buckets', buckets, `of metric "${metric}" has more than ${MAX_BOUNDS} bounds`)
  }
  bounds.forEach((bound, n) => {
    if (typeof bound !== 'number' || !Number.isFinite(bound)) {
      throw badOption('buckets', bound, `in metric "${metric}" is not a finite number`)
    }
    if (n > 0 && !((bounds[n - 1] as number) < bound)) {
      throw badOption('buckets', bound, `in metric "${metric}" is not above the bound before it`)
    }
  })
  return bounds as number[]
}

/** `count` bounds, `width` apart, the first `start`. */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkCount(count)
  if (!(width > 0)) throw badOption('width', width, 'is not above 0')
  return Array.from({ length: count }, (_, n) => start + n * width)
}

/** `count` bounds, each `factor` times the one before, the first `start`. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkCount(count)
  if (!(start > 0)) throw badOption('start', start, 'is not above 0')
  if (!(factor > 1)) throw badOption('factor', factor, 'is not above 1')
  return Array.from({ length: count }, (_, n) => start * factor ** n)
}

function checkCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_BOUNDS)) {
    throw badOption('count', count, `is not a whole number from 1 to ${MAX_BOUNDS}`)
  }
}

const number = new Float64Array(1)
const halves = new Uint32Array(number.buffer)

/** 8 KiB: beside what else is hot, it must stay in the first-level cache. */
const MAX_ROWS = 4_096
/** Bits of a Float64's upper half that the finest table leaves out. */
const FINEST = 8

/**
 * Finds the bucket of a value: the sign, exponent and first bits of the mantissa choose a row of a table, which tells
 * the first bound that can hold it. Mostly that is the one; neighbours are tried after it.
 */
export class Buckets {
  readonly bounds: Float64Array
  /** Index of the first bound above 0: the table is for values from there on. */
  readonly #firstPositive: number
  readonly low: number
  readonly high: number
  table: Uint16Array
  shift: number
  base: number

  constructor(bounds: readonly number[]) {
    this.bounds = Float64Array.from(bounds)
    const first = bounds.findIndex(bound => bound > 0)
    this.#firstPositive = first === -1 ? bounds.length : first
    this.low = first === -1 ? Number.POSITIVE_INFINITY : bounds[first]
    this.high = bounds[bounds.length - 1]
    this.shift = 20
    this.base = 0
    this.table = new Uint16Array(1)
    if (first === -1) return
    // As fine as the table may be: the fewer rows have a bound in them, the better the branch after it is predicted.
    while (this.shift > FINEST && this.#rows(this.shift - 1) <= MAX_ROWS) this.shift--
    this.base = row(this.low, this.shift)
    this.table = new Uint16Array(this.#rows(this.shift))
    let n = first
    for (let at = 0; at < this.table.length; at++) {
      while (row(bounds[n], this.shift) - this.base < at) n++
      this.table[at] = n
    }
  }

  #rows(shift: number): number {
    return row(this.high, shift) - row(this.low, shift) + 1
  }

  /** Index of the first bound that is not below the value; the number of bounds where there is none. */
  find(value: number): number {
    if (value > this.high) return this.bounds.length
    if (value <= this.low) return this.#firstPositive === 0 ? 0 : this.#search(value)
    number[0] = value
    let n = this.table[(halves[1] >>> this.shift) - this.base]
    while (value > this.bounds[n]) n++
    return n
  }

  /** Among the bounds up to the first one above 0. */
  #search(value: number): number {
    let from = 0
    let to = Math.min(this.#firstPositive, this.bounds.length - 1)
    while (from < to) {
      const middle = (from + to) >>> 1
      if (value <= this.bounds[middle]) to = middle
      else from = middle + 1
    }
    return from
  }
}

function row(value: number, shift: number): number {
  number[0] = value
  return halves[1] >>> shift
}
