/**
 * Room: a number in the header that is raised whenever something that was refused at a limit may be had now. A refused
 * child keeps the number that it was refused under, and tries again once there is another.
 *
 * Assumes: Atomics are sequentially consistent.
 * Guarantees: nobody who was refused a series is left out while that series is there, or there is room for it. Room
 * comes by a sweep, a burial, a lower count, and by another thread that makes the very series: that one may have been
 * counted, and so taken the last room, before it could be found.
 *
 *     refused: read the number ─▶ look it up, in vain ─▶ refused ─▶ F_REFUSED = 1 ─▶ look it up once more; and again, for
 *              some milliseconds, while another shard's thread is making one (SHARD_MAKING)
 *     making:  SHARD_MAKING ─▶ take the room ─▶ link the series ─▶ F_REFUSED is 1? ─▶ raise the number
 *
 * Whichever of the two comes later, the second look or the link, sees the other's step before it.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

export function roomNumber(arena: Arena): number {
  return Atomics.load(arena.i32, L.H_ROOM)
}

/** Has everybody who was refused try again, and wakes who waits for it. */
export function makeRoom(arena: Arena): void {
  Atomics.add(arena.i32, L.H_ROOM, 1)
  Atomics.notify(arena.i32, L.H_ROOM)
}

/** A label set of this family was refused: whoever makes one from now on says so. */
export function noteRefusal(arena: Arena, family: number): void {
  Atomics.store(arena.i32, family * 2 + L.F_REFUSED, 1)
}

/** A series of this family can be found from now on. */
export function noteMade(arena: Arena, family: number): void {
  const at = family * 2 + L.F_REFUSED
  if (Atomics.load(arena.i32, at) !== 0 && Atomics.exchange(arena.i32, at, 0) !== 0) makeRoom(arena)
}
