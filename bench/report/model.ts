/** What one suite found. */
export interface Report {
  readonly suite: string
  readonly what: string
  /** Of suites that scrape a front: its transport, and of which release. */
  readonly served?: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
  readonly figures: readonly Figure[]
  /** What could not be measured here, or must be known to read the table. */
  readonly notes: readonly string[]
  /** What is better seen than read; `curves.ts` makes them. */
  readonly curves?: readonly Curve[]
  readonly bars?: readonly Bars[]
}

/** Lines over a common axis. Names that begin with a library's are drawn alike in all plots. */
export interface Curve {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly { readonly name: string; readonly points: readonly Point[] }[]
}

export interface Axis {
  readonly label: string
  /** A percentile's axis is that of HDR histograms: as far from 99 to 99.9 as from 90 to 99. */
  readonly scale: 'linear' | 'log' | 'percentile'
}

export type Point = readonly [x: number, y: number]

/** One number for each name, drawn from `from` on: from 1, on a logarithmic axis, where they are ratios. */
export interface Bars {
  readonly title: string
  readonly label: string
  readonly from: 0 | 1
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}

/** A figure of a run: one to reach, or one that is only shown. */
export type Figure = FigureToReach | FigureShown

/**
 * The same on a slow machine as on a fast one: a ratio to a reference in the same run, or an amount of bytes or counts.
 * The units leave no room for times and speeds, which are the machine's own.
 */
export interface FigureToReach {
  readonly what: string
  readonly wanted: { readonly atMost: number } | { readonly atLeast: number }
  readonly unit: ' x' | ' B' | ' MiB' | ' counts' | ' scrapes'
  readonly measured: number
}

/** What depends on the machine, and has no verdict. */
export interface FigureShown {
  readonly what: string
  readonly wanted?: undefined
  readonly unit: string
  readonly measured: number
}

/** Undefined for a figure that has no verdict. */
export function reached({ wanted, measured }: Figure): boolean | undefined {
  if (wanted === undefined) return undefined
  return 'atMost' in wanted ? measured <= wanted.atMost : measured >= wanted.atLeast
}

export function wantedOf({ wanted, unit }: Figure): string {
  if (wanted === undefined) return ''
  return `${'atMost' in wanted ? `at most ${wanted.atMost}` : `at least ${wanted.atLeast}`}${unit}`
}

export function cell(value: string | number): string {
  if (typeof value === 'string') return value
  if (Number.isNaN(value)) return '-'
  const digits = Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
