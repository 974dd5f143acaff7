/**
 * What a reader must find in an exposition of a model: reckoned from what was recorded, whatever the format spells.
 */
import { DEFAULT_BUCKETS } from '../../src/index.js'
import { expectedAt, expectedSchema } from './native.js'
import { type FamilyModel, type Model, openMetricsHasSum, type SeriesModel, step } from './oracle.js'

type Pairs = readonly (readonly [string, string])[]

export interface ExpectedExemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ExpectedHistogram {
  readonly count: number
  readonly sum: number
  /** Bound, cumulative count and exemplar, +Inf last. */
  readonly rows: readonly (readonly [number, number, ExpectedExemplar | undefined])[]
  readonly native?: ReturnType<typeof expectedAt>
}

export interface ExpectedSummary {
  readonly count: number
  readonly sum: number
  /** Quantile and the value that it is close to. */
  readonly rows: readonly (readonly [number, number])[]
}

export interface ExpectedSeries {
  readonly labels: Pairs
  readonly value?: number
  readonly exemplar?: ExpectedExemplar
  readonly histogram?: ExpectedHistogram
  readonly summary?: ExpectedSummary
}

export interface ExpectedFamily {
  readonly model: FamilyModel
  /** With the prefix. */
  readonly name: string
  readonly help: string
  readonly unit: string
  /** Whether its whole name can be a label too, as a stateset's has to be. */
  readonly isLabel: boolean
  readonly series: readonly ExpectedSeries[]
}

/** The label that distinguishes the states of a stateset: its whole name, as OpenMetrics has it, if that can be one. */
function stateLabel({ defaults }: Model, { name, labelNames }: FamilyModel, prefix: string): string {
  const whole = prefix + name
  const taken = labelNames.includes(whole) || Object.hasOwn(defaults, whole)
  return /^(?!__)[a-zA-Z_]\w*$/.test(whole) && !taken ? whole : name
}

export function expectedFamilies(model: Model, prefix: string): ExpectedFamily[] {
  return model.families.map(family => ({
    model: family,
    name: prefix + family.name,
    help: family.help.toWellFormed(),
    unit: family.unit ?? '',
    isLabel: stateLabel(model, family, prefix) === prefix + family.name,
    series: seriesOf(model, family, prefix),
  }))
}

function seriesOf(model: Model, family: FamilyModel, prefix: string): ExpectedSeries[] {
  const { kind, labelNames } = family
  // Without labels a series is there from the start.
  const from: SeriesModel[] = labelNames.length === 0 ? [{ labels: [], recorded: [] }] : []
  let all = family.series.length > 0 ? family.series : from
  if (kind === 'info') all = all.slice(-1)
  return all.flatMap((series): ExpectedSeries[] => {
    const defaults = Object.entries(model.defaults)
    const own = labelNames.map((name, n) => [name, series.labels[n].toWellFormed()] as const)
    const labels = [...defaults, ...own]
    if (kind === 'stateset') {
      return [...statesOf(family, series)].map(([state, on]) => ({
        labels: [...defaults, [stateLabel(model, family, prefix), state] as const, ...own],
        value: on ? 1 : 0,
      }))
    }
    return [{ labels, ...expectedOf(family, series) }]
  })
}

function statesOf({ states = [] }: FamilyModel, { recorded }: SeriesModel): Map<string, boolean> {
  const on = new Map(states.map(state => [state.toWellFormed(), false]))
  for (const number of recorded) {
    const { state, how } = step(states, number)
    if (how === 'become') for (const other of on.keys()) on.set(other, false)
    on.set(state.toWellFormed(), how !== 'off')
  }
  return on
}

function expectedOf(
  family: FamilyModel,
  { recorded, exemplars = [] }: SeriesModel,
): Omit<ExpectedSeries, 'labels'> {
  const { kind } = family
  const sum = recorded.reduce((all, value) => all + value, 0)
  const { native } = family
  const bounds = kind !== 'histogram' ? [] : (family.buckets ?? (native === undefined ? DEFAULT_BUCKETS : []))
  /** The first that is not below, or +Inf's. */
  const rowOf = (value: number) => {
    const row = bounds.findIndex(bound => value <= bound)
    return row === -1 ? bounds.length : row
  }
  const newest = (row: number) => {
    const n = recorded.findLastIndex((value, n) => exemplars[n] !== undefined && rowOf(value) === row)
    return n === -1 ? undefined : { labels: wellFormed(exemplars[n] ?? {}), value: recorded[n] + 0 }
  }
  if (kind === 'gauge') return { value: (recorded.at(-1) ?? 0) + 0 }
  if (kind === 'info') return { value: 1 }
  if (kind === 'counter') return { value: sum, exemplar: newest(0) }
  if (kind === 'summary') {
    const sorted = [...recorded].sort((a, b) => a - b)
    const nearest = (quantile: number) =>
      sorted[Math.max(Math.ceil(quantile * sorted.length - 1e-9), 1) - 1] ?? Number.NaN
    const rows = (family.quantiles ?? []).map(quantile => [quantile, nearest(quantile)] as const)
    return { summary: { count: recorded.length, sum, rows } }
  }
  const rows = [...bounds, Number.POSITIVE_INFINITY].map((bound, row) => {
    const below = recorded.filter(value => rowOf(value) <= row)
    return [bound, below.length, newest(row)] as const
  })
  return {
    histogram: {
      count: recorded.length,
      sum,
      rows,
      ...(native === undefined
        ? {}
        : { native: expectedAt(recorded, expectedSchema(recorded, native.schema, native.maxBuckets)) }),
    },
  }
}

