import types from 'node:util/types'
import { badOption } from '../common/errors.js'
import { MAX_BOUNDS } from '../memory/layout.js'

/** The same as prom-client's default buckets, which are made for request durations in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Upper bounds, ascending, without +Inf, which every histogram has. @throws TypeError naming the option, or the bound
 * that is wrong.
 */
export function checkBuckets(metric: string, buckets: unknown, option = 'buckets'): number[] {
  if (buckets === undefined) return [...DEFAULT_BUCKETS]
  if (!Array.isArray(buckets) && !types.isFloat64Array(buckets)) {
    throw badOption(option, buckets, `of metric "${metric}" is not a list of numbers`)
  }
  // Copies no more than may be valid; +Inf is one more.
  const bounds: unknown[] = [...buckets.slice(0, MAX_BOUNDS + 2)]
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) bounds.pop()
  if (bounds.length === 0) throw badOption(option, buckets, `of metric "${metric}" is empty`)
  if (bounds.length > MAX_BOUNDS) {
    throw badOption(option, buckets, `of metric "${metric}" has more than ${MAX_BOUNDS} bounds`)
  }
  bounds.forEach((bound, n) => {
    if (typeof bound !== 'number' || !Number.isFinite(bound)) {
      throw badOption(option, bound, `in metric "${metric}" is not a finite number`)
    }
    if (n > 0 && !((bounds[n - 1] as number) < bound)) {
      throw badOption(option, bound, `in metric "${metric}" is not above the bound before it`)
    }
  })
  return bounds as number[]
}

/** `count` bounds, `width` apart, beginning with `start`. */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkCount(count)
  checkFinite('start', start)
  checkFinite('width', width)
  if (!(width > 0)) throw badOption('width', width, 'is not above 0')
  return Array.from({ length: count }, (_, n) => start + n * width)
}

/** `count` bounds, each `factor` times the one before, beginning with `start`. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkCount(count)
  checkFinite('start', start)
  checkFinite('factor', factor)
  if (!(start > 0)) throw badOption('start', start, 'is not above 0')
  if (!(factor > 1)) throw badOption('factor', factor, 'is not above 1')
  return Array.from({ length: count }, (_, n) => start * factor ** n)
}

function checkFinite(option: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw badOption(option, value, 'is not a finite number')
}

function checkCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_BOUNDS)) {
    throw badOption('count', count, `is not a whole number from 1 to ${MAX_BOUNDS}`)
  }
}

const number = new Float64Array(1)
const halves = new Int32Array(number.buffer)

/** Rows of the largest table, of 8 KiB: it must stay in the first-level cache beside other hot data. */
const MAX_ROWS = 4_096
/** Bits of the upper half of a Float64 that even the finest table ignores. */
const FINEST = 8
/** The most bounds not above 0 for which a table is used: they are compared one by one. */
const MAX_SCANNED = 8

/**
 * Finds the bucket of a value. The exponent and the first bits of the mantissa choose a row of a table. The row has the
 * first bound that can be the right one. Mostly it is the right one; else the next bounds are tried.
 *
 * Values are spread over the buckets, so a branch that depends on a value is mispredicted, which costs half as much as
 * the rest. So the table is as fine as it may be, and values below its first row get a row by arithmetic, without a
 * branch.
 */
export class Buckets {
  // Declared without a value: V8 checks a field on each read if it is undefined before the constructor sets it.
  declare readonly bounds: Float64Array
  /** The bounds and +Inf, at which each search ends. */
  declare readonly upper: Float64Array
  /** For each row, the first bound that is not below all values of the row. */
  declare readonly table: Uint16Array
  declare readonly shift: number
  /** Row of the first bound, if row 0 were that of the number 0. */
  declare readonly base: number
  /**
   * The number of rows. A value of a later row is above all bounds. 0 if there is no table, and each value is searched
   * for.
   */
  declare readonly rows: number
  /** Number of a histogram's cells before its sum. */
  declare readonly cells: number

  constructor(bounds: readonly number[]) {
    this.bounds = Float64Array.from(bounds)
    this.upper = Float64Array.from([...bounds, Number.POSITIVE_INFINITY])
    this.cells = this.upper.length
    const first = bounds.findIndex(bound => bound > 0)
    const searched = first === -1 || first > MAX_SCANNED
    const low = bounds[first]
    const high = bounds[bounds.length - 1]
    const rows = (shift: number) => row(high, shift) - row(low, shift) + 1
    let shift = 20
    while (!searched && shift > FINEST && rows(shift - 1) <= MAX_ROWS) shift--
    // Without a table, all numbers are in row 0 or 1, which is not below `rows`, so each value is searched for.
    this.shift = searched ? 31 : shift
    this.base = searched ? -1 : row(low, shift)
    this.rows = searched ? 0 : rows(shift)
    this.table = new Uint16Array(this.rows)
    let n = first
    for (let at = 0; at < this.rows; at++) {
      while (row(bounds[n], shift) - this.base < at) n++
      this.table[at] = n
    }
    // Values that are not above 0 come to row 0, too.
    this.table[0] = 0
  }

  /** Index of the first bound that is not below the value, which is not NaN; the number of bounds if there is none. */
  find(value: number): number {
    number[0] = value
    let at = (halves[1] >> this.shift) - this.base
    if (at >= this.rows) return this.#search(value)
    // 0 if it is negative.
    at &= ~(at >> 31)
    const n = this.table[at]
    // The loop is in a function of its own: its checks are made only if a loop is needed.
    return value > this.upper[n] ? this.#after(value, n) : n
  }

  #after(value: number, n: number): number {
    do n++
    while (value > this.upper[n])
    return n
  }

  #search(value: number): number {
    if (this.rows > 0) return this.bounds.length
    let from = 0
    let to = this.bounds.length
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
  return halves[1] >> shift
}
