/** postmeter's public interface. Importing it starts nothing and reserves nothing. */
export type { Aggregate } from './catalogue/families.js'
export type { NativeValue } from './catalogue/native-fold.js'
export { createRegistry, getRegistry } from './create.js'
export type { Format } from './encode/types.js'
export {
  DEFAULT_BUCKETS,
  exponentialBuckets,
  linearBuckets,
} from './instruments/buckets.js'
export type { Counter, CounterChild } from './instruments/counter.js'
export type { Exemplar } from './instruments/exemplar.js'
export type { Gauge, GaugeChild } from './instruments/gauge.js'
export type { Histogram, HistogramChild } from './instruments/histogram.js'
export type { Info } from './instruments/info.js'
export type { Labels, LabelValue } from './instruments/metric.js'
export type { NativeOptions } from './instruments/native-histogram.js'
export type { Stateset, StatesetChild } from './instruments/stateset.js'
export type { Summary, SummaryChild } from './instruments/summary.js'
export type { Log, LogEvent } from './log.js'
export type { RegistryHandle } from './memory/handle.js'
export type {
  GaugeOptions,
  HistogramOptions,
  InfoOptions,
  MetricOptions,
  StatesetOptions,
  SummaryOptions,
} from './metric-options.js'
export { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from './metrics-handler.js'
export type { RegistryOptions } from './options.js'
export type { HistogramValue, Registry, SummaryValue } from './registry.js'
export { type Front, type ServeOptions, serve } from './serve.js'
export type { StreamOptions, TellOptions } from './tell.js'
