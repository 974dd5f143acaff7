import { plainError } from '../common/errors.js'
import { type CounterChild, Counter as Native } from '../instruments/counter.js'
import { keepExemplar } from './exemplars.js'
import { notANumber } from './labels.js'
import { simpleLine, simpleSample } from './lines.js'
import { type Definition, Metric, type MetricConfiguration, STORE } from './metric.js'
import type { Row } from './rows.js'
import { ONLY } from './series-store.js'
import type { How } from './spelled.js'
import { baseOf } from './spelling.js'
import type { CollectFunction, LabelValues, MetricObjectWithValues, MetricValue, Sample } from './types.js'

export interface CounterConfiguration<T extends string> extends MetricConfiguration<T> {
  collect?: CollectFunction<Counter<T>>
}

export interface IncreaseDataWithExemplar<T extends string> {
  value?: number
  labels?: LabelValues<T>
  exemplarLabels?: LabelValues<T>
}

/** A count that only rises. */
export class Counter<T extends string = string> extends Metric<
  T,
  CounterChild,
  MetricObjectWithValues<MetricValue<T>>
> {
  constructor(configuration: CounterConfiguration<T>) {
    super(configuration, {})
    // Of its own, so that inc() of all others need not ask.
    if (this.enableExemplars)
      this.inc = data => this.#incWith(data as IncreaseDataWithExemplar<T> | undefined)
  }

  /** @internal */
  protected override define(): Definition<CounterChild> {
    return {
      kind: 'counter',
      bounds: [],
      make: ({ context }, identity, family) => new Native(context, identity, family),
    }
  }

  /**
   * Adds to the series without labels, or to that of the given ones; 1 if no value is given. With `enableExemplars` it
   * takes `{ labels, value, exemplarLabels }`.
   *
   * @throws TypeError if the value is no finite number, Error if it is negative or a label is not registered. A
   * RangeError for an exemplar that is too long comes after the value was counted.
   */
  inc(labels: LabelValues<T>, value?: number): void
  inc(value?: number): void
  inc(incData: IncreaseDataWithExemplar<T>): void
  inc(first?: unknown, value?: unknown): void {
    if (first === undefined || isAmount(first))
      (this[ONLY] ?? this[STORE].findOnly()).inc(first as number | undefined)
    else if (typeof first === 'object' && first !== null) this.#add(first, value)
    else this.#add({}, first)
  }

  #add(labels: object, value: unknown): void {
    const amount = value === undefined || value === null ? 1 : value
    if (!isAmount(amount)) this.#refuse(labels, amount)
    this[STORE].find(labels).inc(amount as number)
  }

  #refuse(labels: object, value: unknown): never {
    this[STORE].check(labels)
    if (typeof value === 'number' && value < 0 && value !== Number.NEGATIVE_INFINITY) {
      throw plainError('ERR_POSTMETER_VALUE', 'It is not possible to decrease a counter')
    }
    throw notANumber('Value', value)
  }

  #incWith({ labels = {}, value = 1, exemplarLabels }: IncreaseDataWithExemplar<T> = {}): void {
    const amount = value ?? 1
    this.#add(labels ?? {}, amount)
    if (exemplarLabels !== undefined) keepExemplar(this[STORE], labels ?? {}, 0, amount || 1, exemplarLabels)
  }

  /** A handle on one series, which is made by its first inc(). */
  labels(...values: string[]): Counter.Internal
  labels(labels: LabelValues<T>): Counter.Internal
  labels(...given: unknown[]): Counter.Internal {
    return this[STORE].handle(given, series => ({
      inc: (value: unknown = 1) => {
        const amount = value === null ? 1 : value
        if (!isAmount(amount)) this.#refuse(series.labels, amount)
        series.child.inc(amount as number)
      },
    }))
  }

  /** Back to zero: series with labels are gone. For all threads. */
  reset(): void {
    this[STORE].reset(true)
  }

  /** @internal */
  protected override exposedName({ openMetrics }: How): string {
    return openMetrics ? baseOf(this.name) : this.name
  }

  /** @internal */
  protected override samples(row: Row): Sample[] {
    return [simpleSample(this[STORE], row)]
  }

  /** @internal */
  protected override liner(name: string, how: How): (row: Row) => string {
    return simpleLine(this[STORE], how.openMetrics ? `${name}_total` : name, how)
  }
}

export namespace Counter {
  export interface Internal {
    inc(value?: number): void
  }
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
}
