/**
 * The life of a series.
 *
 *     FREE ─owner─▶ MADE ─anyone─▶ LIVE ─sweeper─▶ RETIRED ─sweeper─▶ FREEING ─sweeper─▶ UNLINKED ─sweeper─▶ FREE
 *                                   │ ◀─attach, or it moved─┘ ▲ sweeper     ▲
 *                                   └─remove()─▶ REMOVED ────────────────────┘ or remove(), where nobody else holds it
 *
 * Assumes: one sweeper at a time (H_SWEEPER); a thread stores to a series' cells only while its owner bit is set; a
 * thread that ended has its owner bits cleared by who saw its end, after its last instruction.
 *
 * Nothing is lost, because
 * - RETIRED only hides a series. Who holds it goes on storing, and the sweeper, which compares what the cells fold to
 *   with what they did, makes it LIVE again with everything.
 * - to attach is: set the owner bit, then read the state. To free is: change the state to FREEING, after no owner bit
 *   was seen. Both orders are those of Atomics, so of an attach and a free at the same time at least one sees the
 *   other: either the bit is seen, or the attacher reads FREEING, clears its bit, stores nothing and starts over.
 *   That it reads RETIRED is no danger: it exchanges it for LIVE, and the sweeper's exchange for FREEING fails, or
 *   the other way round.
 * - the sweeper looks for owner bits first and folds second: what was stored before a bit was cleared is in the fold.
 * - whatever hides a series raises its generation. Else who saw it hidden and held by nobody, and was delayed while it
 *   came back, was attached to and hidden anew, would free it under its holder.
 * - a free raises the generation too. Who found a place, was delayed, and attaches to it in its next life reads another
 *   generation, and starts over.
 *
 * Gauges are idle at zero, and what is zero is each thread's word, not only their fold. `livesum`, `min` and `max` are
 * idle when every living share is zero (or unset): a fold of zero over 5 and 0, or 5 and -5, is news that a thread would
 * not get back. Of `sum` only a share that a living thread has set (SHARE_SET) counts so; shares that were added to
 * cancel, as queues do that one thread fills and another empties, and are idle at a fold of zero. Whether a hidden gauge
 * has moved must not be read off a fold that a death changes: a removed series would come back, stale, when a thread
 * that held it dies. So of `livesum`, `min` and `max` it is read off all cells, the dead's too, which nobody stores to
 * before its shard's next thread attaches there, and that brings the series back by itself. What expired was not busy;
 * so one that is hidden and busy has moved, also where its shares cancel again.
 *
 * A place leaves its chain (UNLINKED) before it is zeroed, and that waits until every look-up that was under way has
 * ended: look-ups publish the epoch they began in (SHARD_EPOCH), a place notes the epoch it was unlinked in, and the
 * sweeper raises the epoch after each sweep. So a walk along a chain never strays into another one, and the label set
 * it did not find is not there. Scrapes publish nothing: they skip places born after they began, and a page of which a
 * place was freed while its text was copied (PAGE_FREES) is told again.
 *
 * Which series are hidden is counted by the sweeper alone, as it walks: a count that each step kept would be wrong for
 * ever after a death between a state and its count. A sweep passes over a family whose series do not expire, unless
 * the last one left some hidden (F_HIDDEN) or a removal is under way or has been since: it says so before it hides
 * (F_REMOVALS), and that it did after, so that no sweep in between takes the family for done. Who asks for a place to
 * be let go of, and dies before it says that it did (H_REQUESTS), has it said by who buries it.
 *
 * What was mended in the design on paper: who removes a series notes what it folds to, before it hides it: the
 * sweeper's last fold may be older, which would read as a movement, and one that it made later could have in it what
 * another thread counted since, which would be lost; what was found to be removed may be another series by then, so
 * the generation is compared here too; a sweeper that finds a movement exchanges the state before it notes the fold,
 * or it would overwrite what a remove() in between has noted; a free that had left its chain must say
 * so (UNLINKED), or a sweeper that dies makes the next one walk the chain for each; a shard's state and its thread
 * must be one word, or burying the dead can take a shard from who has just adopted it.
 */

