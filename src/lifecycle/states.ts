/**
 * The life of a series.
 *
 *     FREE ─owner─▶ MADE ─anyone─▶ LIVE ─sweeper─▶ RETIRED ─sweeper─▶ FREEING ─sweeper─▶ UNLINKED ─sweeper─▶ FREE
 *                                   │ ◀─attach, or it moved─┘ ▲ sweeper     ▲
 *                                   └─remove()─▶ REMOVED ────────────────────┘ or remove(), if no other thread holds it
 *
 * Assumes: There is one sweeper at a time (H_SWEEPER). A thread stores to a series' cells only while its owner bit is
 * set. The thread that sees another one's end clears that one's owner bits, after its last instruction.
 *
 * Nothing is lost, for these reasons:
 * - RETIRED only hides a series. A holder goes on storing. The sweeper compares the fold of the cells with the fold
 *   before, and makes a series that moved LIVE again, with all that it counted.
 * - To attach is to set the owner bit, then to read the state. To free is to change the state to FREEING after no owner
 *   bit was seen. Atomics keep both orders. So of an attach and a free at the same time at least one sees the other:
 *   either the sweeper sees the bit, or the attacher reads FREEING, clears its bit, stores nothing and starts over. If
 *   the attacher reads RETIRED, there is no danger: either it exchanges RETIRED for LIVE, and the sweeper's exchange
 *   for FREEING fails, or the other way round.
 * - The sweeper looks for owner bits before it folds, so what was stored before a bit was cleared is in the fold.
 * - Every step that hides a series raises its generation. Otherwise this could happen: a thread sees the series hidden
 *   and held by nobody, and is delayed. Meanwhile the series comes back, is attached to and is hidden anew. The delayed
 *   thread would free it under its holder.
 * - A free raises the generation, too. A thread that found a place, was delayed, and attaches to it in its next life
 *   reads another generation, and starts over.
 *
 * Gauges are idle at zero. Whether a gauge is zero depends on the share of each thread, and not only on the fold.
 * Gauges with `livesum`, `min` and `max` are idle when every living share is zero (or unset): a fold of zero over 5 and
 * 0, or over 5 and -5, has values in it that a thread would not get back. For `sum`, only a share that a living thread
 * has set (SHARE_SET) counts so. Shares that were added to cancel, as for a queue that one thread fills and another
 * empties, and are idle at a fold of zero. Whether a hidden gauge has moved must not be read from a fold that a death
 * changes: a removed series would come back, stale, when a thread that held it dies. So for `livesum`, `min` and `max`
 * it is read from all cells, those of dead threads included. Nobody stores to those until the shard's next thread
 * attaches there, and that attach brings the series back by itself. A series that expired was not busy, so one that is
 * hidden and busy has moved, even if its shares cancel again.
 *
 * A place leaves its chain (UNLINKED) before it is zeroed, and it is zeroed only when every look-up that was under way
 * has ended. For this, look-ups publish the epoch in which they began (SHARD_EPOCH), a place notes the epoch in which
 * it was unlinked, and the sweeper raises the epoch after each sweep. So a walk along a chain never strays into another
 * one, and a label set that it did not find is not there. Scrapes publish no epoch. They skip places that were born
 * after they began, and write a page again if one of its places was freed while its text was copied (PAGE_FREES).
 *
 * Only the sweeper counts the hidden series, as it walks: if each step kept the count, it would be wrong for ever after
 * a death between a change of state and its count. A sweep passes over a family whose series do not expire, unless the
 * last sweep left some hidden (F_HIDDEN), or a removal is under way or has been since. So a removal raises F_REMOVALS
 * before it hides the series, and F_HIDDEN after it: no sweep in between passes over the family. A thread that asks for
 * a place to be let go of can die before it raises H_REQUESTS. The thread that buries it raises H_REQUESTS for it.
 *
 * These points of the protocol are easy to get wrong:
 * - A thread that removes a series notes its fold before it hides it. The sweeper's last fold may be older, and the
 *   difference would look like a movement. A fold that the sweeper made later could contain what another thread counted
 *   since, which would be lost.
 * - When a series that was found is removed, the place may have another series by then, so the generation is compared
 *   here, too.
 * - A sweeper that finds a movement exchanges the state before it notes the fold. Otherwise it could overwrite what a
 *   remove() in between has noted.
 * - A place that was freed and has left its chain must be marked (UNLINKED). Otherwise, after a sweeper has died, the
 *   next one would walk the chain for each such place.
 * - The state of a shard and its thread must be one word. Otherwise a burial could take a shard from a thread that has
 *   just adopted it.
 */

import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import { allCells } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { addWide } from '../memory/wide-counter.js'

/** Whether a place in this state has a series that can be held. */
export function canBeHeld(state: number): boolean {
  const kind = state & L.STATE_MASK
  return kind === L.STATE_LIVE || kind === L.STATE_RETIRED || kind === L.STATE_REMOVED
}

export function generation(state: number): number {
  return state >> L.STATE_BITS
}

/**
 * The state of a place's next life, without a kind. The generation is one higher, so a thread that knows the old one
 * sees that it is over.
 */
