/** prom-client's public interface over shared memory. Importing it starts nothing and reserves nothing. */

import type { Counter } from './prom-client/counter.js'
import { CLIENT_JS_COLLECTS, COLLECTS, registerDefaults } from './prom-client/defaults/collect.js'
import type { Gauge } from './prom-client/gauge.js'
import type { Histogram } from './prom-client/histogram.js'
import type { AnyRegistry } from './prom-client/metric.js'
import { globalRegistry, type Registry } from './prom-client/registry.js'
import type { Summary } from './prom-client/summary.js'
import {
  OPENMETRICS_CONTENT_TYPE,
  type OpenMetricsContentType,
  PROMETHEUS_CONTENT_TYPE,
  type PrometheusContentType,
  type RegistryContentType,
} from './prom-client/types.js'

export { aggregators } from './prom-client/aggregators.js'
export { exponentialBuckets, linearBuckets } from './prom-client/buckets.js'
export { AggregatorRegistry, ClusterRegistry } from './prom-client/cluster.js'
export { Counter, type CounterConfiguration, type IncreaseDataWithExemplar } from './prom-client/counter.js'
export { Gauge, type GaugeConfiguration } from './prom-client/gauge.js'
export {
  Histogram,
  type HistogramConfiguration,
  type ObserveDataWithExemplar,
} from './prom-client/histogram.js'
export { validateMetricName } from './prom-client/labels.js'
export type { MetricConfiguration } from './prom-client/metric.js'
export { Pushgateway } from './prom-client/pushgateway.js'
export { Registry } from './prom-client/registry.js'
export { Summary, type SummaryConfiguration } from './prom-client/summary.js'
export type {
  Aggregator,
  Charset,
  CollectFunction,
  Collector,
  LabelValues,
  MetricObject,
  MetricObjectWithValues,
  MetricType,
  MetricValue,
  MetricValueWithName,
  OpenMetricsContentType,
  OpenMetricsMIME,
  OpenMetricsVersion,
  PrometheusContentType,
  PrometheusMetricsVersion,
  PrometheusMIME,
  RegistryContentType,
  StandIn,
} from './prom-client/types.js'
export { WorkerRegistry } from './prom-client/worker-registry.js'

/** The registry that metrics are in unless they say otherwise: one for all threads of the process. */
export const register = globalRegistry as unknown as Registry

export const prometheusContentType: PrometheusContentType = PROMETHEUS_CONTENT_TYPE
export const openMetricsContentType: OpenMetricsContentType = OPENMETRICS_CONTENT_TYPE

/** Any of the four. */
export type Metric<T extends string = string> = Counter<T> | Gauge<T> | Histogram<T> | Summary<T>

export interface DefaultMetricsCollectorConfiguration<T extends RegistryContentType> {
  register?: Registry<T>
  prefix?: string
  gcDurationBuckets?: number[]
  eventLoopMonitoringPrecision?: number
  labels?: object
}

interface CollectDefaultMetrics {
  <T extends RegistryContentType>(config?: DefaultMetricsCollectorConfiguration<T>): void
  metricsList: string[]
}

export interface ClientJsMetricsConfiguration<T extends RegistryContentType>
  extends DefaultMetricsCollectorConfiguration<T> {
  /** How often the event loop's utilisation is looked at, ms; default 100. */
  eventLoopUtilizationTimeout?: number
  eventLoopUtilizationMaxAgeSeconds?: number
  eventLoopUtilizationAgeBuckets?: number
  eventLoopUtilizationPercentiles?: number[]
  eventLoopUtilizationBuckets?: number[]
}

interface CollectClientJsMetrics {
  <T extends RegistryContentType>(config?: ClientJsMetricsConfiguration<T>): void
  metricsList: string[]
}

/** Registers metrics of the process and of Node: `process_*` and `nodejs_*`. */
export const collectDefaultMetrics: CollectDefaultMetrics = Object.assign(
  (config?: { register?: AnyRegistry }) => registerDefaults(config),
  { metricsList: Object.keys(COLLECTS) },
)

/** As collectDefaultMetrics, with those that only client_js has: it is client_js' collectDefaultMetrics. */
export const collectClientJsMetrics: CollectClientJsMetrics = Object.assign(
  (config?: { register?: AnyRegistry }) => registerDefaults(config, CLIENT_JS_COLLECTS),
  { metricsList: Object.keys(CLIENT_JS_COLLECTS) },
)
