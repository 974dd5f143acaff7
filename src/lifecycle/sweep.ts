/**
 * Sweeps. A registry has one at a time, in the thread that comes first when one is due.
 *
 * Assumes: what states.ts guarantees.
 * Guarantees: H_SWEEPER has one holder, by compare-exchange, and is free again once that thread's end was seen. The
 * next sweep finishes what a broken-off one left.
 */

import type { Arena } from '../memory/arena.js'
import { allFamilies, Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { announce, endedWith } from '../memory/lineage.js'
import { NOBODY, ownerOf, ownWord, taking, wordAt } from '../memory/owner.js'
import { sweepSlot } from '../memory/slots.js'
import { addWide } from '../memory/wide-counter.js'
import { age, wantsAging } from './aging.js'
import { recount, wantsRecount } from './recount.js'
import { uncountFreed } from './reserve.js'

const SWEEPER = wordAt(L.H_SWEEPER)

/** What a sweep needs of the kernel. */
export interface SweepKernel {
  /** Returns how many series it leaves hidden. kernel/assembly/sweep.ts describes what it leaves in the slot. */
  sweep(slot: number, family: number, page: number, pages: number, now: number): number
}

/**
 * Takes the right to sweep, if a sweep is due. `now` is in ms since the registry was made; `ancestors` are the threads
 * that the caller ends with, nearest last.
 */
export function beginSweep(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[],
  now: number,
  every: number,
): boolean {
  const { i32, i64 } = arena
  if (!isSweepDue(arena, now, every) || !hasSweepWork(arena)) return false
  const begun = taking(arena, () => {
    announce(arena, threadId, ancestors)
    return Atomics.compareExchange(i64, SWEEPER, NOBODY, sweeping(arena, threadId)) === NOBODY
  })
  if (begun !== true) return false
  i32[L.H_SWEPT_AT] = now
  return true
}

/** Whether the last sweep began `every` ms ago or earlier. */
export function isSweepDue(arena: Arena, now: number, every: number): boolean {
  // Both are Int32s, and the time of a registry that lives for weeks overflows them, so only their difference has a
  // meaning. A negative difference means long ago.
  const since = (now - arena.i32[L.H_SWEPT_AT]) | 0
  return since < 0 || since >= every
}

/** Gives back the right to sweep. */
export function endSweep(arena: Arena, threadId: number): void {
  Atomics.compareExchange(arena.i64, SWEEPER, sweeping(arena, threadId), NOBODY)
}

function sweeping(arena: Arena, threadId: number): bigint {
  return ownWord(arena, threadId, 1)
}

/**
 * Called when a death or a failure broke off a sweep. The series are counted anew, because it may have freed some and
 * not taken them off. H_REQUESTS is raised, because it may have asked threads to let go and not raised it.
 */
export function brokeOff(arena: Arena): void {
  addWide(arena, L.H_SWEEPS_FAILED)
  Atomics.add(arena.i32, L.H_DEATHS_INSIDE, 1)
  Atomics.add(arena.i32, L.H_REQUESTS, 1)
}

/** Gives back the right to sweep for a thread that has ended, and for those below it. */
export function endSweepOf(arena: Arena, threadId: number): void {
  const sweeper = Atomics.load(arena.i64, SWEEPER)
  if (sweeper === NOBODY) return
  const owner = ownerOf(sweeper)
  if (owner.attachment === arena.attachment && endedWith(arena, threadId).has(owner.threadId))
    takeBack(arena, sweeper)
}

/** Whether a thread of this process has the right to sweep. */
export function isSweepOwn(arena: Arena): boolean {
  const sweeper = Atomics.load(arena.i64, SWEEPER)
  return sweeper !== NOBODY && ownerOf(sweeper).attachment === arena.attachment
}

/** As endSweepOf(), for all threads of an attachment that has ended. */
export function endSweepOfAttachment(arena: Arena, attachment: number): void {
  const sweeper = Atomics.load(arena.i64, SWEEPER)
  if (sweeper !== NOBODY && ownerOf(sweeper).attachment === attachment) takeBack(arena, sweeper)
}

function takeBack(arena: Arena, sweeper: bigint): void {
  brokeOff(arena)
  Atomics.compareExchange(arena.i64, SWEEPER, sweeper, NOBODY)
}

/** Number of series in the families that a sweep has to look at. */
export function sweepableSeries(arena: Arena): number {
  let series = 0
  for (const family of sweepable(arena)) series += arena.i32[family * 2 + L.F_SERIES]
  return series
}

export function hasSweepWork(arena: Arena): boolean {
  return !sweepable(arena).next().done || wantsRecount(arena) || wantsAging(arena)
}

function* sweepable(arena: Arena): Generator<number> {
  const { i32 } = arena
  for (const family of allFamilies(arena)) {
    const expires = i32[family * 2 + L.F_EXPIRE_AFTER] !== 0
    const removals = Atomics.load(i32, family * 2 + L.F_REMOVALS) !== 0
    if (expires || removals || Atomics.load(i32, family * 2 + L.F_HIDDEN) !== 0) yield family
  }
}

/**
 * Looks once at every series that can be freed. The caller has the right to sweep. `now` is in ms since the registry
 * was made; `elapsed` returns ms.
 */
export function sweep(arena: Arena, kernel: SweepKernel, now: number, elapsed: () => number): void {
  const steps = sweepInSteps(arena, kernel, now, elapsed, Number.MAX_SAFE_INTEGER)
  while (!steps.next().done);
}

/**
 * As sweep(), but `pages` pages at a time, of up to 128 series each. Between the steps the thread can do its own work.
 */
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
    const walk = new Walk(arena, 'pages of places', L.PAGE_HEADER_WORDS)
    while (page !== 0) {
      walk.pass(page)
      const begin = elapsed()
      hidden += kernel.sweep(slot, family, page, Math.min(pages, 2 ** 30), now)
      // The kernel does not change the counts of series; only this code does.
      uncountFreed(arena, family, i32[slot * 2 + L.SLOT_SWEEP_FREED])
      page = i32[slot * 2 + L.SLOT_SWEEP_PAGE]
      spent += elapsed() - begin
      if (page !== 0) yield
    }
    // If a series was removed since, F_HIDDEN has changed and stays: the sweep may have passed the series before it was
    // hidden.
    Atomics.compareExchange(i32, family * 2 + L.F_HIDDEN, seen, hidden)
    retired += hidden
  }
  const begin = elapsed()
  Atomics.store(i32, L.H_RETIRED, retired)
  // A look-up that begins from here on cannot find what was unlinked above.
  Atomics.add(i32, L.H_EPOCH, 1)
  recount(arena)
  age(arena)
  const micros = Math.round((spent + elapsed() - begin) * 1000)
  i32[L.H_SWEEP_LAST] = micros
  addWide(arena, L.H_SWEEP_TOTAL, micros)
  addWide(arena, L.H_SWEEPS)
}
