import type { Bucket, Buckets } from './buckets.js'
import type { MetricView } from './metric-view.js'

/** Buckets that are held, of both signs. Where there would be more, the sum goes on at half the resolution. */
const MOST_BUCKETS = 320

/** What a sum of them takes of memory at most. */
export const NATIVE_BYTES = 48 * MOST_BUCKETS

/** Buckets of one sign, by their index. */
type Counts = ReadonlyMap<number, number>

/**
 * Native histograms of several series, added up. Bucket i of schema s holds what is in (b^(i-1), b^i] with b = 2^(2^-s);
 * a coarser schema has each second bound. So all are added at the coarsest schema among them.
 * Source: Prometheus' specification 'Native Histograms'.
 */
export class NativeSum {
  #schema: number | undefined
  #threshold = 0
  #zero = 0
  #positive = new Map<number, number>()
  #negative = new Map<number, number>()

  add({ schema, zeroThreshold, zeroCount, positive, negative }: MetricView): void {
    this.#schema ??= schema
    if (schema < this.#schema) this.#coarsen(this.#schema - schema)
    const by = schema - this.#schema
    this.#threshold = Math.max(this.#threshold, zeroThreshold)
    this.#zero += zeroCount
    for (let n = 0; n < positive.length; n++)
      count(this.#positive, positive.indexes[n]!, positive.counts[n]!, by)
    for (let n = 0; n < negative.length; n++)
      count(this.#negative, negative.indexes[n]!, negative.counts[n]!, by)
    while (this.#positive.size + this.#negative.size > MOST_BUCKETS) this.#coarsen(1)
  }

  #coarsen(by: number): void {
    this.#positive = coarser(this.#positive, by)
    this.#negative = coarser(this.#negative, by)
    this.#schema! -= by
  }

  /** `total` is the count of all observations, NaN among them. */
  buckets(total: number): Buckets {
    const bound = boundsOf(this.#schema ?? 0)
    const positive = ascending(this.#positive)
    const negative = ascending(this.#negative)
    const { zero, threshold } = this.#widened(positive, negative, bound)
    const list: Bucket[] = []
    let top = Number.NEGATIVE_INFINITY
    let sum = 0
    const put = (upper: number) => {
      if (upper > top) list.push([upper, sum])
      // Near 0 and at the ends of the range, bounds fall on one number.
      else list[list.length - 1] = [top, sum]
      top = Math.max(top, upper)
    }
    const add = (lower: number, upper: number, observed: number) => {
      // Nothing is between the bound before and this bucket's lower one: that has to be said, or it would seem wider.
      if (lower > top && lower < upper) put(lower)
      sum += observed
      put(upper)
    }
    for (const [index, observed] of negative.reverse()) add(-bound(index), -bound(index - 1), observed)
    if (zero > 0) add(this.#negative.size > 0 ? -threshold : 0, threshold, zero)
    for (const [index, observed] of positive) {
      const lower = bound(index - 1)
      if (lower < Number.MAX_VALUE) add(lower, bound(index), observed)
      else sum += observed
    }
    list.push([null, Math.max(sum, total)])
    return list
  }

  /** The zero bucket of all: the widest, widened to the bounds of the buckets that it reaches into. */
  #widened(
    positive: [number, number][],
    negative: [number, number][],
    bound: (index: number) => number,
  ): { zero: number; threshold: number } {
    let threshold = this.#threshold
    let zero = this.#zero
    const isReached = ([first]: [number, number][]) => first !== undefined && bound(first[0] - 1) < threshold
    while (zero > 0) {
      const reached = [positive, negative].find(isReached)?.shift()
      if (reached === undefined) break
      const [index, observed] = reached
      zero += observed
      threshold = Math.max(threshold, bound(index))
    }
    return { zero, threshold }
  }
}

/** The upper bounds of buckets. That of the last finite ones is the greatest number, and what is above it is infinite. */
function boundsOf(schema: number): (index: number) => number {
  return index => Math.min(Number.MAX_VALUE, 2 ** (index * 2 ** -schema))
}

function ascending(counts: Counts): [index: number, observed: number][] {
  return [...counts].sort(([a], [b]) => a - b)
}

function coarser(counts: Counts, by: number): Map<number, number> {
  const merged = new Map<number, number>()
  for (const [index, observed] of counts) count(merged, index, observed, by)
  return merged
}

function count(counts: Map<number, number>, index: number, observed: number, by: number): void {
  const at = Math.ceil(index / 2 ** by)
  counts.set(at, (counts.get(at) ?? 0) + observed)
}
