/** postmeter's public interface. Importing it starts nothing and reserves nothing. */
export type { Aggregate } from './catalogue/families.js'
export { createRegistry, getRegistry } from './create.js'
export type { Format } from './encode/types.js'
export {
  DEFAULT_BUCKETS,
  exponentialBuckets,
  linearBuckets,
} from './instruments/buckets.js'
export type { Counter, CounterChild } from './instruments/counter.js'
export type { Gauge, GaugeChild } from './instruments/gauge.js'
export type { Histogram, HistogramChild } from './instruments/histogram.js'
export type { Labels, LabelValue } from './instruments/metric.js'
export type { Log, LogEvent } from './log.js'
export type { RegistryHandle } from './memory/handle.js'
export type { GaugeOptions, HistogramOptions, MetricOptions } from './metric-options.js'
export type { RegistryOptions } from './options.js'
export type { HistogramValue, Registry } from './registry.js'
export { type Front, type ServeOptions, serve } from './serve.js'
export type { StreamOptions, TellOptions } from './tell.js'
