import type { Family } from '../catalogue/families.js'
import { placeAt } from '../catalogue/pages.js'
import { canBeHeld } from '../lifecycle/states.js'
import type { Arena } from '../memory/arena.js'
import { allPages, capacityOf } from '../memory/damage.js'
import * as L from '../memory/layout.js'

/**
 * All series of a family, in order: those that scrapes expose; with `retired`, also the hidden ones that can come back.
 */
export function* places(arena: Arena, family: Family, retired = false): Generator<number> {
  const { i32 } = arena
  for (const page of allPages(arena, family.ref)) {
    const capacity = capacityOf(arena, page)
    for (let n = 0; n < capacity; n++) {
      const place = placeAt(page, n)
      const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
      if (retired ? canBeHeld(state) : (state & L.STATE_MASK) === L.STATE_LIVE) yield place
    }
  }
}