/** An exemplar's labels as they are exposed: no half characters, and no NUL. */
function wellFormed(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, value.toWellFormed().replaceAll('\0', '\ufffd')]),
  )
}

/** A line of text or OpenMetrics. */
export interface Sample {
  readonly name: string
  readonly labels: Pairs
  /** A bound, or a quantile. */
  readonly at?: number
  readonly value: number
  /** Whether the value is only close to it, or a time. */
  readonly how: 'exact' | 'close' | 'time'
  readonly exemplar?: ExpectedExemplar
}

export interface ExpectedLines {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string
  readonly samples: readonly Sample[]
}

const PLAIN: Readonly<Record<string, string>> = { info: 'gauge', stateset: 'gauge' }

/** What a reader of protobuf makes of a family that is not native: it is named as in text. */
export function protobufLines({ model, name, help, series }: ExpectedFamily): ExpectedLines {
  const samples = series.flatMap(one => linesOf(name, one, true))
  return { name, type: PLAIN[model.kind] ?? model.kind, help, unit: '', samples }
}

/** Text has no exemplars. */
export function textLines(family: ExpectedFamily): ExpectedLines {
  const lines = protobufLines(family)
  return { ...lines, samples: lines.samples.map(one => ({ ...one, exemplar: undefined })) }
}

export function openMetricsLines(family: ExpectedFamily, created: boolean): ExpectedLines {
  const { model, name, help, unit, series } = family
  const { kind } = model
  const ends: Readonly<Record<string, string>> = { counter: '_total', info: '_info' }
  const end = ends[kind] ?? ''
  const base = name.endsWith(end) ? name.slice(0, name.length - end.length) : name
  const unknown = kind === 'counter' && base === name
  const born = created && (kind === 'histogram' || kind === 'summary' || (kind === 'counter' && !unknown))
  const samples = series.flatMap(one => {
    const { histogram, exemplar, ...rest } = one
    const exposed = unknown ? rest : one
    const sum = histogram === undefined || openMetricsHasSum(histogram.rows[0][0], histogram.sum)
    const birth = { name: `${base}_created`, labels: one.labels, value: 0, how: 'time' as const }
    return [...linesOf(name, exposed, sum), ...(born ? [birth] : [])]
  })
  const type = unknown ? 'unknown' : kind
  return { name: base, type: kind === 'stateset' && !family.isLabel ? 'gauge' : type, help, unit, samples }
}

function linesOf(name: string, series: ExpectedSeries, sums: boolean): Sample[] {
  const { labels, value, exemplar, histogram, summary } = series
  const exact = { labels, how: 'exact' as const }
  const totals = ({ count, sum }: { count: number; sum: number }) => [
    { ...exact, name: `${name}_sum`, value: sum },
    { ...exact, name: `${name}_count`, value: count },
  ]
  if (histogram !== undefined) {
    const rows = histogram.rows.map(([at, value, exemplar]) => ({
      ...exact,
      name: `${name}_bucket`,
      at,
      value,
      exemplar,
    }))
    return [...rows, ...(sums ? totals(histogram) : [])]
  }
  if (summary !== undefined) {
    const rows = summary.rows.map(([at, value]) => ({ labels, how: 'close' as const, name, at, value }))
    return [...rows, ...totals(summary)]
  }
  return [{ ...exact, name, value: value ?? Number.NaN, exemplar }]
}

/** Whether a quantile is what two significant digits make of the exact one. */
export function isClose(is: number, exact: number): boolean {
  if (Number.isNaN(exact)) return Number.isNaN(is)
  return exact < 2 ** -30 ? is === 0 : Math.abs(is - exact) <= exact / 100
}
