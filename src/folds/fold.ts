/**
 * Folds one series in JavaScript, apart from the kernel: for registry.value() and for reset().
 */

import type { Family } from '../catalogue/families.js'
import { commonCells, pageOf, placeAt, placeIndex } from '../catalogue/pages.js'
import { canBeHeld } from '../lifecycle/states.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import type { Shard } from '../memory/shards.js'
import { isShare, isUnset, unset } from '../memory/shares.js'
import { resetNative } from './native-fold.js'
import { forgetAges } from './summary-fold.js'

/** The cells of a series, folded over all shards. */
export function foldPlace(arena: Arena, family: Family, place: number): Float64Array {
  const { aggregate, kind } = family
  if (kind === 'info') return Float64Array.of(1)
  if (aggregate === 'sum') return withInfinities(family, sums(arena, family, place, true))
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

/**
 * Sets a series to zero. Counters and histograms lose no increment that another thread makes meanwhile: the threads'
 * cells are left alone, and what they hold is subtracted in the common shard, by one store a cell, so that a scrape
 * sees what was or what is. A gauge's cells are set: what another thread adds at that very moment may bring its share
 * back. Of a summary, what was counted in its present age bucket is not told any more, and what is counted there from now
 * on neither: its quantiles begin with the next one. Returns false when memory was full. `shard` is the calling
 * thread's, if it has one; `uptime` in ms since the registry was made.
 */
export function resetPlace(
  arena: Arena,
  family: Family,
  place: number,
  shard: Shard | undefined,
  uptime: number,
): boolean {
  if (family.kind !== 'counter' && family.kind !== 'histogram' && family.kind !== 'summary') {
    const extreme = family.aggregate === 'min' || family.aggregate === 'max'
    for (const { at } of cellsOf(arena, family, place)) {
      if (extreme) unset(arena, at, 1, 1)
      else arena.f64[at] = 0
    }
    // Behind the cells: what threads took over from the dead is gone now.
    Atomics.add(arena.i32, family.ref * 2 + L.F_RESETS, 1)
    return true
  }
  zeroOverflown(arena, family, place)
  const held = sums(arena, family, place, false)
  const common = commonCells(arena, family, pageOf(arena, place))
  if (common === 0) return false
  const { native, window } = family
  if (window !== undefined) forgetAges(arena, family, window, place, common, uptime)
  if (native !== undefined && !resetNative(arena, family, native, place, common, shard)) return false
  const at = common + L.CELLS_HEADER_WORDS + placeIndex(arena, place) * family.cells
  for (let n = 0; n < family.cells; n++) arena.f64[at + n] = -held[n]
  return true
}

/**
 * Sets cells to zero whose sum is not finite any more: nothing can be subtracted from that, and it holds no count that
 * could be lost.
 */
function zeroOverflown(arena: Arena, family: Family, place: number): void {
  sums(arena, family, place, false).forEach((sum, n) => {
    if (Number.isFinite(sum)) return
    // What an earlier reset() subtracts first, or a scrape in between would tell it alone.
    const all = [...cellsOf(arena, family, place)]
    for (const { at, shard } of all) if (shard === L.COMMON_SHARD) arena.f64[at + n] = 0
    for (const { at } of all) arena.f64[at + n] = 0
  })
}

/**
 * What the threads' cells add up to, in the order that the kernel adds them in, the common shard's last: so that what
 * reset() subtracts leaves exactly nothing.
 */
function sums(arena: Arena, family: Family, place: number, withCommon: boolean): Float64Array {
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
 * What tells the sweeper whether a series moved, as the kernel's sweep reckons it: its value, a histogram's
 * observations, touches, or, where the dead's shares go, all that stands in the cells.
 */
export function placeActivity(arena: Arena, family: Family, place: number): number {
  if (family.expire === 'untouched') {
    let touches = 0
    for (const { at } of cellsOf(arena, family, place)) touches += arena.f64[at + family.cells - 1]
    return touches
  }
  if (family.aggregate === 'livesum' || family.aggregate === 'min' || family.aggregate === 'max')
    return sharesHash(arena, family, place)
  const values = foldPlace(arena, family, place)
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
  const state = Atomics.load(arena.i32, (arena.shards + shard * L.SHARD_WORDS) * 2 + L.SHARD_STATE)
  return (state & L.SHARD_STATE_MASK) === L.SHARD_LIVE
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

/** All series of a family, in order: those that are told, or those that can come back, too. */
export function* places(arena: Arena, family: Family, retired = false): Generator<number> {
  const { i32 } = arena
  let page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
  for (; page !== 0; page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)) {
    for (let n = 0; n < i32[page * 2 + L.PAGE_CAPACITY]; n++) {
      const place = placeAt(page, n)
      const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
      if (retired ? canBeHeld(state) : (state & L.STATE_MASK) === L.STATE_LIVE) yield place
    }
  }
}
