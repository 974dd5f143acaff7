/** Holds OTLP's metrics against what a model says. */
import { MAX_SCHEMA } from '../../../src/memory/layout.js'
import { differ, labelKey, pairUp, same, sameExemplar, sameTime } from '../../readers/compare.js'
import {
  type ExpectedExemplar,
  type ExpectedFamily,
  type ExpectedHistogram,
  type ExpectedSeries,
  isClose,
} from '../../support/expected.js'
import { indexOf } from '../../support/native.js'
import type {
  ExponentialPoint,
  HistogramPoint,
  Metric,
  NumberPoint,
  OtlpExemplar,
  SummaryPoint,
} from '../../support/push-schemas.js'
import type { Pushing } from './check-remote-write.js'

type AnyPoint = NumberPoint & HistogramPoint & ExponentialPoint & SummaryPoint

const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' }
const CUMULATIVE = 2

/** What a metric is in OTLP: kind of its data, temporality, and whether it only rises. */
function kindOf(metric: Metric) {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric
  const all = { gauge, sum, histogram, exponentialHistogram, summary }
  const [one, more] = Object.entries(all).filter(([, data]) => data !== undefined)
  if (one === undefined || more !== undefined) throw new Error(`${metric.name} has no data, or more than one`)
  const [kind, data] = one
  return {
    kind: [kind, data?.aggregationTemporality ?? 0, data?.isMonotonic ?? false].join(' '),
    points: data?.dataPoints as readonly AnyPoint[],
  }
}

function expectedKind({ model }: ExpectedFamily): string {
  if (model.kind === 'histogram') {
    return `${model.native === undefined ? 'histogram' : 'exponentialHistogram'} ${CUMULATIVE} false`
  }
  if (model.kind === 'summary' || model.kind === 'gauge') return `${model.kind} 0 false`
  return `sum ${CUMULATIVE} ${model.kind === 'counter'}`
}

export function attributesOf(of: readonly { key: string; value: { stringValue: string } }[]) {
  return of.map(({ key, value }) => [key, value.stringValue] as const)
}

export function nanoseconds(ms: number): string {
  return `${BigInt(ms) * 1_000_000n}`
}

/** Parts of a family in several spans as one. */
export function joinedMetrics(metrics: readonly Metric[]): Metric[] {
  const all = new Map<string, Metric>()
  for (const metric of metrics) {
    const had = all.get(metric.name)
    if (had === undefined) {
      all.set(metric.name, metric)
      continue
    }
    const { kind } = kindOf(metric)
    if (kindOf(had).kind !== kind) throw new Error(`${metric.name} changes its kind`)
    const key = kind.split(' ')[0] as 'sum'
    all.set(metric.name, {
      ...metric,
      [key]: { ...metric[key], dataPoints: [...had[key]!.dataPoints, ...metric[key]!.dataPoints] },
    })
  }
  return [...all.values()]
}

export function checkOtlp(
  metrics: readonly Metric[],
  expected: readonly ExpectedFamily[],
  pushing: Pushing,
): void {
  const families = expected.filter(({ series }) => series.length > 0)
  for (const [is, family, where] of pairUp(
    'metric',
    joinedMetrics(metrics),
    ({ name }) => name,
    families,
    ({ name }) => name,
  )) {
    same(`${where}, description`, is.description ?? '', family.help)
    same(`${where}, unit`, is.unit ?? '', UNITS[family.unit] ?? family.unit)
    const { kind, points } = kindOf(is)
    same(`${where}, kind`, kind, expectedKind(family))
    const rises = ['counter', 'histogram', 'summary'].includes(family.model.kind)
    for (const [point, series, place] of pairUp(
      where,
      points,
      ({ attributes }) => labelKey(attributesOf(attributes)),
      family.series,
      ({ labels }) => labelKey(labels),
    )) {
      same(`${place}, time`, point.timeUnixNano, nanoseconds(pushing.now))
      same(`${place}, flags`, point.flags ?? 0, 0)
      same(`${place}, start`, point.startTimeUnixNano !== undefined, rises)
      if (point.startTimeUnixNano !== undefined) {
        sameTime(
          `${place}, start`,
          Number(BigInt(point.startTimeUnixNano) / 1_000_000n) / 1000,
          pushing.recorded,
        )
      }
      comparePoint(point, series, place, pushing)
    }
  }
}

