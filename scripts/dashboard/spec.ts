/** What the dashboard's rows and panels are written in. */

export interface Query {
  readonly expr: string
  /** Of each series, with its labels in `{{…}}`. */
  readonly legend: string
}

export interface PanelSpec {
  readonly title: string
  /** What it shows, and what of it is worth a look. */
  readonly description: string
  /** Grafana's name of the unit. */
  readonly unit: string
  /** Default `lines`; `stack` for parts of a sum, `figure` for the last value alone. */
  readonly look?: 'lines' | 'stack' | 'figure'
  /** The most that the axis shows, where that is known. */
  readonly max?: number
  /** From here on a figure is yellow, and red. */
  readonly limits?: readonly [yellow: number, red: number]
  readonly queries: readonly Query[]
}

export interface RowSpec {
  readonly title: string
  readonly panels: readonly PanelSpec[]
}

/** What all queries select by. */
const SELECTED = 'job=~"$job", instance=~"$instance"'

/** Series of the jobs and instances that are selected, with more matchers. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{${SELECTED}${matchers === '' ? '' : `, ${matchers}`}}`
}

/** Leaves out the parts of a total: the service smtp_client has the sum of all smtp_client:SOURCE->SITE. */
export const TOTALS = 'service!~".+:.+"'
export const PARTS = 'service=~".+:.+"'
export const PROVIDERS = 'provider=~"$provider"'

/** A second of a counter, over the step that Grafana draws. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`
}

export function sum(expr: string, by = ''): string {
  return by === '' ? `sum(${expr})` : `sum by (${by}) (${expr})`
}

/**
 * The ten series that `by` is largest for over the whole time shown, since a plot of hundreds of lines shows nothing. It is
 * asked at the end of that time alone: topk() at each step has other series in each.
 */
export function top(expr: string, by: string): string {
  return `${expr} and topk(10, ${by})`
}

/** What `top` goes by: the average of a gauge, and the rate of a counter, over the whole time shown. */
export function averageOverAll(metric: string, matchers: string, by: string): string {
  return sum(`avg_over_time(${of(metric, matchers)}[$__range] @ end())`, by)
}

export function rateOverAll(metric: string, matchers: string, by: string): string {
  return sum(`rate(${of(metric, matchers)}[$__range] @ end())`, by)
}

export function quantile(q: number, histogram: string, by = ''): string {
  const labels = by === '' ? 'le' : `${by}, le`
  return `histogram_quantile(${q}, ${sum(rate(`${histogram}_bucket`), labels)})`
}

/** Quantiles of one histogram, a line each. */
export function quantiles(histogram: string, ...qs: readonly number[]): Query[] {
  return qs.map(q => ({ expr: quantile(q, histogram), legend: `p${100 * q}` }))
}

/**
 * The sum of rates of several counters, of those that there are: each series expires by itself when it is idle, and `a + b`
 * is nothing where one of them is missing. The label keeps apart what rate() leaves no name of.
 */
export function together(counters: readonly string[], matchers: string, by = ''): string {
  const parts = counters.map(name => `label_replace(${rate(name, matchers)}, "of", "${name}", "", "")`)
  return sum(parts.join(' or '), by)
}

/**
 * 0 as long as there is no series: some come with what they count, others expire when they are idle, and no data would look
 * like a fault.
 */
export function orZero(expr: string, label?: string): string {
  const zero = label === undefined ? 'vector(0)' : `label_replace(vector(0), "${label}", "none", "", "")`
  return `${expr} or on () ${zero}`
}
