/** From what was measured of a view's panels to the lines of its picture and the rows of its table. Pure. */
import { visible } from '../../common/visible.js'
import type { Figures } from './figures.js'
import type { Measured } from './measure.js'
import { count, format, type Unit } from './units.js'
import type { Part, View } from './views.js'

export interface Line {
  /** The same from answer to answer. */
  readonly key: string
  readonly name: string
  readonly value: number | null
  /** Drawn to a scale of its own, at the right. */
  readonly isRate?: boolean
  /** What the table says of it, in the order of its columns. */
  readonly cells: readonly string[]
}

export interface Shown {
  readonly lines: readonly Line[]
  /** Heads of the columns behind the name. */
  readonly columns: readonly string[]
  /** Whether the scale at the left is of events a second. */
  readonly perSecond: boolean
}

/** The key of the line of all that are not named. */
export const OTHERS = 'others'

/** Panels of the parts that were answered, in the order of the parts. */
export type Answered = readonly (readonly [part: Part, measured: Measured])[]

export function linesOf(view: View, answered: Answered, unit: Unit): Shown {
  if (view.parts.some(({ as }) => as !== undefined)) return together(answered, unit)
  const [one] = answered
  if (one === undefined) return { lines: [], columns: [], perSecond: false }
  const [part, measured] = one
  return measured.total.quantiles !== undefined && part.label === undefined
    ? quantiles(measured.total, unit)
    : split(part, measured, unit)
}

/** Several families, a line of each. */
function together(answered: Answered, unit: Unit): Shown {
  const perSecond = answered.some(([, { data }]) => data.type === 'counter')
  const lines = answered.map(([part, measured]): Line => {
    const value = part.only === 'totals' ? sumOfTotals(measured) : measured.total.main
    const name = part.as ?? part.family
    return { key: name, name, value, cells: [format(value, unit, perSecond)] }
  })
  return { lines, columns: ['now'], perSecond }
}

/** A histogram or summary as a whole. */
function quantiles({ quantiles = [], rate = null }: Figures, unit: Unit): Shown {
  const lines = quantiles.map(([q, value]): Line => {
    const name = quantileName(q)
    return { key: name, name, value, cells: [format(value, unit)] }
  })
  const events = { key: 'rate', name: 'rate', value: rate, isRate: true, cells: [format(rate, 'none', true)] }
  return { lines: [...lines, events], columns: ['now'], perSecond: false }
}

/** One family, a line for each value of its label. */
function split(part: Part, measured: Measured, unit: Unit): Shown {
  const { data, total, others } = measured
  const perSecond = data.type === 'counter'
  const row = (key: string, name: string, figures: Figures): Line => ({
    ...{ key, name, value: figures.main },
    cells: cellsOf(figures, unit, perSecond),
  })
  const isWhole = data.lines.length === 0 || (part.label === undefined && data.lines[0]!.label === '')
  const named = isWhole ? [] : measured.lines
  const lines = named
    .filter(({ label }) => part.only !== 'totals' || !isPart(label))
    .map(({ label, figures }) => row(`=${label}`, label === '' ? '(empty)' : visible(label), figures))
  if (isWhole) lines.push(row('all', data.series === 1 ? 'value' : 'all series', total))
  if (others !== undefined && part.only !== 'totals')
    lines.push(row(OTHERS, `${count(data.others!.series)} others`, others))
  return { lines, columns: columnsOf(total, perSecond), perSecond }
}

function columnsOf(total: Figures, perSecond: boolean): string[] {
  if (total.quantiles !== undefined) return [...total.quantiles.map(([q]) => quantileName(q)), 'rate']
  return perSecond ? ['rate', 'total'] : ['now']
}

function cellsOf({ main, rate, total, quantiles }: Figures, unit: Unit, perSecond: boolean): string[] {
  if (quantiles !== undefined)
    return [...quantiles.map(([, value]) => format(value, unit)), format(rate, 'none', true)]
  return perSecond ? [format(main, unit, true), format(total, unit)] : [format(main, unit)]
}

/** A service that is part of another, as `smtp_client:SOURCE->SITE@smtp_client`. */
function isPart(label: string): boolean {
  return /.:./.test(label)
}

/** Of services, those that are no part of another; all that there is where no other is told. */
function sumOfTotals({ total, lines }: Measured): number | null {
  const totals = lines.filter(({ label }) => !isPart(label))
  if (totals.length === 0) return total.main
  const known = totals.flatMap(({ figures }) => (figures.main === null ? [] : [figures.main]))
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
}

/** As people call it: p99 of 0.99, p99.9 of 0.999. */
function quantileName(q: number): string {
  return `p${Number((q * 100).toPrecision(6))}`
}
