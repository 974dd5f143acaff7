import type { Row } from './account.js'
import type { Sample } from './stores.js'

/** The fleet-wide figures of one way to ask. */
export interface Total {
  readonly what: string
  readonly asked: string
  readonly value: number | undefined
  readonly least: number
  readonly most: number
}

export function rightTotal({ value, least, most }: Total): boolean {
  return value !== undefined && value >= least && value <= most
}

/** A line for each server, and the fleet's. */
export function table(rows: readonly Row[], totals: readonly Total[]): string {
  const figure = (seen: Sample | undefined) => number(seen?.value)
  const lines = rows.map(({ run, least, most, prometheus, victoria, right }) => [
    run.name,
    run.way,
    run.end,
    number(run.told.sent),
    range(least, most),
    figure(prometheus),
    figure(victoria),
    right ? 'yes' : 'NO',
  ])
  const heads = [
    'server',
    'metrics',
    'end',
    'clients sent',
    'to be seen',
    'Prometheus',
    'VictoriaMetrics',
    'so it is',
  ]
  const sums = totals.map(total => [
    total.what,
    range(total.least, total.most),
    number(total.value),
    rightTotal(total) ? 'yes' : 'NO',
    total.asked,
  ])
  return `${columns([heads, ...lines], [3, 4, 5, 6])}\n\n${columns([['the fleet', 'to be seen', 'answer', 'so it is', 'asked'], ...sums], [1, 2])}\n`
}

function range(least: number, most: number): string {
  return least === most ? number(least) : `${number(least)} to ${number(most)}`
}

function number(value: number | undefined): string {
  return value === undefined ? 'nothing' : value.toLocaleString('en')
}

/** Cells under each other; those of some columns end at the same place. */
function columns(lines: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map(line => line[at]!.length)))
  return lines
    .map(line =>
      line
        .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
