/** What is printed where there is no terminal to draw on. */
import { visible } from '../../common/visible.js'
import type { Exit } from '../source/exits.js'
import { cells as cellsTaken, clean, fit, fitRight } from './clean.js'
import type { Figures } from './figures.js'
import type { Looked } from './look/endpoint.js'
import { inUnit, perSecond } from './units.js'

const HEADS = ['name', 'type', 'series', 'value', 'rate', 'p50', 'p90', 'p99'] as const
const TEXTS = 2

/** The cells of a row, from its name to p99. */
export function cellsOf({ name, type, unit, ...row }: Figures): string[] {
  const quantile = (value: number | undefined) => (value === undefined ? '' : inUnit(value, unit))
  return [
    ...[name, type, String(row.series)],
    // What a histogram counts are observations, in no unit.
    inUnit(row.value, type === 'histogram' || type === 'summary' ? '' : unit),
    row.rate === undefined ? '' : perSecond(row.rate, type === 'counter' ? unit : ''),
    ...[quantile(row.p50), quantile(row.p90), quantile(row.p99)],
  ]
}

/** A table whose columns are as wide as they need to be. */
export function asText(rows: readonly Figures[]): string {
  const table = [HEADS, ...rows.map(cellsOf)].map(line => line.map(cell => clean(cell, false)))
  const widths = HEADS.map((_, n) =>
    table.reduce((widest, line) => Math.max(widest, cellsTaken(line[n]!)), 0),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, n) => (n < TEXTS ? fit(cell, widths[n]!) : fitRight(cell, widths[n]!))).join('  ')
  return table.map(cells => `${line(cells).trimEnd()}\n`).join('')
}

export interface Seen extends Looked {
  readonly source: string
  /** Lines of samples; lines that cannot be read. */
  readonly samples: number
  readonly bad: number
  /** The family whose parts the rows are. */
  readonly family: string | undefined
  readonly by: string | undefined
}

/** One line. Numbers that JSON has not are null. */
export function asJson(rows: readonly Figures[], { whole: _, ...seen }: Seen): string {
  return line({ ...seen, milliseconds: Math.round(seen.milliseconds), rows: rows.map(rowAsJson) })
}

function rowAsJson({ key: _, unit, ...row }: Figures) {
  return { ...row, unit: unit === '' ? undefined : unit }
}

export interface Failed {
  readonly kind: Exit
  readonly message: string
}

export function failureAsJson(source: string, { kind, message }: Failed): string {
  return line({ source, failure: { kind, message } })
}

function line(what: object): string {
  return `${visible(JSON.stringify(what))}\n`
}
