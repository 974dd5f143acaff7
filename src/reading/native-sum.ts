import type { Bucket, Buckets } from './buckets.js'
import type { MetricView } from './metric-view.js'

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
    if (this.#schema === undefined) this.#schema = schema
    else if (schema < this.#schema) {
      this.#positive = coarser(this.#positive, this.#schema - schema)
      this.#negative = coarser(this.#negative, this.#schema - schema)
      this.#schema = schema
    }
    const by = schema - this.#schema
    this.#threshold = Math.max(this.#threshold, zeroThreshold)
    this.#zero += zeroCount
    for (let n = 0; n < positive.length; n++)
      count(this.#positive, positive.indexes[n]!, positive.counts[n]!, by)
    for (let n = 0; n < negative.length; n++)
      count(this.#negative, negative.indexes[n]!, negative.counts[n]!, by)
  }

  /** `total` is the count of all observations, NaN among them. */
  buckets(total: number): Buckets {
    const schema = this.#schema ?? 0
    const bound = (index: number) => 2 ** (index * 2 ** -schema)
    const list: Bucket[] = []
    let sum = 0
    const add = (lower: number, upper: number, observed: number) => {
      // Nothing is between the bound before and this bucket's lower one: that has to be said, or it would seem wider.
      const last = list.at(-1)?.[0]
      if (last === undefined || last === null || lower > last) list.push([lower, sum])
      sum += observed
      list.push([upper, sum])
    }
    for (const [index, observed] of [...this.#negative].sort(([a], [b]) => b - a))
      add(-bound(index), -bound(index - 1), observed)
    if (this.#zero > 0) add(this.#negative.size > 0 ? -this.#threshold : 0, this.#threshold, this.#zero)
    for (const [index, observed] of [...this.#positive].sort(([a], [b]) => a - b))
      add(bound(index - 1), bound(index), observed)
    list.push([null, Math.max(sum, total)])
    return list
  }
}

function coarser(counts: ReadonlyMap<number, number>, by: number): Map<number, number> {
  const merged = new Map<number, number>()
  for (const [index, observed] of counts) count(merged, index, observed, by)
  return merged
}

function count(counts: Map<number, number>, index: number, observed: number, by: number): void {
  const at = Math.ceil(index / 2 ** by)
  counts.set(at, (counts.get(at) ?? 0) + observed)
}
