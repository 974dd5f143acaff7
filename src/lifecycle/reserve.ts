/**
 * The count of series against `maxSeries`, of a family and of the registry: taken before a series is made, given back
 * when it was not, or when a sweep has freed it. What a death in between leaves, recount.ts mends. Series without
 * labels, which come with their family, are not in it: a death between publishing a family and counting it could be told
 * from neither side. The library's own families count for themselves alone: they take nothing of the program's limit.
 *
 * Guarantees: no count is above its limit, not for a moment: who came then would be refused what there is room for. A
 * count that falls makes room (room.ts).
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addWide } from '../memory/wide-counter.js'
import { makeRoom } from './room.js'

/** Counts one more series of a family; false where a limit forbids it. */
export function reserve(arena: Arena, family: number): boolean {
  const { i32 } = arena
  const own = isOwn(arena, family)
  // Looked at first: to take and give back at each refusal would have everybody who was refused try again each time.
  if (!own && isRegistryFull(arena)) return false
  if (!take(i32, family * 2 + L.F_SERIES, i32[family * 2 + L.F_MAX_SERIES])) return false
  if (own || take(i32, L.H_SERIES, i32[L.H_MAX_SERIES])) return true
  Atomics.sub(i32, family * 2 + L.F_SERIES, 1)
  makeRoom(arena)
  return false
}

/** Takes one series off that was counted, and is none. */
export function unreserve(arena: Arena, family: number): void {
  takeOff(arena, family, 1)
  makeRoom(arena)
}

/** Takes series off that a sweep has freed. */
export function takeOffFreed(arena: Arena, family: number, freed: number): void {
  if (freed === 0) return
  takeOff(arena, family, freed)
  Atomics.add(arena.i32, family * 2 + L.F_FREES, freed)
  if (!isOwn(arena, family)) addWide(arena, L.H_EXPIRED, freed)
  makeRoom(arena)
}

/** Whether a family is one of the library's own. */
export function isOwn(arena: Arena, family: number): boolean {
  return (arena.i32[family * 2 + L.F_FLAGS] & L.FLAG_SELF) !== 0
}

function takeOff(arena: Arena, family: number, series: number): void {
  Atomics.sub(arena.i32, family * 2 + L.F_SERIES, series)
  if (!isOwn(arena, family)) Atomics.sub(arena.i32, L.H_SERIES, series)
}

/** Whether there are as many series as the registry allows. */
export function isRegistryFull({ i32 }: Arena): boolean {
  return i32[L.H_MAX_SERIES] !== 0 && Atomics.load(i32, L.H_SERIES) >= i32[L.H_MAX_SERIES]
}

/** 0 is no limit. */
function take(i32: Int32Array, at: number, max: number): boolean {
  let seen = Atomics.load(i32, at)
  while (max === 0 || seen < max) {
    const now = Atomics.compareExchange(i32, at, seen, seen + 1)
    if (now === seen) return true
    seen = now
  }
  return false
}
