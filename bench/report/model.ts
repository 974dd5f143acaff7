/** What one suite found. */
export interface Report {
  readonly suite: string
  readonly what: string
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

/** A figure to reach, always a ratio or difference within one run. */
export interface Figure {
  readonly what: string
  readonly wanted: { readonly atMost: number } | { readonly atLeast: number }
  readonly unit: string
  readonly measured: number
}

export function reached(figure: Figure): boolean {
  return 'atMost' in figure.wanted
    ? figure.measured <= figure.wanted.atMost
    : figure.measured >= figure.wanted.atLeast
}

export function wantedOf({ wanted, unit }: Figure): string {
  return `${'atMost' in wanted ? `<= ${wanted.atMost}` : `>= ${wanted.atLeast}`}${unit}`
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
