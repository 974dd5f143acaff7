/** postmeter's public interface. Importing it starts nothing and reserves nothing. */
export type { Aggregate } from './catalogue/families.js'
export type { ErrorCode } from './common/errors.js'
export type { Log, LogEvent } from './common/log.js'
export { collectDefaults } from './defaults/collect-defaults.js'
export type { DefaultsOptions } from './defaults/options.js'
export type { ExposeOptions, StreamOptions } from './exposition/options.js'
export type { Format } from './exposition/types.js'
export type { NativeValue } from './folds/native-fold.js'
export { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from './front/metrics-handler.js'
export { type Front, type ServeOptions, serve } from './front/serve.js'
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
export type {
  CounterOptions,
  GaugeOptions,
  HistogramOptions,
  InfoOptions,
  MetricOptions,
  StatesetOptions,
  SummaryOptions,
} from './instruments/metric-options.js'
export type { NativeOptions } from './instruments/native-histogram.js'
export type { Stateset, StatesetChild } from './instruments/stateset.js'
export type { Summary, SummaryChild } from './instruments/summary.js'
export type { RegistryHandle } from './memory/handle.js'
export { type Push, type PushOptions, push } from './push/push.js'
export { createRegistry, getRegistry } from './registry/create.js'
export type { FileOptions, RegistryOptions } from './registry/options.js'
export type { HistogramValue, SummaryValue } from './registry/reading.js'
export type { Registry } from './registry/registry.js'
