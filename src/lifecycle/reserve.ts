/**
 * Counts series against `maxSeries`, of the family and of the registry. A series is counted before it is made. It is
 * taken off if it is not made, or when a sweep has freed it. recount.ts corrects what a death in between leaves. Series
 * without labels come with their family and are not counted: after a death between publishing a family and counting its
 * series, nobody could know whether it was counted. The library's own families are counted only for themselves, and
 * take nothing of the program's limit.
 *
 * Guarantees: No count is above its limit, not even for a moment: a thread that comes then would be refused although
 * there is room. A count that falls makes room (room.ts).
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addWide } from '../memory/wide-counter.js'
import { makeRoom } from './room.js'

/** Counts one more series of a family; false if a limit forbids it. */
export function reserve(arena: Arena, family: number): boolean {
  const { i32 } = arena
  const isSelf = isSelfFamily(arena, family)
  // Checked first. To take one and give it back at each refusal would make room each time, and all that were refused
  // would try again.
  if (!isSelf && isRegistryFull(arena)) return false
  if (!tryCount(i32, family * 2 + L.F_SERIES, i32[family * 2 + L.F_MAX_SERIES])) return false
  if (isSelf || tryCount(i32, L.H_SERIES, i32[L.H_MAX_SERIES])) return true
  Atomics.sub(i32, family * 2 + L.F_SERIES, 1)
  makeRoom(arena)
  return false
}

/** Takes off one series that was counted and was not made. */
export function unreserve(arena: Arena, family: number): void {
  uncount(arena, family, 1)
  makeRoom(arena)
}

/** Takes off the series that a sweep has freed. */
export function uncountFreed(arena: Arena, family: number, freed: number): void {
  if (freed === 0) return
  uncount(arena, family, freed)
  Atomics.add(arena.i32, family * 2 + L.F_FREES, freed)
  if (!isSelfFamily(arena, family)) addWide(arena, L.H_EXPIRED, freed)
  makeRoom(arena)
}

/** Whether a family is one of the library's own. */
export function isSelfFamily(arena: Arena, family: number): boolean {
  return (arena.i32[family * 2 + L.F_FLAGS] & L.FLAG_SELF) !== 0
}

function uncount(arena: Arena, family: number, series: number): void {
  Atomics.sub(arena.i32, family * 2 + L.F_SERIES, series)
  if (!isSelfFamily(arena, family)) Atomics.sub(arena.i32, L.H_SERIES, series)
}

/** Whether the registry has as many series as it allows. */
export function isRegistryFull({ i32 }: Arena): boolean {
  return i32[L.H_MAX_SERIES] !== 0 && Atomics.load(i32, L.H_SERIES) >= i32[L.H_MAX_SERIES]
}

/** Adds one to a count, up to `max`; 0 is no limit. */
function tryCount(i32: Int32Array, at: number, max: number): boolean {
  let seen = Atomics.load(i32, at)
  while (max === 0 || seen < max) {
    const now = Atomics.compareExchange(i32, at, seen, seen + 1)
    if (now === seen) return true
    seen = now
  }
  return false
}
