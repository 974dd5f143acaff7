/** The oracle of folds: one series folded in JavaScript, which has nothing in common with the kernel but the layout. */
import type { Family } from '../../src/catalogue/families.js'
import { pageOf, placeIndex } from '../../src/catalogue/pages.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { stateOf, wordAt } from '../../src/memory/owner.js'
import { isShare, isUnset } from '../../src/memory/shares.js'

/** The values of a series over all shards, as formats show them. */
export function foldPlace(arena: Arena, family: Family, place: number): Float64Array {
  if (family.kind === 'info') return Float64Array.of(1)
  return withInfinities(family, foldCells(arena, family, place))
}

/** The cells of a series, folded over all shards. */
function foldCells(arena: Arena, family: Family, place: number): Float64Array {
  const { aggregate } = family
  if (aggregate === 'sum') return sums(arena, family, place, true)
  const { f64 } = arena
  const values = new Float64Array(family.cells)
  let some = false
  const index = placeIndex(arena, place)
  for (const { at, shard, page } of cellsOf(arena, family, place)) {
    if (aggregate === 'last') {
      if (shard !== L.COMMON_SHARD) continue
    } else if (!isLive(arena, shard) || !isShare(arena, page, L.SHARE_OWN, index)) continue
    if (aggregate === 'min' || aggregate === 'max') {
      if (isUnset(arena, at)) continue
      values[0] = some ? Math[aggregate](values[0], f64[at]) : f64[at]
      some = true
    } else for (let n = 0; n < family.cells; n++) values[n] += f64[at + n]
  }
  return values
}

/** Puts into a native histogram's sum what is counted apart from it: see NATIVE_ZERO. */
function withInfinities({ native, bounds }: Family, values: Float64Array): Float64Array {
  if (native === undefined) return values
  const special = bounds.length + 2
  if (values[special + L.NATIVE_PLUS_INF] > 0) values[special - 1] += Number.POSITIVE_INFINITY
  if (values[special + L.NATIVE_MINUS_INF] > 0) values[special - 1] += Number.NEGATIVE_INFINITY
  if (values[special + L.NATIVE_NAN] > 0) values[special - 1] = Number.NaN
  return values
}

/** What the threads' cells add up to, the newest first; the common shard's comes last. */
export function sums(arena: Arena, family: Family, place: number, withCommon: boolean): Float64Array {
  const values = new Float64Array(family.cells)
  let common = 0
  for (const { at, shard } of cellsOf(arena, family, place)) {
    if (shard === L.COMMON_SHARD) common = at
    else for (let n = 0; n < family.cells; n++) values[n] += arena.f64[at + n]
  }
  if (withCommon && common !== 0) for (let n = 0; n < family.cells; n++) values[n] += arena.f64[common + n]
  return values
}

/**
 * What shows the sweeper whether a series moved: its value, a histogram's observations, touches, or, where the dead's
 * shares go, all that stands in the cells.
 */
export function placeActivity(arena: Arena, family: Family, place: number): number {
  if (family.expire === 'untouched') {
    let touches = 0
    for (const { at } of cellsOf(arena, family, place)) touches += arena.f64[at + family.cells - 1]
    return touches
  }
  if (family.aggregate === 'livesum' || family.aggregate === 'min' || family.aggregate === 'max')
    return sharesHash(arena, family, place)
  const values = foldCells(arena, family, place)
  if (family.kind !== 'histogram') return values[0]
  return values.subarray(0, family.bounds.length + 1).reduce((count, one) => count + one, 0)
}

/**
 * A number below 2^52 of all cells of a place, dead threads' too: it changes when a thread stores another value, and
 * not when a thread dies. Cells that hold nothing yet add nothing, so a new page of cells does not change it.
 */
function sharesHash(arena: Arena, family: Family, place: number): number {
  const { i32 } = arena
  const extreme = family.aggregate !== 'livesum'
  const [nothingLow, nothingHigh] = extreme ? [L.UNSET_LOW, L.UNSET_HIGH] : [0, 0]
  let high = 0
  let low = 0
  for (const { at, shard } of cellsOf(arena, family, place)) {
    const first = i32[at * 2]
    const second = i32[at * 2 + 1]
    if (first === nothingLow && second === nothingHigh) continue
    const mixed = mix(second ^ mix(first + Math.imul(shard, 0x9e37_79b1)))
    high = (high + mixed) | 0
    low = (low + mix(mixed ^ 0x7f4a_7c15)) | 0
  }
  return (high >>> 0) * 2 ** 20 + (low >>> 12)
}

/** MurmurHash3's finalizer. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return h ^ (h >>> 16)
}

function isLive(arena: Arena, shard: number): boolean {
  const at = (arena.shards + shard * L.SHARD_WORDS) * 2 + L.SHARD_OWNER
  return stateOf(Atomics.load(arena.i64, wordAt(at))) === L.SHARD_LIVE
}

/** Where each shard has its cells of a place, the newest first. */
function* cellsOf(
  arena: Arena,
  family: Family,
  place: number,
): Generator<{ at: number; shard: number; page: number }> {
  const { i32 } = arena
  const offset = L.CELLS_HEADER_WORDS + placeIndex(arena, place) * family.cells
  let cells = Atomics.load(i32, pageOf(arena, place) * 2 + L.PAGE_CELLS)
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
    yield { at: cells + offset, shard: i32[cells * 2 + L.CELLS_SHARD], page: cells }
  }
}
