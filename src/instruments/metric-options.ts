/** What metrics are made with. */
import type { Aggregate, ExpireRule } from '../catalogue/families.js'
import type { Gauge } from './gauge.js'
import type { NativeOptions } from './native-histogram.js'

export interface MetricOptions<N extends string> {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`; names with `postmeter_` are the library's own. */
  name: string
  help: string
  labelNames?: readonly N[]
  /** What it is measured in, as OpenMetrics' UNIT: the name, less a counter's `_total`, has to end with `_` and it. */
  unit?: string
  /** Series at most; beyond it updates are dropped and counted. Default: as many as memory holds. */
  maxSeries?: number
  /**
   * Series idle for so long go: ms, or for example `'10m'`. A counter or histogram is idle while it does not change,
   * a gauge while it is zero (and, where threads set their shares, each of these). A series without labels never goes.
   * `'never'`: none goes, whatever the registry's default is. Default: the registry's.
   */
  expireAfter?: number | string
}

export interface GaugeOptions<N extends string> extends MetricOptions<N> {
  /**
   * How threads' values make one. `sum` (default): inc here, dec there; the dead's share stays, also beside what the
   * next thread sets. `livesum`, `min`, `max`: over living threads. `last`: one value for all threads, which can only be set.
   */
  aggregate?: Aggregate
  /** `untouched`: idle is what no thread calls, whatever its value. Default `zero`. */
  expire?: ExpireRule
  /**
   * Called in this thread, at registration and every `collectEvery` ms, to set what is read rather than counted; not
   * while an earlier call of it has not ended. The gauge is also its `this`. A front's scrape never waits for it;
   * `metrics()`, `json()` and `stream()` call it and wait one second at most, then tell what was set before, which is
   * said once through `log`. Called by it, they tell what there is.
   *
   * A gauge has one in each thread, the latest: who registers the gauge again, with another, puts it in the place of the
   * one before, which is said once through `log`. Where each instance of something has values of its own, let one
   * callback go over all instances, and set a label for each.
   *
   * What it sets is told as it is set, series by series. For series that can go, have it set those that are there, and
   * let the others expire (`expire: 'untouched'`, `expireAfter` some times `collectEvery`): after `clear()` a scrape
   * would miss what is not set again yet.
   */
  collect?: (this: Gauge<N>, gauge: Gauge<N>) => void | Promise<void>
}

export interface HistogramOptions<N extends string> extends MetricOptions<N> {
  /** Upper bounds, ascending. Default: prom-client's, from 5 ms to 10 s. */
  buckets?: readonly number[]
  /**
   * Counts into exponential buckets too, as Prometheus' native histograms have them: told in protobuf alone. Other
   * formats tell `buckets`; without any, `+Inf`, the sum and the count. Each thread and series takes up to 16 bytes a
   * bucket.
   */
  native?: NativeOptions
}

export interface SummaryOptions<N extends string> extends MetricOptions<N> {
  /** 0 to 1. Default 0.5, 0.9, 0.95 and 0.99. */
  quantiles?: readonly number[]
  /** Quantiles are of values no older: ms, or for example `'10m'`, which is the default. */
  maxAge?: number | string
  /** Steps in which they grow old, 1 to 60; default 5. The window is from `maxAge` less one of them to `maxAge`. */
  ageBuckets?: number
  /**
   * How exact quantiles are, 1 to 5; default 2. (Where values differ by more than 2^43 with 2 digits, 2^36 with 4, the
   * small ones are told less exactly beside the large.) A power of two of values takes 2^4, 2^7, 2^10, 2^14 or 2^17 buckets of
   * 8 bytes, in each thread, series and age bucket that sees any.
   */
  significantDigits?: number
}

export interface InfoOptions<N extends string> {
  /** Ends with `_info`, which OpenMetrics' name for it leaves out. */
  name: string
  help: string
  labelNames?: readonly N[]
}

export interface StatesetOptions<S extends string, N extends string> {
  /** A label name too: each series has a label of this name, with its state. */
  name: string
  help: string
  states: readonly S[]
  labelNames?: readonly N[]
  /** Series at most, of which a label set has one for each state. */
  maxSeries?: number
}
