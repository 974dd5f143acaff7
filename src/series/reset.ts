/**
 * Sets all series of a family to zero.
 *
 * Guarantees: For counters, histograms and summaries, no increment that another thread makes meanwhile is lost. The
 * threads' cells are left alone. What they hold is subtracted in the common shard, by one store for each cell, so a
 * scrape sees the value before or the value after, and threads that reset at once subtract it once. What was subtracted
 * takes digits from what is counted later; so where no other thread has the registry, and none can reset meanwhile, the
 * cells themselves are set to zero. A gauge's cells are set to zero: what another thread adds at that very moment may
 * bring its share back.
 */

import type { Family } from '../catalogue/families.js'
import { commonCells, pageOf, placeIndex } from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import { resetNative } from '../folds/native-fold.js'
import { forgetAges, zeroOwnAges } from '../folds/summary-fold.js'
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import { allCells } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import type { Shard } from '../memory/shards.js'
import { unset } from '../memory/shares.js'
import type { SeriesTable } from './series.js'
import { places } from './walk.js'

export interface ResetTools {
  readonly arena: Arena
  readonly series: SeriesTable
  /** The calling thread's kernel, which the first call loads. */
  readonly kernel: () => Kernel
  /** Whether no other thread can have the registry. */
  readonly alone: () => boolean
}

/**
 * Resets all series of a family, or that of one place. `uptime` is in ms since the registry was made. Returns how many
 * series keep their counts, because memory is full.
 */
export function resetFamily(
  { arena, series, kernel, alone }: ResetTools,
  family: Family,
  uptime: number,
  only?: number,
): number {
  let kept = 0
  const shard = series.shard()
  const counts = family.kind === 'counter' || family.kind === 'histogram' || family.kind === 'summary'
  // Loaded outside the epoch: while this thread is inside an epoch, the sweeper cannot free places.
  const fold = counts ? kernel() : undefined
  // While this thread is inside an epoch, no place is used again for another series.
  series.inEpoch(() => {
    for (const place of places(arena, family, true)) {
      if (only !== undefined && place !== only) continue
      if (fold === undefined) zeroGauge(arena, family, place)
      else if (!takeCounts(arena, fold, family, place, { shard, uptime, alone: alone() })) kept++
    }
  })
  return kept
}

function zeroGauge(arena: Arena, family: Family, place: number): void {
  const extreme = family.aggregate === 'min' || family.aggregate === 'max'
  for (const { at } of cellsOf(arena, family, place)) {
    if (extreme) unset(arena, at, 1, 1)
    else arena.f64[at] = 0
  }
  // After the cells are zero: makes void what threads took over from dead ones.
  Atomics.add(arena.i32, family.ref * 2 + L.F_RESETS, 1)
}

/**
 * Takes away what a series has counted. Of a summary in which other threads have counted, the present age bucket is not
 * exposed any more, neither what was counted in it nor what will be: its quantiles begin with the next age bucket. Returns
 * false if memory is full.
 * `shard` is the calling thread's, if it has one.
 */
function takeCounts(
  arena: Arena,
  kernel: Kernel,
  family: Family,
  place: number,
  { shard, uptime, alone }: { shard: Shard | undefined; uptime: number; alone: boolean },
): boolean {
  const page = pageOf(arena, place)
  const index = placeIndex(arena, place)
  // The kernel adds in the same order when it folds, so the difference is exactly zero.
  const held = new Float64Array(family.cells)
  for (let n = 0; n < family.cells; n++) {
    held[n] = kernel.foldThreads(family.ref, page, index, n)
    if (Number.isFinite(held[n])) continue
    zeroCell(arena, family, place, n)
    held[n] = kernel.foldThreads(family.ref, page, index, n)
  }
  const common = commonCells(arena, family, page)
  if (common === 0) return false
  const { native, window } = family
  if (window !== undefined) {
    const own = zeroOwnAges(arena, family, window, place, shard?.index ?? L.COMMON_SHARD, uptime)
    if (!own) forgetAges(arena, family, window, place, common, uptime)
  }
  if (native !== undefined && !resetNative(arena, family, native, place, common, shard)) return false
  const at = common + L.CELLS_HEADER_WORDS + index * family.cells
  for (let n = 0; n < family.cells; n++) {
    if (alone) zeroCell(arena, family, place, n)
    else arena.f64[at + n] = -held[n]
  }
  return true
}

/**
 * Sets a cell to zero in all shards: where no other thread has the registry; and when its sum is not finite any more, so
 * that nothing can be subtracted from it, and it holds no count that could be lost.
 */
function zeroCell(arena: Arena, family: Family, place: number, cell: number): void {
  // The common shard first. Otherwise a scrape in between would expose only what an earlier reset() subtracts.
  const all = [...cellsOf(arena, family, place)]
  for (const { at, shard } of all) if (shard === L.COMMON_SHARD) arena.f64[at + cell] = 0
  for (const { at } of all) arena.f64[at + cell] = 0
}

/** The cells of a place in each shard, the newest page first. */
function* cellsOf(arena: Arena, family: Family, place: number): Generator<{ at: number; shard: number }> {
  const { i32 } = arena
  const offset = L.CELLS_HEADER_WORDS + placeIndex(arena, place) * family.cells
  for (const cells of allCells(arena, pageOf(arena, place))) {
    if (!arena.has(cells, offset + family.cells)) throw damaged('a page of cells is cut off')
    yield { at: cells + offset, shard: i32[cells * 2 + L.CELLS_SHARD] }
  }
}
