/** What metrics are made with. */
import type { Aggregate, ExpireRule } from './catalogue/families.js'
import type { Gauge } from './instruments/gauge.js'

export interface MetricOptions<N extends string> {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`; names with `postmeter_` are the library's own. */
  name: string
  help: string
  labelNames?: readonly N[]
  /** Series at most; beyond it updates are dropped and counted. Default: as many as memory holds. */
  maxSeries?: number
  /**
   * Series idle for so long go: ms, or for example `'10m'`. A counter or histogram is idle while it does not change,
   * a gauge while it is zero. A series without labels never goes. Default: the registry's.
   */
  expireAfter?: number | string
}

export interface GaugeOptions<N extends string> extends MetricOptions<N> {
  /**
   * How threads' values make one. `sum` (default): inc here, dec there; the dead's share stays. `livesum`, `min`,
   * `max`: over living threads. `last`: one value for all threads, which can only be set.
   */
  aggregate?: Aggregate
  /** `untouched`: idle is what no thread calls, whatever its value. Default `zero`. */
  expire?: ExpireRule
  /**
   * Called in this thread, at registration and every `collectEvery` ms, to set what is read rather than counted.
   * A scrape never waits for it.
   */
  collect?: (gauge: Gauge<N>) => void | Promise<void>
}

export interface HistogramOptions<N extends string> extends MetricOptions<N> {
  /** Upper bounds, ascending. Default: prom-client's, from 5 ms to 10 s. */
  buckets?: readonly number[]
}
