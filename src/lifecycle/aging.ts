/** Keeps the births of old series apart from later ones, which have numbers that overflow: see memory/births.ts. */
import { placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { birthsSoFar } from '../memory/births.js'
import { allFamilies, allPages, capacityOf } from '../memory/damage.js'
import * as L from '../memory/layout.js'

/** Births after which sweeps look for old series. */
const AGE_EVERY = 2 ** 28
/** No birth is noted as further back than this. */
const OLDEST = 2 ** 30

export function wantsAging(arena: Arena): boolean {
  return ((birthsSoFar(arena) - arena.i32[L.H_AGED]) | 0) >= AGE_EVERY
}

/**
 * Raises the numbers of old series, if some can be too old. Call with the right to sweep: no series is freed meanwhile,
 * so a place that has one is not another one's. Costs as much as a sweep over all families, once in a quarter of a
 * billion births.
 */
export function age(arena: Arena): void {
  if (!wantsAging(arena)) return
  const { i32 } = arena
  const births = birthsSoFar(arena)
  for (const family of allFamilies(arena)) {
    for (const page of allPages(arena, family)) {
      const capacity = capacityOf(arena, page)
      for (let n = 0; n < capacity; n++) agePlace(arena, placeAt(page, n), births)
    }
  }
  i32[L.H_AGED] = births
}

function agePlace({ i32 }: Arena, place: number, births: number): void {
  const state = Atomics.load(i32, place * 2 + L.PLACE_STATE) & L.STATE_MASK
  // One that is being made is its thread's, and new.
  if (state === L.STATE_FREE || state === L.STATE_MADE) return
  const born = place * 2 + L.PLACE_BORN
  if (((births - i32[born]) | 0) > OLDEST) i32[born] = (births - OLDEST) | 0
}