export function nextLife(state: number): number {
  return ((state >> L.STATE_BITS) + 1) << L.STATE_BITS
}

/** Exchanges a place's state for another of the same generation. */
export function changeState(arena: Arena, place: number, from: number, kind: number): boolean {
  const at = place * 2 + L.PLACE_STATE
  return Atomics.compareExchange(arena.i32, at, from, (from & ~L.STATE_MASK) | kind) === from
}

/**
 * The second half of attaching, after the owner bit was set: whether the place is still in the life in which it was
 * found. Brings the series back if it was hidden. If it returns false, the bit must be cleared.
 */
export function hold(arena: Arena, place: number, found: number, now: number): boolean {
  const { i32 } = arena
  for (;;) {
    const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
    if (generation(state) !== generation(found) || !canBeHeld(state)) return false
    if ((state & L.STATE_MASK) === L.STATE_LIVE) return true
    if (!changeState(arena, place, state, L.STATE_LIVE)) continue
    i32[place * 2 + L.PLACE_CHANGED] = now
    return true
  }
}

/** From MADE to LIVE, by the first thread that finds the place. */
export function publish(arena: Arena, place: number): void {
  const { i32 } = arena
  const at = place * 2 + L.PLACE_STATE
  const state = Atomics.load(i32, at)
  if ((state & L.STATE_MASK) !== L.STATE_MADE) return
  Atomics.compareExchange(i32, at, state, (state & ~L.STATE_MASK) | L.STATE_LIVE)
}

/** A series that is to be removed. */
export interface Removed {
  readonly page: number
  readonly index: number
  readonly place: number
  /** Its state and generation when it was found. */
  readonly found: number
  /** Shows whether the series moves, computed as the sweeper computes it. */
  activity(): number
}

/**
 * Hides a series from scrapes, by a call of the program. If nobody holds it, it is freed, and a later series of the
 * same labels begins at zero. If other threads hold it, they are asked to let go. If one of them stores to it first,
 * the series comes back.
 */
export function remove(arena: Arena, family: Family, removed: Removed): boolean {
  const { i32 } = arena
  const at = family.ref * 2
  // From before the series is hidden, sweeps do not pass over the family; they never do again if this thread dies in
  // between.
  Atomics.add(i32, at + L.F_REMOVALS, 1)
  const hidden = hide(arena, removed)
  if (hidden >= 0) {
    addWide(arena, L.H_REMOVED)
    letGoOrFree(arena, family, removed, hidden)
    Atomics.add(i32, at + L.F_HIDDEN, 1)
  }
  Atomics.sub(i32, at + L.F_REMOVALS, 1)
  return hidden >= 0
}

/**
 * From LIVE or RETIRED to REMOVED. Returns the generation after that, or -1 if the series is in neither state any more.
 */
function hide(arena: Arena, { place, found, activity }: Removed): number {
  const { i32, f64 } = arena
  const at = place * 2 + L.PLACE_STATE
  for (;;) {
    // Computed before the state is read. If the series were hidden before this is computed, what was counted in between
    // would be lost.
    const moved = activity()
    const state = Atomics.load(i32, at)
    const kind = state & L.STATE_MASK
    if (generation(state) !== generation(found)) return -1
    if (kind !== L.STATE_LIVE && kind !== L.STATE_RETIRED) return -1
    const live = kind === L.STATE_LIVE
    if (live) f64[place + L.PLACE_FOLD_WORD] = moved
    // Hiding a LIVE series raises the generation.
    const to = (live ? nextLife(state) : state & ~L.STATE_MASK) | L.STATE_REMOVED
    if (Atomics.compareExchange(i32, at, state, to) === state) return generation(to)
  }
}

/** From REMOVED to FREEING, if nobody holds the series; else its holders are asked to let go. */
function letGoOrFree(arena: Arena, family: Family, removed: Removed, hidden: number): void {
  const { page, index, place } = removed
  const at = place * 2 + L.PLACE_STATE
  for (;;) {
    const state = Atomics.load(arena.i32, at)
    const kind = state & L.STATE_MASK
    if (generation(state) !== hidden) return
    if (kind !== L.STATE_REMOVED && kind !== L.STATE_RETIRED) return
    if (isHeld(arena, page, index)) {
      request(arena, page, index)
      return
    }
    // A thread may have set the info again since, and died. The sweeper frees the place if that is not so.
    if (family.kind === 'info') return
    if (changeState(arena, place, state, L.STATE_FREEING)) return
  }
}

function isHeld(arena: Arena, page: number, index: number): boolean {
  const { i32 } = arena
  for (const cells of allCells(arena, page)) {
    if (Atomics.load(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5)) & (1 << (index & 31))) return true
  }
  return false
}

function request(arena: Arena, page: number, index: number): void {
  const { i32 } = arena
  const bit = 1 << (index & 31)
  for (const cells of allCells(arena, page)) {
    if (Atomics.load(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5)) & bit) {
      Atomics.or(i32, cells * 2 + L.CELLS_REQUESTED + (index >>> 5), bit)
    }
  }
  Atomics.add(i32, L.H_REQUESTS, 1)
}
