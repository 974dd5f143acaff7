import { Buckets } from './buckets.js'
import type { Exemplar } from './exemplar.js'
import { HistogramChild } from './histogram-child.js'
import { type Child, type Labels, Metric } from './metric.js'
import { NativeBuckets, NativeHistogramChild } from './native-histogram.js'

export { HistogramChild }

/** Counts values in buckets. Any thread may register it and record in it. */
export class Histogram<L extends string = never> extends Metric<L, HistogramChild> {
  #buckets: Buckets | undefined
  #native: NativeBuckets | undefined

  /** Upper bounds, ascending, without +Inf. */
  get buckets(): readonly number[] {
    return [...this.identity.bounds]
  }

  /** @internal */
  protected makeChild(key: string | readonly string[]): HistogramChild {
    const metric = this as unknown as Metric<string, Child>
    const { native } = this.identity
    if (native === undefined) return new HistogramChild(metric, key, this.#shared())
    this.#native ??= new NativeBuckets(this.context, native)
    return new NativeHistogramChild(metric, key, this.#shared(), this.#native)
  }

  #shared(): Buckets {
    this.#buckets ??= new Buckets(this.identity.bounds)
    return this.#buckets
  }

  /** Observes a value for the series without labels, or for the series of the given labels. */
  observe(value: number, exemplar?: Exemplar | null): void
  observe(labels: Labels<L>, value: number, exemplar?: Exemplar | null): void
  observe(first: number | Labels<L>, second?: number | Exemplar | null, third?: Exemplar | null): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).observe(second as number, third)
    } else this.only.observe(first, second as Exemplar)
  }

  /**
   * Starts a timer. Returns a function that observes the seconds since then, and returns them. Labels can be given at
   * either end.
   */
  startTimer(labels?: Partial<Labels<L>>): (more?: Partial<Labels<L>>) => number {
    return this.timed(labels, (child, seconds) => child.observe(seconds))
  }
}
