/** The metrics of a mail server, under kumod's names. Importing it starts nothing and registers nothing. */
export type {
  ReadyQueueBundle,
  ReadyQueueLabels,
  ScheduledQueueBundle,
  ScheduledQueueLabels,
} from './mta/bundles.js'
export type { CollectOptions } from './mta/collect.js'
export { mtaCatalogue } from './mta/families/catalogue.js'
export type { CounterSpec, GaugeSpec, HistogramSpec } from './mta/families/define.js'
export type { MtaInstruments } from './mta/instruments.js'
export { type MtaMetrics, type MtaOptions, mtaMetrics } from './mta/metrics.js'
export type { ThreadPool } from './mta/thread-pools.js'
