/**
 * Sweeps: one at a time in a registry, from whatever thread comes first when one is due.
 *
 * Assumes: what states.ts says.
 * Guarantees: H_SWEEPER has one holder (compare-exchange), and is free again when that one's end was seen; a sweep
 * that was broken off is taken up by the next one.
 */

import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { announce, endedWith } from '../memory/lineage.js'
import { sweepSlot } from '../memory/slots.js'
import { addWide } from '../memory/wide-counter.js'
import { recount, wantsRecount } from './recount.js'
import { takeOffFreed } from './reserve.js'

/** What a sweep needs of the kernel. */
export interface SweepKernel {
  /** Returns how many series it leaves hidden; see kernel/assembly/sweep.ts for what it leaves in the slot. */
  sweep(slot: number, family: number, page: number, pages: number, now: number): number
}

/**
 * Takes the right to sweep, if a sweep is due; `now` is in ms since the registry was made, `ancestors` are the threads
 * whose end is the caller's too, nearest last.
 */
export function beginSweep(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[],
  now: number,
  every: number,
): boolean {
  const { i32 } = arena
  if (!isSweepDue(arena, now, every) || !hasSweepWork(arena)) return false
  announce(arena, threadId, ancestors)
  if (Atomics.compareExchange(i32, L.H_SWEEPER, 0, threadId + 1) !== 0) return false
  i32[L.H_SWEPT_AT] = now
  return true
}

/** Whether the last sweep began `every` ms ago or earlier. */
export function isSweepDue(arena: Arena, now: number, every: number): boolean {
  // Both are Int32s, which a registry that lives for weeks outgrows: only their difference has a meaning. Below zero
  // is long ago.
  const since = (now - arena.i32[L.H_SWEPT_AT]) | 0
  return since < 0 || since >= every
}

/** Gives the right back. */
export function endSweep(arena: Arena, threadId: number): void {
  Atomics.compareExchange(arena.i32, L.H_SWEEPER, threadId + 1, 0)
}

/**
 * A sweep was broken off, by a death or a failure: what it freed and did not come to take off the counts is counted
 * anew, and what it asked threads to let go of is said again.
 */
export function brokeOff(arena: Arena): void {
  addWide(arena, L.H_SWEEPS_FAILED)
  Atomics.add(arena.i32, L.H_DEATHS_INSIDE, 1)
  Atomics.add(arena.i32, L.H_REQUESTS, 1)
}

/** Gives the right back for a thread that has ended and those that it had started. */
export function endSweepOf(arena: Arena, threadId: number): void {
  const { i32 } = arena
  const sweeper = Atomics.load(i32, L.H_SWEEPER)
  if (sweeper !== 0 && endedWith(arena, threadId).has(sweeper - 1)) {
    brokeOff(arena)
    Atomics.compareExchange(i32, L.H_SWEEPER, sweeper, 0)
  }
}

/** Series in families that a sweep has to look at. */
export function sweepableSeries(arena: Arena): number {
  let series = 0
  for (const family of sweepable(arena)) series += arena.i32[family * 2 + L.F_SERIES]
  return series
}

export function hasSweepWork(arena: Arena): boolean {
  return !sweepable(arena).next().done || wantsRecount(arena)
}

function* sweepable(arena: Arena): Generator<number> {
  const { i32 } = arena
  for (let family = Atomics.load(i32, L.H_FAMILIES); family !== 0; family = i32[family * 2 + L.F_NEXT]) {
    const expires = i32[family * 2 + L.F_EXPIRE_AFTER] !== 0
    const removals = Atomics.load(i32, family * 2 + L.F_REMOVALS) !== 0
    if (expires || removals || Atomics.load(i32, family * 2 + L.F_HIDDEN) !== 0) yield family
  }
}

/** Looks once at every series that can go, for who has the right to sweep. `now` as above; `elapsed` is in ms. */
export function sweep(arena: Arena, kernel: SweepKernel, now: number, elapsed: () => number): void {
  const steps = sweepInSteps(arena, kernel, now, elapsed, Number.MAX_SAFE_INTEGER)
  while (!steps.next().done);
}

/** As sweep, `pages` pages at a time (up to 128 series each): between the steps the thread can do its own work. */
export function* sweepInSteps(
  arena: Arena,
  kernel: SweepKernel,
  now: number,
  elapsed: () => number,
  pages: number,
): Generator<void, void, undefined> {
  const { i32 } = arena
  const slot = sweepSlot(arena)
  let spent = 0
  let retired = 0
  for (const family of sweepable(arena)) {
    const seen = Atomics.load(i32, family * 2 + L.F_HIDDEN)
    let hidden = 0
    let page = Atomics.load(i32, family * 2 + L.F_FIRST_PAGE)
    while (page !== 0) {
      const begin = elapsed()
      hidden += kernel.sweep(slot, family, page, Math.min(pages, 2 ** 30), now)
      // What the kernel freed it counts nowhere: the counts are kept here alone.
      takeOffFreed(arena, family, i32[slot * 2 + L.SLOT_SWEEP_FREED])
      page = i32[slot * 2 + L.SLOT_SWEEP_PAGE]
      spent += elapsed() - begin
      if (page !== 0) yield
    }
    // What was removed since may have been passed before it was hidden.
    Atomics.compareExchange(i32, family * 2 + L.F_HIDDEN, seen, hidden)
    retired += hidden
  }
  const begin = elapsed()
  Atomics.store(i32, L.H_RETIRED, retired)
  // From here on, who looks something up cannot come upon what was unlinked above.
  Atomics.add(i32, L.H_EPOCH, 1)
  recount(arena)
  const micros = Math.round((spent + elapsed() - begin) * 1000)
  i32[L.H_SWEEP_LAST] = micros
  addWide(arena, L.H_SWEEP_TOTAL, micros)
  addWide(arena, L.H_SWEEPS)
}
