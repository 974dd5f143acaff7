/** Figures: what two answers that follow each other say of one value. Pure. */
import { difference, quantileOf } from '../../reading/buckets.js'
import type { FamilyType, HistogramValue, SummaryValue, Value } from '../contract/dashboard.js'

/** What is drawn of a value and what stands beside it; null where this answer does not tell. */
export interface Figures {
  /** The one that is drawn where there is room for one: a gauge's value, a counter's rate, a histogram's p90. */
  readonly main: number | null
  /** Events a second: of counters, histograms and summaries. */
  readonly rate?: number | null
  /** A counter's own value. */
  readonly total?: number | null
  /** By their share: of histograms and summaries. */
  readonly quantiles?: readonly (readonly [q: number, value: number | null])[]
}

export const SHARES = [0.5, 0.9, 0.99] as const
const MAIN_SHARE = 0.9

/**
 * @param seconds from the earlier answer to this one; the earlier one is missing at first, and where a series is new.
 * @param told what the server says the rate is, which knows each series.
 */
export function figuresOf(
  type: FamilyType,
  later: Value,
  earlier: Value | undefined,
  seconds: number,
  told?: number,
): Figures {
  if (isHistogram(later)) return ofHistogram(later, isHistogram(earlier) ? earlier : undefined, seconds, told)
  if (isSummary(later)) return ofSummary(later, isSummary(earlier) ? earlier : undefined, seconds, told)
  const value = later
  if (type !== 'counter') return { main: value }
  const rate =
    value === null ? null : (told ?? rateOf(value, isNumber(earlier) ? earlier : undefined, seconds))
  return { main: rate, rate, total: value }
}

/** A counter that fell was begun anew: how much it has counted since is known, but not since when. */
export function rateOf(later: number | null, earlier: number | undefined, seconds: number): number | null {
  if (later === null || earlier === undefined || later < earlier || !(seconds > 0)) return null
  return (later - earlier) / seconds
}

function ofHistogram(
  later: HistogramValue,
  earlier: HistogramValue | undefined,
  seconds: number,
  told: number | undefined,
): Figures {
  const rate = rateOf(later.count, earlier?.count, seconds)
  const between = earlier === undefined || rate === null ? [] : difference(later.buckets, earlier.buckets)
  const quantiles = SHARES.map(q => [q, quantileOf(between, q) ?? null] as const)
  return { main: mainOf(quantiles), rate: told ?? rate, quantiles }
}

/** A summary has its quantiles ready, over a time of its own. */
function ofSummary(
  later: SummaryValue,
  earlier: SummaryValue | undefined,
  seconds: number,
  told: number | undefined,
): Figures {
  const rate = told ?? rateOf(later.count, earlier?.count, seconds)
  return { main: mainOf(later.quantiles), rate, quantiles: later.quantiles }
}

/** The one nearest to 0.9. */
function mainOf(quantiles: NonNullable<Figures['quantiles']>): number | null {
  const distance = (q: number) => Math.abs(q - MAIN_SHARE)
  let best: readonly [number, number | null] | undefined
  for (const one of quantiles) if (best === undefined || distance(one[0]) < distance(best[0])) best = one
  return best?.[1] ?? null
}

function isNumber(value: Value | undefined): value is number {
  return typeof value === 'number'
}

function isHistogram(value: Value | undefined): value is HistogramValue {
  return typeof value === 'object' && value !== null && 'buckets' in value
}

function isSummary(value: Value | undefined): value is SummaryValue {
  return typeof value === 'object' && value !== null && 'quantiles' in value
}
