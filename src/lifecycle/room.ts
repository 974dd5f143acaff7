/**
 * Room: a number in the header that is raised whenever something that was refused at a limit may be granted now. A
 * refused child keeps the number at its refusal, and tries again when the number has changed.
 *
 * Assumes: Atomics are sequentially consistent.
 * Guarantees: A thread that was refused a series does not go on without it while the series exists, or there is room
 * for it. Room comes from a sweep, a burial, a lower count, or from another thread that makes the very series. That
 * thread may have counted the series, and so taken the last room, before the series could be found.
 *
 *     refused: read the number ─▶ look it up, in vain ─▶ refused ─▶ F_REFUSED = 1 ─▶ look it up once more; and again, for
 *              some milliseconds, while another shard's thread is making one (SHARD_MAKING)
 *     making:  SHARD_MAKING ─▶ take the room ─▶ link the series ─▶ F_REFUSED is 1? ─▶ raise the number
 *
 * Either the second look-up comes after the link, and finds the series; or the link comes after that look-up, and the
 * maker finds F_REFUSED set.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

export function roomNumber(arena: Arena): number {
  return Atomics.load(arena.i32, L.H_ROOM)
}

/** Has all that were refused try again, and wakes the threads that wait for room. */
export function makeRoom(arena: Arena): void {
  Atomics.add(arena.i32, L.H_ROOM, 1)
  Atomics.notify(arena.i32, L.H_ROOM)
}

/** Notes that a label set of this family was refused. A thread that makes one from now on raises the number. */
export function noteRefusal(arena: Arena, family: number): void {
  Atomics.store(arena.i32, family * 2 + L.F_REFUSED, 1)
}

/** Called when a series of this family can be found: makes room if a label set was refused. */
export function noteMade(arena: Arena, family: number): void {
  const at = family * 2 + L.F_REFUSED
  if (Atomics.load(arena.i32, at) !== 0 && Atomics.exchange(arena.i32, at, 0) !== 0) makeRoom(arena)
}
