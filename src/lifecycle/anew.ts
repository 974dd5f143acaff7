/**
 * What becomes of series and families when a memory begins anew: all processes that recorded have ended, and the service
 * starts again. Counters, histograms and summaries go on where they stood. Gauges told of processes that are gone: they
 * begin at nothing. Families are hidden until somebody registers them: the newcomer may be another release of the
 * program.
 *
 * Assumes: Nobody uses the memory, nor will before the caller says so.
 * Guarantees: Each step can be done twice: a process that dies in it leaves it to the next one. No count is lost.
 */

import { type Family, readFamily } from '../catalogue/families.js'
import { placeAt } from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import { allCells, allFamilies, allPages, capacityOf } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { unset } from '../memory/shares.js'
import { canBeHeld, nextLife } from './states.js'
import { beginSweep, brokeOff, endSweep, type SweepKernel, sweep } from './sweep.js'

export function beginSeriesAnew(arena: Arena): void {
  const { i32, i64 } = arena
  for (const ref of allFamilies(arena)) {
    if ((i32[ref * 2 + L.F_FLAGS] & L.FLAG_SELF) !== 0) continue
    const family = readFamily(arena, ref)
    // A scope is a thread's, and that has ended.
    if (family.labelNames.length === 0) {
      if (family.scope !== undefined || isGauge(family)) zeroCells(arena, family)
    } else if (family.scope !== undefined || isGauge(family)) freeSeries(arena, family)
    Atomics.or(i32, ref * 2 + L.F_FLAGS, L.FLAG_HIDDEN | L.FLAG_LEFT)
    // Void what threads took over from dead ones, and which label set of an info holds.
    Atomics.add(i32, ref * 2 + L.F_RESETS, 1)
    i32[ref * 2 + L.F_CURRENT] = 0
  }
  // Whoever has read which families are shown reads it again.
  Atomics.add(i64, L.H_FAMILIES / 2, 1n << 32n)
}

function isGauge({ kind }: Family): boolean {
  return kind === 'gauge' || kind === 'stateset' || kind === 'info'
}

/** Sets all cells of a family to zero; of a `min` or `max` gauge, to unset. */
function zeroCells(arena: Arena, family: Family): void {
  const { f64 } = arena
  const extreme = family.aggregate === 'min' || family.aggregate === 'max'
  for (const page of allPages(arena, family.ref)) {
    const words = capacityOf(arena, page) * family.cells
    for (const cells of allCells(arena, page)) {
      const first = cells + L.CELLS_HEADER_WORDS
      if (!arena.has(first, words)) throw damaged('a page of cells is cut off')
      if (extreme) unset(arena, first, words, family.cells)
      else f64.fill(0, first, first + words)
    }
  }
}

/** Has sweeps free all series of a family. Nobody holds them. */
function freeSeries(arena: Arena, family: Family): void {
  const { i32 } = arena
  for (const page of allPages(arena, family.ref)) {
    const capacity = capacityOf(arena, page)
    for (let n = 0; n < capacity; n++) {
      const place = placeAt(page, n)
      const state = i32[place * 2 + L.PLACE_STATE]
      if (!canBeHeld(state)) continue
      i32[place * 2 + L.PLACE_STATE] = nextLife(state) | L.STATE_FREEING
    }
  }
  Atomics.add(i32, family.ref * 2 + L.F_HIDDEN, 1)
}

/**
 * Frees the series that beginSeriesAnew() has left to sweeps, at once: a service that ends again before its first sweep,
 * over and over, would fill the memory with them. One sweep takes them out of their chains, the next one frees them.
 */
export function freeLeftSeries(
  arena: Arena,
  kernel: () => SweepKernel,
  sweeper: { readonly threadId: number; readonly ancestors: readonly number[] },
  now: number,
): void {
  if (!hasLeftSeries(arena)) return
  for (let n = 0; n < 2; n++) {
    if (!beginSweep(arena, sweeper.threadId, sweeper.ancestors, now, 0)) return
    try {
      sweep(arena, kernel(), now, () => performance.now())
    } catch {
      // The timer's sweeps say what is wrong.
      brokeOff(arena)
    } finally {
      endSweep(arena, sweeper.threadId)
    }
  }
}

function hasLeftSeries(arena: Arena): boolean {
  const { i32 } = arena
  for (const family of allFamilies(arena)) {
    const left = (Atomics.load(i32, family * 2 + L.F_FLAGS) & L.FLAG_LEFT) !== 0
    if (left && Atomics.load(i32, family * 2 + L.F_HIDDEN) !== 0) return true
  }
  return false
}
