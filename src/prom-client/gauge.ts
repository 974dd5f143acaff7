import { type GaugeChild, Gauge as Native } from '../instruments/gauge.js'
import { notANumber } from './labels.js'
import { simpleLine, simpleSample } from './lines.js'
import { type Definition, Metric, type MetricConfiguration, STORE, secondsSince } from './metric.js'
import type { Row } from './rows.js'
import { ONLY } from './series-store.js'
import type { How } from './spelled.js'
import type { CollectFunction, LabelValues, MetricObjectWithValues, MetricValue, Sample } from './types.js'

export interface GaugeConfiguration<T extends string> extends MetricConfiguration<T> {
  collect?: CollectFunction<Gauge<T>>
}

type Labelled<T extends string> = LabelValues<T> | number | undefined

/** A value that goes up and down. Over threads, `aggregator` says how their values combine. */
export class Gauge<T extends string = string> extends Metric<
  T,
  GaugeChild,
  MetricObjectWithValues<MetricValue<T>>
> {
  constructor(configuration: GaugeConfiguration<T>) {
    super(configuration, {})
  }

  /** @internal */
  protected override define(): Definition<GaugeChild> {
    return {
      kind: 'gauge',
      bounds: [],
      make: ({ context }, identity, family) => new Native(context, identity, family),
    }
  }

  /** Sets the value: any number. @throws TypeError if it is none, Error if a label is not registered. */
  set(labels: LabelValues<T>, value: number): void
  set(value: number): void
  set(first?: Labelled<T> | null, value?: unknown): void {
    const labelled = typeof first === 'object' && first !== null
    const given = labelled ? value : first
    if (typeof given !== 'number') throw notANumber('Value', given)
    const child = labelled ? this[STORE].find(first) : (this[ONLY] ?? this[STORE].findOnly())
    child.set(given)
  }

  /** Adds to the value; 1 if nothing is given. @throws TypeError if it is no finite number. */
  inc(labels: LabelValues<T>, value?: number): void
  inc(value?: number): void
  inc(first?: Labelled<T> | null, value?: unknown): void {
    const labelled = typeof first === 'object' && first !== null
    const delta = moves(labelled ? value : first)
    const child = labelled ? this[STORE].find(first) : (this[ONLY] ?? this[STORE].findOnly())
    child.inc(delta)
  }

  /** Subtracts from the value; 1 if nothing is given. @throws TypeError if it is no finite number. */
  dec(labels: LabelValues<T>, value?: number): void
  dec(value?: number): void
  dec(first?: Labelled<T> | null, value?: unknown): void {
    const labelled = typeof first === 'object' && first !== null
    const delta = moves(labelled ? value : first)
    const child = labelled ? this[STORE].find(first) : (this[ONLY] ?? this[STORE].findOnly())
    child.dec(delta)
  }

  /** Sets the value to the time, in seconds since the epoch. */
  setToCurrentTime(labels?: LabelValues<T>): void {
    const now = Date.now() / 1000
    if (labels === undefined) this.set(now)
    else this.set(labels, now)
  }

  /** Starts a timer. Returns a function that sets the value to the seconds since then, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number {
    const start = process.hrtime()
    return endLabels => {
      const value = secondsSince(start)
      this.set({ ...labels, ...endLabels } as LabelValues<T>, value)
      return value
    }
  }

  /** A handle on one series, which is made by the first call of it. */
  labels(...values: string[]): Gauge.Internal<T>
  labels(labels: LabelValues<T>): Gauge.Internal<T>
  labels(...given: unknown[]): Gauge.Internal<T> {
    return this[STORE].handle(given, series => {
      series.check()
      const labels = series.labels as LabelValues<T>
      return {
        // What is refused makes no series: it is looked at first.
        inc: value => {
          const delta = moves(value)
          series.child.inc(delta)
        },
        dec: value => {
          const delta = moves(value)
          series.child.dec(delta)
        },
        set: value => {
          if (typeof value !== 'number') throw notANumber('Value', value)
          series.child.set(value)
        },
        setToCurrentTime: () => this.setToCurrentTime(labels),
        startTimer: () => this.startTimer(labels),
      }
    })
  }

  /** Back to zero: series with labels are gone. For all threads. */
  reset(): void {
    this[STORE].reset(true)
  }

  /** @internal */
  protected override samples(row: Row): Sample[] {
    return [simpleSample(this[STORE], row)]
  }

  /** @internal */
  protected override liner(name: string, how: How): (row: Row) => string {
    return simpleLine(this[STORE], name, how)
  }
}

export namespace Gauge {
  export interface Internal<T extends string> {
    inc(value?: number): void
    dec(value?: number): void
    set(value: number): void
    setToCurrentTime(): void
    startTimer(): (labels?: LabelValues<T>) => number
  }
}

function moves(value: unknown): number {
  if (value === undefined) return 1
  if (typeof value !== 'number' || value - value !== 0) throw notANumber('Delta', value)
  return value
}
