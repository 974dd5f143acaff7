/**
 * Counts series anew after a death that may have left a series counted that does not exist. A thread reserves a series
 * before it makes one, and can be killed in between. A sweep that is broken off may have freed series that it has not
 * yet taken off the count.
 *
 * Assumes: The caller has the right to sweep, so nothing is freed meanwhile. A thread that makes a series, or gives a
 * reservation back, is inside an epoch (SHARD_EPOCH) from before its first step to after its last. Dead threads are
 * buried after their last instruction, and the burial ends their epoch.
 * Guarantees: A count is changed only to its true value at that moment.
 *
 *     read the counts ─▶ nobody is inside an epoch ─▶ count the places ─▶ exchange each count, if it is unchanged
 *
 * A thread that enters an epoch after the check adds one for each series that it makes, and takes back only what it
 * added. So an unchanged count means that no series was made, and that no thread is between counting and making one.
 */

import { placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { allFamilies, allPages, capacityOf } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { isSelfFamily } from './reserve.js'
import { makeRoom } from './room.js'

/** Whether there was a death inside an epoch (H_DEATHS_INSIDE) since the last recount. */
export function wantsRecount(arena: Arena): boolean {
  return Atomics.load(arena.i32, L.H_DEATHS_INSIDE) !== arena.i32[L.H_RECOUNTED]
}

/**
 * Recounts if it is wanted and possible now; else the next sweep tries again. Costs as much as a sweep over all
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
  // Also if some counts could not be exchanged, because the count of a family may be lower now.
  makeRoom(arena)
  if (!mended) return
  i32[L.H_RECOUNTED] = deaths
}

/** The program's families with labels. The others do not count against the registry's limit. */
function programFamilies(arena: Arena): number[] {
  const { i32 } = arena
  const families: number[] = []
  for (const family of allFamilies(arena)) {
    if (!isSelfFamily(arena, family) && i32[family * 2 + L.F_LABELS] !== 0) families.push(family)
  }
  return families
}

function isAnybodyInside(arena: Arena): boolean {
  const { i32 } = arena
  for (let index = 1; index < arena.shardCount; index++) {
    if (Atomics.load(i32, (arena.shards + index * L.SHARD_WORDS) * 2 + L.SHARD_EPOCH) !== 0) return true
  }
  return false
}

/** Number of places of a family that are not free. */
function seriesIn(arena: Arena, family: number): number {
  const { i32 } = arena
  let series = 0
  for (const page of allPages(arena, family)) {
    const capacity = capacityOf(arena, page)
    for (let n = 0; n < capacity; n++) {
      const state = Atomics.load(i32, placeAt(page, n) * 2 + L.PLACE_STATE)
      if ((state & L.STATE_MASK) !== L.STATE_FREE) series++
    }
  }
  return series
}
