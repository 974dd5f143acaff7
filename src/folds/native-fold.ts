/** Folds a native histogram's exponential buckets over all shards in JavaScript, for registry.value() and reset(). */

import type { Family, Native } from '../catalogue/families.js'
import { blocksAt, pageOf, placeIndex } from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import { allCells } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import {
  type BucketCounts,
  coarser,
  type Extent,
  type NativeCounts,
  nothing,
  reachOf,
  readBlock,
  reduce,
  replaceCommon,
  widthOf,
} from '../memory/native.js'
import type { Shard } from '../memory/shards.js'

/** The buckets of a series over all shards: at the coarsest schema that one of them has, or coarser to be few enough. */
export function foldNative(
  arena: Arena,
  family: Family,
  native: Native,
  place: number,
  withCommon = true,
): NativeCounts {
  const parts: NativeCounts[] = []
  for (const { at, shard } of blocksOf(arena, family, place)) {
    const part = withCommon || shard !== L.COMMON_SHARD ? readBlock(arena, at) : undefined
    if (part === undefined) continue
    checkReach(part)
    parts.push(part)
  }
  const schema = parts.reduce((least, part) => Math.min(least, part.schema), native.schema)
  const reach = nothing(schema)
  for (const part of parts) {
    reachOf(part.positive, reach.positive, part.schema - schema)
    reachOf(part.negative, reach.negative, part.schema - schema)
  }
  reduce(reach, native.maxBuckets)
  return {
    schema: reach.schema,
    positive: sum(parts, part => part.positive, reach.positive, reach.schema),
    negative: sum(parts, part => part.negative, reach.negative, reach.schema),
  }
}

/** All Float64s are within so many powers of two around 1. */
const POWERS = 2 ** 12
/** A block has room on both sides for what it has yet to count. */
const SPARE = 2 * L.MAX_NATIVE_BUCKETS

/** @throws Error if a block has buckets that no number is in: what is merged would take any amount of memory. */
function checkReach({ schema, positive, negative }: NativeCounts): void {
  const most = POWERS * 2 ** schema + SPARE
  const fits = ({ low, counts }: BucketCounts) => low >= -most && low + counts.length <= most
  if (schema < L.MIN_SCHEMA || schema > L.MAX_SCHEMA || !fits(positive) || !fits(negative))
    throw damaged('a native histogram has buckets that no number is in')
}

function sum(
  parts: readonly NativeCounts[],
  side: (part: NativeCounts) => BucketCounts,
  extent: Extent,
  schema: number,
): BucketCounts {
  const counts = new Float64Array(widthOf(extent))
  for (const part of parts) {
    const window = side(part)
    window.counts.forEach((count, n) => {
      if (count !== 0) counts[coarser(window.low + n, part.schema - schema) - extent.low] += count
    })
  }
  return { low: extent.low, counts }
}

/** Subtracts, in the common shard, what the threads' shards hold; `common` is its cell page. False when memory is full. */
export function resetNative(
  arena: Arena,
  family: Family,
  native: Native,
  place: number,
  common: number,
  shard: Shard | undefined,
): boolean {
  const at = blocksAt(arena, family, pageOf(arena, place), common, placeIndex(arena, place))
  return replaceCommon(arena, shard, at, foldNative(arena, family, native, place, false))
}

/** Where each shard has a place's buckets. */
function* blocksOf(arena: Arena, family: Family, place: number): Generator<{ at: number; shard: number }> {
  const { i32 } = arena
  const page = pageOf(arena, place)
  const index = placeIndex(arena, place)
  for (const cells of allCells(arena, page)) {
    yield { at: blocksAt(arena, family, page, cells, index), shard: i32[cells * 2 + L.CELLS_SHARD] }
  }
}

/** Buckets of a native histogram as registry.value() returns them. */
export interface NativeValue {
  /** Bucket `i` holds what is above 2^((i-1)/2^schema), up to and with 2^(i/2^schema). */
  schema: number
  zeroThreshold: number
  zeroCount: number
  /** Index and count of the buckets that are not empty, ascending; negative ones by magnitude. */
  positive: [number, number][]
  negative: [number, number][]
}

export function nativeValue(
  arena: Arena,
  family: Family,
  native: Native,
  place: number,
  special: readonly number[],
): NativeValue {
  const { schema, positive, negative } = foldNative(arena, family, native, place)
  const list = ({ low, counts }: BucketCounts, infinite: number) => {
    const buckets: [number, number][] = []
    counts.forEach((count, n) => {
      if (count > 0) buckets.push([low + n, count])
    })
    if (infinite > 0) buckets.push([overflow(schema), infinite])
    return buckets
  }
  return {
    schema,
    zeroThreshold: 2 ** L.ZERO_EXPONENT,
    zeroCount: special[L.NATIVE_ZERO],
    positive: list(positive, special[L.NATIVE_PLUS_INF]),
    negative: list(negative, special[L.NATIVE_MINUS_INF]),
  }
}

/** Infinity's bucket comes after that of the largest finite number. Native histograms specification, 'Schema'. */
function overflow(schema: number): number {
  return coarser(1024 * 2 ** Math.max(schema, 0), Math.max(-schema, 0)) + 1
}
