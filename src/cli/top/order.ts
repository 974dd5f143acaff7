/** In which order rows stand. */
import { type Figures, mainFigure } from './figures.js'

export const SORT_KEYS = ['name', 'type', 'series', 'value', 'rate', 'p50', 'p90', 'p99', 'main'] as const
export type SortKey = (typeof SORT_KEYS)[number]

export interface Order {
  readonly key: SortKey
  /** Of figures: the least first. Of texts: from Z. */
  readonly reversed: boolean
}

/** Figures from the greatest, texts from A; what has no such figure stands last in either direction. */
export function sorted(rows: readonly Figures[], { key, reversed }: Order): Figures[] {
  const sign = reversed ? -1 : 1
  if (key === 'name' || key === 'type')
    return rows.toSorted((a, b) => sign * (text(a[key], b[key]) || text(a.name, b.name)))
  const figure = (row: Figures) => (key === 'main' ? mainFigure(row) : row[key]) ?? Number.NaN
  return rows
    .map(row => ({ row, figure: figure(row) }))
    .sort((a, b) => {
      if (a.figure !== b.figure) {
        const unknown = Number(Number.isNaN(a.figure)) - Number(Number.isNaN(b.figure))
        const rest = unknown || sign * (b.figure - a.figure)
        if (rest) return rest
      }
      return text(a.row.name, b.row.name)
    })
    .map(({ row }) => row)
}

/** By code units: the same in every language, and fast. */
function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
