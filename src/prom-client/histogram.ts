import { badOption } from '../common/errors.js'
import { DEFAULT_BUCKETS } from '../instruments/buckets.js'
import { type HistogramChild, Histogram as Native } from '../instruments/histogram.js'
import { MAX_BOUNDS } from '../memory/layout.js'
import { keepExemplar } from './exemplars.js'
import { histogramLines, histogramSamples } from './histogram-lines.js'
import { notANumber } from './labels.js'
import { type Definition, Metric, type MetricConfiguration, STORE, secondsSince } from './metric.js'
import { observing } from './observing.js'
import type { Row } from './rows.js'
import { ONLY } from './series-store.js'
import type { How } from './spelled.js'
import type {
  CollectFunction,
  LabelValues,
  MetricObjectWithValues,
  MetricValueWithName,
  Sample,
} from './types.js'

export interface HistogramConfiguration<T extends string> extends MetricConfiguration<T> {
  buckets?: number[]
  collect?: CollectFunction<Histogram<T>>
}

export interface ObserveDataWithExemplar<T extends string> {
  value: number
  labels?: LabelValues<T>
  exemplarLabels?: LabelValues<T>
}

/** Counts values in buckets. */
export class Histogram<T extends string = string> extends Metric<
  T,
  HistogramChild,
  MetricObjectWithValues<MetricValueWithName<T>>
> {
  /** Upper bounds, ascending. */
  declare buckets: readonly number[]
  declare upperBounds: readonly number[]

  constructor(configuration: HistogramConfiguration<T>) {
    super(configuration, { buckets: [...DEFAULT_BUCKETS] })
    this.upperBounds = this.buckets
    // Of its own, so that observe() of all others need not ask.
    if (this.enableExemplars)
      this.observe = (data: unknown) => this.#observeWith(data as ObserveDataWithExemplar<T> | undefined)
  }

  /** @internal */
  protected override define(): Definition<HistogramChild> {
    this.buckets ??= [...DEFAULT_BUCKETS]
    return {
      kind: 'histogram',
      bounds: checkBounds(this.name, this.buckets),
      ownLabel: 'le',
      make: ({ context }, identity, family) => new Native(context, identity, family),
    }
  }

  /**
   * Counts a value, for the series without labels, or for that of the given ones. With `enableExemplars` it takes
   * `{ labels, value, exemplarLabels }`.
   *
   * @throws TypeError if the value is no finite number, Error if a label is not registered. A RangeError for an exemplar
   * that is too long comes after the value was counted.
   */
  observe(value: number): void
  observe(labels: LabelValues<T>, value: number): void
  observe(observeData: ObserveDataWithExemplar<T>): void
  observe(first?: unknown, value?: unknown): void {
    if (isCountable(first)) (this[ONLY] ?? this[STORE].findOnly()).observe(first)
    else if (typeof first === 'object' && first !== null) this.#count(first, value)
    // null and the empty text stand for no labels; all else is a value.
    else this.#count({}, first === null || first === '' || first === false ? value : first)
  }

  #count(labels: object, value: unknown): void {
    if (isCountable(value)) this[STORE].find(labels).observe(value)
    else this.#refuse(labels, value)
  }

  #refuse(labels: object, value: unknown): never {
    this[STORE].check(labels)
    throw notANumber('Value', value)
  }

  #observeWith({ labels, value, exemplarLabels = {} }: Partial<ObserveDataWithExemplar<T>> = {}): void {
    const given = labels ?? {}
    this.#count(given, value)
    if (Object.keys(exemplarLabels).length === 0) return
    const child = this[STORE].find(given)
    keepExemplar(this[STORE], given, child.buckets.find(value as number), value as number, exemplarLabels)
  }

  /** Makes a series, or sets the one that there is to zero. */
  zero(labels: LabelValues<T>): void {
    this[STORE].zeroOne(labels)
  }

  /** Starts a timer. Returns a function that observes the seconds since then, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number
  startTimer(
    labels?: LabelValues<T>,
    exemplarLabels?: LabelValues<T>,
  ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<T>) => number
  startTimer(
    labels?: LabelValues<T>,
    exemplarLabels?: LabelValues<T>,
  ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<T>) => number {
    const start = process.hrtime()
    return (endLabels, endExemplarLabels) => {
      const value = secondsSince(start)
      const all = { ...labels, ...endLabels } as LabelValues<T>
      if (this.enableExemplars) {
        const exemplar = { ...exemplarLabels, ...endExemplarLabels } as LabelValues<T>
        this.observe({ labels: all, value, exemplarLabels: exemplar })
      } else this.observe(all, value)
      return value
    }
  }

  /** A handle on one series, which is made by the first value. */
  labels(...values: string[]): Histogram.Internal<T>
  labels(labels: LabelValues<T>): Histogram.Internal<T>
  labels(...given: unknown[]): Histogram.Internal<T> {
    const startTimer = (labels: object) => this.startTimer(labels as LabelValues<T>)
    return observing(this[STORE], given, isCountable, startTimer)
  }

  /** Takes all series away; the one without labels comes back with the next value. For all threads. */
  reset(): void {
    this[STORE].reset(false)
  }

  /** @internal */
  protected override samples(row: Row): Sample[] {
    return histogramSamples(this[STORE], this.name, this.enableExemplars, row)
  }

  /** @internal */
  protected override liner(name: string, how: How): (row: Row) => string {
    return histogramLines(this[STORE], name, how)
  }
}

export namespace Histogram {
  export interface Internal<T extends string> {
    observe(value: number): void
    startTimer(): (labels?: LabelValues<T>) => void
  }

  export interface Config {
    buckets?: number[]
  }
}

function isCountable(value: unknown): value is number {
  return typeof value === 'number' && value - value === 0
}

/** Without +Inf, which every histogram has. @throws TypeError naming a bound that would break a scrape. */
function checkBounds(name: string, buckets: unknown): number[] {
  if (!Array.isArray(buckets))
    throw badOption('buckets', buckets, `of metric "${name}" is not a list of numbers`)
  const bounds = buckets.at(-1) === Number.POSITIVE_INFINITY ? buckets.slice(0, -1) : [...buckets]
  if (bounds.length > MAX_BOUNDS)
    throw badOption('buckets', buckets, `of metric "${name}" has more than ${MAX_BOUNDS} bounds`)
  bounds.forEach((bound, n) => {
    if (!isCountable(bound)) throw badOption('buckets', bound, `in metric "${name}" is not a finite number`)
    if (n > 0 && bound <= bounds[n - 1])
      throw badOption('buckets', bound, `in metric "${name}" is not above the bound before it`)
  })
  return bounds
}