import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addWide } from '../memory/wide-counter.js'

/** Whether a place in this state, and of this generation, is a series that can be held. */
export function canBeHeld(state: number): boolean {
  const kind = state & L.STATE_MASK
  return kind === L.STATE_LIVE || kind === L.STATE_RETIRED || kind === L.STATE_REMOVED
}

export function generation(state: number): number {
  return state >> L.STATE_BITS
}

/** A place's next life: its generation is one higher, so that who still knows the old one can tell. */
export function nextLife(state: number): number {
  return ((state >> L.STATE_BITS) + 1) << L.STATE_BITS
}

/** Exchanges a place's state for another of the same generation. */
export function changeState(arena: Arena, place: number, from: number, kind: number): boolean {
  const at = place * 2 + L.PLACE_STATE
  return Atomics.compareExchange(arena.i32, at, from, (from & ~L.STATE_MASK) | kind) === from
}

/**
 * The second half of attaching, after the owner bit was set: whether the place still is in the life it was found in,
 * brought back if it was retired. If not, the bit must be cleared.
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

/** From MADE to LIVE, by whoever finds it first. */
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
  /** What tells whether it moves, as the sweeper reckons it. */
  activity(): number
}

/**
 * Takes a series out of scrapes at the program's wish. Where nobody holds it, it is gone: a later one of its labels
 * begins at zero. Where other threads hold it, they are asked to let go, and if one stores to it first, it comes back.
 */
export function remove(arena: Arena, family: Family, removed: Removed): boolean {
  const { i32 } = arena
  const at = family.ref * 2
  // Sweeps look at the family from before it is hidden; for good, if this thread dies in between.
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

/** From LIVE or RETIRED to REMOVED: its generation then; -1 where it is none of the two any more. */
function hide(arena: Arena, { place, found, activity }: Removed): number {
  const { i32, f64 } = arena
  const at = place * 2 + L.PLACE_STATE
  for (;;) {
    // Older than the state: had it been hidden when this was reckoned, what was counted since would be lost.
    const moved = activity()
    const state = Atomics.load(i32, at)
    const kind = state & L.STATE_MASK
    if (generation(state) !== generation(found)) return -1
    if (kind !== L.STATE_LIVE && kind !== L.STATE_RETIRED) return -1
    const live = kind === L.STATE_LIVE
    if (live) f64[place + L.PLACE_FOLD_WORD] = moved
    // Hiding what was LIVE raises the generation.
    const to = (live ? nextLife(state) : state & ~L.STATE_MASK) | L.STATE_REMOVED
    if (Atomics.compareExchange(i32, at, state, to) === state) return generation(to)
  }
}

/** From REMOVED to FREEING, if nobody holds it; else who does is asked to let go. */
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
    // It may be set again by now, by a thread that has died since: the sweeper frees it if it is not.
    if (family.kind === 'info') return
    if (changeState(arena, place, state, L.STATE_FREEING)) return
  }
}

function isHeld(arena: Arena, page: number, index: number): boolean {
  const { i32 } = arena
  let cells = Atomics.load(i32, page * 2 + L.PAGE_CELLS)
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
    if (Atomics.load(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5)) & (1 << (index & 31))) return true
  }
  return false
}

function request(arena: Arena, page: number, index: number): void {
  const { i32 } = arena
  const bit = 1 << (index & 31)
  let cells = Atomics.load(i32, page * 2 + L.PAGE_CELLS)
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
    if (Atomics.load(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5)) & bit) {
      Atomics.or(i32, cells * 2 + L.CELLS_REQUESTED + (index >>> 5), bit)
    }
  }
  Atomics.add(i32, L.H_REQUESTS, 1)
}
