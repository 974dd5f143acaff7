/** Which columns there are, and how wide, on a screen of some width. */
import type { Type } from '../look/family.js'
import type { SortKey } from '../order.js'

export interface Column {
  readonly key: 'name' | 'type' | 'series' | 'value' | 'rate' | 'p50' | 'p90' | 'p99' | 'spark'
  readonly head: string
  readonly width: number
  readonly right: boolean
}

const BETWEEN = 1
/** As wide as the longest figure: see units.ts. */
export const WIDTHS = { type: 9, series: 7, value: 9, rate: 11, p50: 9, p90: 9, p99: 9 } as const
type Figure = keyof typeof WIDTHS

/** What there is room for is taken in this order. */
const BY_WEIGHT: readonly Figure[] = ['rate', 'value', 'p99', 'p50', 'p90', 'series', 'type']
const IN_ORDER: readonly Figure[] = ['type', 'series', 'value', 'rate', 'p50', 'p90', 'p99']
const LEAST_NAME = 12
const GOOD_NAME = 36
const MOST_NAME = 60
const LEAST_SPARK = 8
const MOST_SPARK = 60

/** What rows of a type have; of all types, if none is given. */
function figuresOf(type: Type | undefined): readonly Figure[] {
  if (type === undefined) return BY_WEIGHT
  const same = BY_WEIGHT.filter(key => key !== 'type')
  if (type === 'histogram' || type === 'summary') return same
  if (type === 'gaugehistogram') return same.filter(key => key !== 'rate')
  const some = same.filter(key => !key.startsWith('p'))
  return type === 'counter' ? some : some.filter(key => key !== 'rate')
}

export function columnsOf(width: number, type: Type | undefined): Column[] {
  // Names of metrics are long; their first part says least.
  const least = Math.min(Math.max(LEAST_NAME, Math.floor(width / 3)), GOOD_NAME, width)
  let left = width - least
  const taken = new Set<Figure>()
  let isSparkTaken = false
  const figures = figuresOf(type)
  // Behind two figures, how they moved says more than a third one.
  for (const key of [...figures.slice(0, 2), 'spark' as const, ...figures.slice(2)]) {
    const needed = BETWEEN + (key === 'spark' ? LEAST_SPARK : WIDTHS[key])
    if (needed > left) break
    left -= needed
    if (key === 'spark') isSparkTaken = true
    else taken.add(key)
  }
  const toName = Math.min(left, GOOD_NAME - least)
  left -= toName
  const toSpark = isSparkTaken ? Math.min(Math.floor(left / 2), MOST_SPARK - LEAST_SPARK) : 0
  const name = least + toName + (isSparkTaken ? Math.min(left - toSpark, MOST_NAME - GOOD_NAME) : left)
  const columns: Column[] = [{ key: 'name', head: 'name', width: name, right: false }]
  for (const key of IN_ORDER)
    if (taken.has(key)) columns.push({ key, head: key, width: WIDTHS[key], right: key !== 'type' })
  if (isSparkTaken) columns.push({ key: 'spark', head: '', width: LEAST_SPARK + toSpark, right: false })
  return columns
}

/** Columns that rows can be sorted by, whether there is room for them or not. */
export function sortKeys(type: Type | undefined): SortKey[] {
  const figures = figuresOf(type)
  return ['name', ...IN_ORDER.filter(key => figures.includes(key))]
}
