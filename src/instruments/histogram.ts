import { Buckets } from './buckets.js'
import { badValue, Child, type Labels, Metric } from './metric.js'
import { startTimer } from './timer.js'

/**
 * One thread's handle on one histogram series. Call from the thread that looked it up.
 *
 * Its cells: one a bucket, +Inf's last, then the sum. The count is the sum of the buckets, so that the two can never
 * disagree in a scrape.
 */
export class HistogramChild extends Child {
  readonly buckets: Buckets

  constructor(metric: Metric<string, Child>, key: string | readonly string[], buckets: Buckets) {
    super(metric, key)
    this.buckets = buckets
  }

  /**
   * Counts a value into its bucket and adds it to the sum: about three times the cost of a counter.
   *
   * @param value finite, in the unit of the bounds.
   * @throws RangeError or TypeError naming the value.
   */
  observe(value: number): void {
    const at = this.at
    if (!(typeof value === 'number' && value - value === 0)) refuse(this, value)
    if (at === 0) {
      observeSlowly(this, value)
      return
    }
    const { buckets, cells } = this
    cells[at + buckets.find(value)] += 1
    cells[at + buckets.bounds.length + 1] += value
  }

  /** Returns a function that observes the seconds since, and returns them. */
  startTimer(): () => number {
    return startTimer(this.metric.context.elapsed, seconds => this.observe(seconds))
  }
}

function refuse(child: Child, value: unknown): never {
  throw badValue(child.metric.name, 'observe', value, 'a histogram takes finite numbers')
}

function observeSlowly(child: HistogramChild, value: number): void {
  if (child.metric.revive(child)) child.observe(value)
}

/** Values counted into buckets. Any thread may register it and record in it. */
export class Histogram<L extends string = never> extends Metric<L, HistogramChild> {
  #buckets: Buckets | undefined

  /** Upper bounds, ascending, without +Inf. */
  get buckets(): readonly number[] {
    return [...this.#shared().bounds]
  }

  /** @internal */
  protected makeChild(key: string | readonly string[]): HistogramChild {
    return new HistogramChild(this as unknown as Metric<string, Child>, key, this.#shared())
  }

  #shared(): Buckets {
    this.#buckets ??= new Buckets(this.identity.bounds)
    return this.#buckets
  }

  /** Observes for the series without labels, or for that of the labels given. */
  observe(value: number): void
  observe(labels: Labels<L>, value: number): void
  observe(first: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).observe(value as number)
    } else this.only.observe(first)
  }

  /** Returns a function that observes the seconds since, and returns them. Labels can be given at either end. */
  startTimer(labels?: Partial<Labels<L>>): (more?: Partial<Labels<L>>) => number {
    const { elapsed } = this.context
    const begin = elapsed()
    return more => {
      const seconds = elapsed() - begin
      const all = { ...labels, ...more } as Record<string, unknown>
      if (this.labelNames.length === 0) this.only.observe(seconds)
      else this.fromObject(all).observe(seconds)
      return seconds
    }
  }
}
