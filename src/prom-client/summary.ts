import type { AgeWindow } from '../catalogue/families.js'
import { badOption, outOfRange } from '../common/errors.js'
import { Summary as Native, type SummaryChild } from '../instruments/summary.js'
import { notANumber } from './labels.js'
import { type Definition, Metric, type MetricConfiguration, STORE, secondsSince } from './metric.js'
import { observing } from './observing.js'
import type { Row } from './rows.js'
import type { How } from './spelled.js'
import { summaryLines, summarySamples } from './summary-lines.js'
import type {
  CollectFunction,
  LabelValues,
  MetricObjectWithValues,
  MetricValueWithName,
  Sample,
} from './types.js'

export interface SummaryConfiguration<T extends string> extends MetricConfiguration<T> {
  percentiles?: number[]
  maxAgeSeconds?: number
  ageBuckets?: number
  pruneAgedBuckets?: boolean
  compressCount?: number
  collect?: CollectFunction<Summary<T>>
}

const DEFAULT_PERCENTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]
const MAX_AGES = 60
/** The longest and shortest age that a summary can have, ms. */
const LONGEST_AGE = 2 ** 31 - 1
const SHORTEST_AGE = 20
/** Of summaries whose values do not grow old: some months, in so many steps. */
const FOR_EVER: AgeWindow = { maxAge: 5 * LONGEST_AGE, ageBuckets: 5, significantDigits: 2 }

/** Quantiles of values, and their sum and count. */
export class Summary<T extends string = string> extends Metric<
  T,
  SummaryChild,
  MetricObjectWithValues<MetricValueWithName<T>>
> {
  declare percentiles: readonly number[]
  declare maxAgeSeconds?: number
  declare ageBuckets?: number
  declare pruneAgedBuckets?: boolean
  declare compressCount: number

  constructor(configuration: SummaryConfiguration<T>) {
    super(configuration, { percentiles: DEFAULT_PERCENTILES, compressCount: 1000 })
  }

  /** @internal */
  protected override define(): Definition<SummaryChild> {
    this.percentiles ??= DEFAULT_PERCENTILES
    return {
      kind: 'summary',
      bounds: checkPercentiles(this.name, this.percentiles),
      window: windowOf(this.maxAgeSeconds, this.ageBuckets),
      ownLabel: 'quantile',
      make: ({ context }, identity, family) => new Native(context, identity, family),
    }
  }

  /**
   * Observes a value, for the series without labels, or for that of the given ones.
   *
   * @throws TypeError if the value is no finite number from 0 up, Error if a label is not registered.
   */
  observe(value: number): void
  observe(labels: LabelValues<T>, value: number): void
  observe(first?: unknown, value?: unknown): void {
    if (typeof first === 'object' && first !== null && value !== undefined) this.#count(first, value)
    else if (value === undefined) this.#count({}, first)
    else this.#count({}, value)
  }

  #count(labels: object, value: unknown): void {
    const store = this[STORE]
    if (!isCountable(value)) {
      store.check(labels)
      throw notANumber('Value', value)
    }
    store.find(labels).observe(value)
  }

  /** Starts a timer. Returns a function that observes the seconds since then, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number {
    const start = process.hrtime()
    return endLabels => {
      const value = secondsSince(start)
      this.observe({ ...labels, ...endLabels } as LabelValues<T>, value)
      return value
    }
  }

  /** A handle on one series, which is made by the first value. */
  labels(...values: string[]): Summary.Internal<T>
  labels(labels: LabelValues<T>): Summary.Internal<T>
  labels(...given: unknown[]): Summary.Internal<T> {
    const startTimer = (labels: object) => this.startTimer(labels as LabelValues<T>)
    return observing(this[STORE], given, isCountable, startTimer)
  }

  /** Sets all series to zero. For all threads. */
  reset(): void {
    this[STORE].zero()
  }

  /** The order of its quantiles, and what is told where there are none, are prom-client's. @internal */
  override plain(): undefined {}

  /** @internal */
  protected override samples(row: Row): Sample[] {
    return summarySamples(this[STORE], this, row)
  }

  /** @internal */
  protected override liner(name: string, how: How): (row: Row) => string {
    return summaryLines(this[STORE], name, this, how)
  }
}

export namespace Summary {
  export interface Internal<T extends string> {
    observe(value: number): void
    startTimer(): (labels?: LabelValues<T>) => number
  }

  export interface Config {
    percentiles?: number[]
  }
}

function isCountable(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
}

/** Ascending, each once. */
function checkPercentiles(name: string, percentiles: unknown): number[] {
  if (!Array.isArray(percentiles))
    throw badOption('percentiles', percentiles, `of metric "${name}" is not a list of numbers`)
  for (const one of percentiles) {
    if (!(typeof one === 'number' && one >= 0 && one <= 1))
      throw outOfRange('percentiles', one, `of metric "${name}" is not from 0 to 1`)
  }
  return [...new Set<number>(percentiles.map(one => one + 0))].sort((a, b) => a - b)
}

/** Values grow old only where both are given. */
function windowOf(maxAgeSeconds: number | undefined, ageBuckets: number | undefined): AgeWindow {
  if (!maxAgeSeconds || !ageBuckets) return FOR_EVER
  const ages = Math.min(MAX_AGES, Math.max(1, Math.round(ageBuckets)))
  const age = Math.min(LONGEST_AGE, Math.max(SHORTEST_AGE, (maxAgeSeconds * 1000) / ages))
  return { maxAge: Math.round(age * ages), ageBuckets: ages, significantDigits: 2 }
}
