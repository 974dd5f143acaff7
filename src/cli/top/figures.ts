/** What a row shows, of a family or of a part of it: made of tallies, without a thought of terminals. */
import type { Buckets } from '../../reading/buckets.js'
import type { Family, Type } from './look/family.js'
import { between } from './look/observed.js'
import { bucketsOf, quantilesOf, type Tally } from './look/tally.js'
import { type Unit, unitOf } from './units.js'

export interface Figures {
  /** What no other row of the list has. */
  readonly key: string
  /** As it came: not cleaned. */
  readonly name: string
  readonly type: Type
  readonly unit: Unit
  readonly series: number
  /** The sum of a gauge; what a counter, or histogram, counted in all. */
  readonly value: number | undefined
  /** Per second; undefined of gauges, and until there are two looks. */
  readonly rate: number | undefined
  readonly p50: number | undefined
  readonly p90: number | undefined
  readonly p99: number | undefined
}

/** The one that is drawn as a spark line, and that rows are sorted by. */
export function mainFigure({ type, value, rate }: Figures): number | undefined {
  return isRising(type) ? rate : value
}

export function isRising(type: Type): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary'
}

export function familyFigures(family: Family): Figures {
  return figuresOf(family, family.name, family.name, family.tally, between(family.native))
}

/** `native`: what was observed between two looks, where native buckets tell it. */
export function figuresOf(
  family: Family,
  key: string,
  name: string,
  tally: Tally,
  native: Buckets | undefined,
): Figures {
  const { type, elapsed } = family
  const quantiles = percentiles(family, tally, native)
  return {
    key,
    name,
    type,
    unit: unitOf(family.name),
    series: tally.series,
    value: tally.lines > 0 ? tally.value : undefined,
    rate: isRising(type) && tally.compared && elapsed > 0 ? (tally.rise / elapsed) * 1000 : undefined,
    p50: quantiles[0],
    p90: quantiles[1],
    p99: quantiles[2],
  }
}

const NONE: readonly undefined[] = []

function percentiles(
  { type, parts, hasBuckets, isCountOnly }: Family,
  tally: Tally,
  native: Buckets | undefined,
): readonly (number | undefined)[] {
  if (type === 'summary') return [0.5, 0.9, 0.99].map(q => tally.parts[parts.indexOf(q)])
  if (!hasBuckets) return NONE
  if (isCountOnly) return native === undefined ? NONE : quantilesOf(native)
  return quantilesOf(bucketsOf(tally, parts))
}