function comparePoint(is: AnyPoint, expected: ExpectedSeries, where: string, pushing: Pushing): void {
  const { histogram, summary } = expected
  if (summary !== undefined) {
    same(`${where}, count`, Number(is.count), summary.count)
    same(`${where}, sum`, is.sum, summary.sum + 0)
    const rows = [...is.quantileValues].sort((a, b) => a.quantile - b.quantile)
    const wanted = [...summary.rows].sort(([a], [b]) => a - b)
    same(`${where}, quantiles`, String(rows.map(row => row.quantile)), String(wanted.map(([at]) => at)))
    for (const [n, { value }] of rows.entries()) {
      if (!isClose(value, wanted[n]![1])) same(`${where}, quantile`, value, wanted[n]![1])
    }
    return
  }
  if (histogram === undefined) {
    same(where, is.asDouble, expected.value)
    sameExemplars(where, is.exemplars, [expected.exemplar], pushing)
    return
  }
  same(`${where}, sum`, is.sum, histogram.sum + 0)
  sameExemplars(
    where,
    is.exemplars,
    histogram.rows.map(([, , exemplar]) => exemplar),
    pushing,
  )
  if (histogram.native !== undefined) {
    compareExponential(is, histogram, where)
    return
  }
  same(`${where}, count`, Number(is.count), histogram.count)
  const bounds = histogram.rows.slice(0, -1).map(([bound]) => bound + 0)
  same(`${where}, bounds`, String(is.explicitBounds.map(bound => bound + 0)), String(bounds))
  const counts = histogram.rows.map(([, below], n) => below - (histogram.rows[n - 1]?.[1] ?? 0))
  same(`${where}, counts`, String(is.bucketCounts), String(counts))
}

function sameExemplars(
  where: string,
  found: readonly OtlpExemplar[],
  expected: readonly (ExpectedExemplar | undefined)[],
  pushing: Pushing,
): void {
  const wanted = expected.filter(one => one !== undefined)
  same(`${where}, exemplars`, found.length, wanted.length)
  for (const [n, is] of found.entries()) {
    if (is.traceId !== undefined || is.spanId !== undefined) differ(where, is, 'no ids')
    const time = Number(BigInt(is.timeUnixNano) / 1_000_000n) / 1000
    const one = { labels: attributesOf(is.filteredAttributes), value: is.asDouble, time }
    sameExemplar(where, one, wanted[n], pushing.recorded)
  }
}

/** There is no bucket for what is infinite: OTLP's bucket n is (base^n, base^(n+1)], so its index is one lower. */
function compareExponential(is: ExponentialPoint, { native, count }: ExpectedHistogram, where: string): void {
  if (native === undefined) throw new Error('not native')
  const { schema, zeroThreshold, zeroCount, positive, negative } = native
  const overflow = indexOf(Number.MAX_VALUE, Math.min(schema, MAX_SCHEMA)) + 1
  const finite = (side: readonly (readonly [number, number])[]) => side.filter(([index]) => index < overflow)
  const infinite = [...positive, ...negative]
    .filter(([index]) => index >= overflow)
    .reduce((all, [, count]) => all + count, 0)
  same(`${where}, count`, Number(is.count), count - infinite)
  same(`${where}, scale`, is.scale, schema)
  same(`${where}, zero threshold`, is.zeroThreshold, zeroThreshold)
  same(`${where}, zero count`, Number(is.zeroCount), zeroCount)
  same(`${where}, positive`, dense(is.positive), String(finite(positive).map(([at, n]) => [at - 1, n])))
  same(`${where}, negative`, dense(is.negative), String(finite(negative).map(([at, n]) => [at - 1, n])))
}

/** Index and count of those that are not empty. */
function dense(buckets: ExponentialPoint['positive']): string {
  const all = (buckets?.bucketCounts ?? []).map(
    (count, n) => [(buckets?.offset ?? 0) + n, Number(count)] as const,
  )
  return String(all.filter(([, count]) => count !== 0))
}
