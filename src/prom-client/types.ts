/** Types that prom-client exports, or names in those. */

export type Charset = 'utf-8'
export type PrometheusMIME = 'text/plain'
export type PrometheusMetricsVersion = '0.0.4'
export type OpenMetricsMIME = 'application/openmetrics-text'
export type OpenMetricsVersion = '1.0.0'
export type OpenMetricsContentType = `${OpenMetricsMIME}; version=${OpenMetricsVersion}; charset=${Charset}`
export type PrometheusContentType =
  `${PrometheusMIME}; version=${PrometheusMetricsVersion}; charset=${Charset}`
export type RegistryContentType = PrometheusContentType | OpenMetricsContentType

export const PROMETHEUS_CONTENT_TYPE: PrometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'
export const OPENMETRICS_CONTENT_TYPE: OpenMetricsContentType =
  'application/openmetrics-text; version=1.0.0; charset=utf-8'

export type Collector = () => void
export type Aggregator = 'omit' | 'sum' | 'first' | 'min' | 'max' | 'average'
/** As a number in types alone, as prom-client has it: at run time it is the type's name. */
export enum MetricType {
  Counter,
  Gauge,
  Histogram,
  Summary,
}

/**
 * For packages that stand in for another one, to add to: with `names: true` a metric's type is its name, as in
 * client_js' types.
 */
// biome-ignore lint/suspicious/noEmptyInterface: members are added to it by declaration
export interface StandIn {}
type TypeOfMetric = StandIn extends { names: true }
  ? 'counter' | 'gauge' | 'histogram' | 'summary'
  : MetricType

export type CollectFunction<T> = (this: T) => void | Promise<void>

export type LabelValues<T extends string> = Partial<Record<T, string | number>>

export interface MetricObject {
  name: string
  help: string
  type: TypeOfMetric
  aggregator: Aggregator
  // biome-ignore lint/suspicious/noExplicitAny: as prom-client declares it
  collect: CollectFunction<any>
}

export interface MetricValue<T extends string> {
  value: number
  labels: LabelValues<T>
}

export interface MetricValueWithName<T extends string> extends MetricValue<T> {
  metricName?: string
}

export interface MetricObjectWithValues<T extends MetricValue<string>> extends MetricObject {
  values: T[]
}

/** What a Registry takes: one of the four classes, or any object that tells its values. */
export interface AnyMetric {
  name?: string
  type?: unknown
  aggregator?: string
  get(): unknown
  reset?(): void
}

/** What a registry says of a metric that it lists; programs know of which class it is. */
export interface SingleMetric<T extends string> {
  readonly name: string
  readonly help: string
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>
  reset(): void
  remove(...values: string[]): void
  remove(labels: LabelValues<T>): void
}

/** The labels, value and time of one event. */
export interface Exemplar {
  labelSet: object
  value: number | null
  timestamp?: number
}

/** One line of what get() tells; histograms have their own labels apart, in `sharedLabels`, until they are joined. */
export interface Sample {
  value: unknown
  labels?: object
  sharedLabels?: object
  metricName?: string
  exemplar?: Exemplar | null
}

/** What get() tells of a metric. */
export interface Told {
  name: string
  help: string
  type: string
  values?: Sample[]
  aggregator?: string
  /** Which memory it is of, where others can tell of the same one. */
  memory?: string
}
