/** Options with which metrics are registered. */
import type { Aggregate, ExpireRule } from '../catalogue/families.js'
import type { Counter } from './counter.js'
import type { Gauge } from './gauge.js'
import type { NativeOptions } from './native-histogram.js'

export interface MetricOptions<N extends string> {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`; names with `postmeter_` are the library's own. */
  name: string
  help: string
  labelNames?: readonly N[]
  /**
   * The unit, exposed as UNIT in OpenMetrics. The name, without the `_total` of a counter, must end with `_` and the
   * unit.
   */
  unit?: string
  /** The most series; beyond it updates are dropped and counted. Default: as many as fit the memory. */
  maxSeries?: number
  /**
   * How long a series may be idle before it is freed: ms, or for example `'10m'`. A counter or histogram is idle while
   * it does not change, a gauge while it is zero; if threads set their shares, while each share is zero. A series
   * without labels is never freed. `'never'`: none is freed, whatever the registry's default is. Default: the
   * registry's.
   */
  expireAfter?: number | string
}

export interface CounterOptions<N extends string> extends MetricOptions<N> {
  /**
   * Called as a gauge's `collect` is, for counts that are read and not counted: `set()` takes the total. The counter is
   * also its `this`.
   */
  collect?: (this: Counter<N>, counter: Counter<N>) => void | Promise<void>
}

export interface GaugeOptions<N extends string> extends MetricOptions<N> {
  /**
   * How the values of the threads combine. `sum` (default): one thread can add and another subtract; the share of a
   * dead thread stays, also beside what the next thread sets. `livesum`, `min`, `max`: over living threads. `last`: one
   * value for all threads, which can only be set.
   */
  aggregate?: Aggregate
  /**
   * When the gauge is idle. `zero` (default): while it is zero. `untouched`: while no thread calls it, whatever its
   * value.
   */
  expire?: ExpireRule
  /**
   * Called in this thread, at registration and then every `collectEvery` ms, to set values that are read and not
   * counted. It is not called while an earlier call of it has not ended. The gauge is also its `this`. A scrape by a
   * front never waits for it. `metrics()`, `json()` and `stream()` call it and wait for one second at most. After that
   * they expose what was set before, which is logged once. If the callback itself calls them, they expose the present
   * values.
   *
   * A gauge has one callback in each thread, the latest. If the gauge is registered again with another callback, that
   * one replaces the one before, which is logged once. If each instance of something has values of its own, let one
   * callback go over all instances, and set a label for each.
   *
   * What it sets is exposed as it is set, series by series. For series that can go, let it set those that exist, and
   * let the others expire (`expire: 'untouched'`, `expireAfter` some times `collectEvery`). With `clear()` a scrape
   * would miss what is not yet set again.
   */
  collect?: (this: Gauge<N>, gauge: Gauge<N>) => void | Promise<void>
}

export interface HistogramOptions<N extends string> extends MetricOptions<N> {
  /** Upper bounds, ascending. Default: the same as prom-client's, from 5 ms to 10 s. */
  buckets?: readonly number[]
  /**
   * Counts in exponential buckets, too, as Prometheus' native histograms do. They are exposed only in protobuf. Other
   * formats expose `buckets`; if there are none, `+Inf`, the sum and the count. For each thread and series, a bucket
   * takes up to 16 bytes.
   */
  native?: NativeOptions
}

export interface SummaryOptions<N extends string> extends MetricOptions<N> {
  /** 0 to 1. Default 0.5, 0.9, 0.95 and 0.99. */
  quantiles?: readonly number[]
  /** Quantiles are over values that are not older than this: ms, or for example `'10m'`, which is the default. */
  maxAge?: number | string
  /**
   * The number of steps in which values grow old, 1 to 60; default 5. The window is between `maxAge` less one step and
   * `maxAge`.
   */
  ageBuckets?: number
  /**
   * Significant digits of the quantiles, 1 to 5; default 2. (If values differ by more than 2^43 with 2 digits, or 2^36
   * with 4, the small ones are less exact.) Each power of two that values are in takes 2^4, 2^7, 2^10, 2^14 or 2^17
   * buckets of 8 bytes, in each thread, series and age bucket that has such values.
   */
  significantDigits?: number
}

export interface InfoOptions<N extends string> {
  /** Ends with `_info`, which the name in OpenMetrics leaves out. */
  name: string
  help: string
  labelNames?: readonly N[]
}

export interface StatesetOptions<S extends string, N extends string> {
  /** Must be a label name, too: each series has a label of this name, whose value is its state. */
  name: string
  help: string
  states: readonly S[]
  labelNames?: readonly N[]
  /** The most series; each label set has one for each state. */
  maxSeries?: number
}
