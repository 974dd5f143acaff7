/** What defines a metric, and whether what was read as a definition can be one: others write to the memory that it is in. */
import * as L from '../memory/layout.js'

export type Kind = 'counter' | 'gauge' | 'histogram' | 'info' | 'stateset' | 'summary'
export type Aggregate = 'sum' | 'livesum' | 'min' | 'max' | 'last'

export const KINDS: Readonly<Record<Kind, number>> = {
  counter: L.KIND_COUNTER,
  gauge: L.KIND_GAUGE,
  histogram: L.KIND_HISTOGRAM,
  info: L.KIND_INFO,
  stateset: L.KIND_STATESET,
  summary: L.KIND_SUMMARY,
}

export const AGGREGATES: Readonly<Record<Aggregate, number>> = {
  sum: L.AGGREGATE_SUM,
  livesum: L.AGGREGATE_LIVESUM,
  min: L.AGGREGATE_MIN,
  max: L.AGGREGATE_MAX,
  last: L.AGGREGATE_LAST,
}

export const AGGREGATE_NAMES = Object.keys(AGGREGATES) as Aggregate[]

/** When a gauge is idle: while it is zero, or while no thread touches it. */
export type ExpireRule = 'zero' | 'untouched'

/** Exponential buckets of a histogram. */
export interface Native {
  /** The finest schema, -4 to 8. A series uses a coarser one when it would have too many buckets. */
  readonly schema: number
  readonly maxBuckets: number
}

/** The time that a summary's quantiles are over, and their precision. */
export interface AgeWindow {
  /** ms. */
  readonly maxAge: number
  readonly ageBuckets: number
  readonly significantDigits: number
}

/** What makes two registrations the same family. */
export interface Identity {
  readonly name: string
  /**
   * Where it belongs to; undefined for the registry's own exposition, in which no other is. The same name in two scopes is
   * two families.
   */
  readonly scope?: string
  readonly kind: Kind
  readonly labelNames: readonly string[]
  /** Upper bounds of a histogram, ascending, without +Inf; a summary's quantiles, ascending. */
  readonly bounds: readonly number[]
  readonly aggregate: Aggregate
  /** Only for gauges. The other kinds are idle while their fold does not change. */
  readonly expire: ExpireRule
  /** Only for a stateset. */
  readonly states?: readonly string[]
  /** The unit, with which the name ends; '' for none. */
  readonly unit: string
  readonly self: boolean
  /** Only for a native histogram. */
  readonly native?: Native
  /** Only for a summary. */
  readonly window?: AgeWindow
}

export function isIdentity(read: unknown): read is Identity {
  if (typeof read !== 'object' || read === null) return false
  const { name, scope, kind, labelNames, bounds, aggregate, expire, states, unit, self, native, window } =
    read as Partial<Record<keyof Identity, unknown>>
  return (
    isName(name) &&
    (scope === undefined || typeof scope === 'string') &&
    Object.hasOwn(KINDS, kind as string) &&
    isListOf(labelNames, isName) &&
    isListOf(bounds, Number.isFinite) &&
    bounds.length <= L.MAX_BOUNDS &&
    Object.hasOwn(AGGREGATES, aggregate as string) &&
    (expire === 'zero' || expire === 'untouched') &&
    (states === undefined || isListOf(states, state => typeof state === 'string')) &&
    typeof unit === 'string' &&
    typeof self === 'boolean' &&
    (native === undefined || isNative(native)) &&
    (window === undefined ? kind !== 'summary' : isWindow(window))
  )
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= L.MAX_NAME_BYTES
}

function isListOf<T>(value: unknown, is: (one: T) => boolean): value is T[] {
  return Array.isArray(value) && value.every(is)
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function isNative(value: unknown): boolean {
  const { schema, maxBuckets } = (value ?? {}) as Partial<Native>
  return isWhole(schema, L.MIN_SCHEMA, L.MAX_SCHEMA) && isWhole(maxBuckets, 1, L.MAX_NATIVE_BUCKETS)
}

/** A window's numbers, as widely as no summary's are: they say how much is read. */
function isWindow(value: unknown): boolean {
  const { maxAge, ageBuckets, significantDigits } = (value ?? {}) as Partial<AgeWindow>
  return (
    typeof maxAge === 'number' &&
    maxAge > 0 &&
    isWhole(ageBuckets, 1, 1_000) &&
    isWhole(significantDigits, 1, 5)
  )
}
