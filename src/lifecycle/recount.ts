/**
 * Counts series anew after a death that may have left one counted that is none: a thread reserves a series before it
 * makes one, and can be killed in between; a sweep that is broken off has freed what it has not yet taken off.
 *
 * Assumes: the caller has the right to sweep, so nothing is freed meanwhile; whoever makes a series, or gives a
 * reservation back, is inside an epoch (SHARD_EPOCH) from before its first step to after its last; the dead are buried
 * after their last instruction, and their epoch with them.
 * Guarantees: a count is changed only to what it truly is at that moment.
 *
 *     read the counts ─▶ nobody is inside an epoch ─▶ count the places ─▶ exchange each count, if it is what it was
 *
 * Who enters after the look adds one for each series that it makes, and takes back only what it added: so a count that
 * is what it was means that none was made, and that nobody is in between.
 */

import { placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { isOwn } from './reserve.js'
import { makeRoom } from './room.js'

/** Whether a death (H_DEATHS_INSIDE) since the last recount makes one worthwhile. */
export function wantsRecount(arena: Arena): boolean {
  return Atomics.load(arena.i32, L.H_DEATHS_INSIDE) !== arena.i32[L.H_RECOUNTED]
}

/**
 * Does it if it is wanted and can be done now; else the next sweep tries again. Costs as much as a sweep over all
 * families.
 */
export function recount(arena: Arena): void {
  if (!wantsRecount(arena)) return
  const { i32 } = arena
  const deaths = Atomics.load(i32, L.H_DEATHS_INSIDE)
  const all = Atomics.load(i32, L.H_SERIES)
  const families = programFamilies(arena)
  const before = families.map(family => Atomics.load(i32, family * 2 + L.F_SERIES))
  if (isAnybodyInside(arena)) return
  const counted = families.map(family => seriesIn(arena, family))
  let whole = true
  families.forEach((family, n) => {
    const at = family * 2 + L.F_SERIES
    if (Atomics.compareExchange(i32, at, before[n], counted[n]) !== before[n]) whole = false
  })
  const total = counted.reduce((sum, one) => sum + one, 0)
  const mended = whole && Atomics.compareExchange(i32, L.H_SERIES, all, total) === all
  // Also where not all could be mended: a family's count may be lower now.
  makeRoom(arena)
  if (!mended) return
  i32[L.H_RECOUNTED] = deaths
}

/** The program's families with labels: others count against no limit of the registry. */
function programFamilies(arena: Arena): number[] {
  const { i32 } = arena
  const families: number[] = []
  for (let family = Atomics.load(i32, L.H_FAMILIES); family !== 0; family = i32[family * 2 + L.F_NEXT]) {
    if (!isOwn(arena, family) && i32[family * 2 + L.F_LABELS] !== 0) families.push(family)
  }
  return families
}

function isAnybodyInside(arena: Arena): boolean {
  const { i32 } = arena
  for (let index = 1; index < i32[L.H_SHARD_COUNT]; index++) {
    if (Atomics.load(i32, (arena.shards + index * L.SHARD_WORDS) * 2 + L.SHARD_EPOCH) !== 0) return true
  }
  return false
}

/** Places that are not free. */
function seriesIn(arena: Arena, family: number): number {
  const { i32 } = arena
  let series = 0
  let page = Atomics.load(i32, family * 2 + L.F_FIRST_PAGE)
  for (; page !== 0; page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)) {
    for (let n = 0; n < i32[page * 2 + L.PAGE_CAPACITY]; n++) {
      const state = Atomics.load(i32, placeAt(page, n) * 2 + L.PLACE_STATE)
      if ((state & L.STATE_MASK) !== L.STATE_FREE) series++
    }
  }
  return series
}
