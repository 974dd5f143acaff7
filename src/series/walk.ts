import type { Family } from '../catalogue/families.js'
import { placeAt } from '../catalogue/pages.js'
import { canBeHeld } from '../lifecycle/states.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/**
 * All series of a family, in order: those that scrapes expose; with `retired`, also the hidden ones that can come back.
 */
export function* places(arena: Arena, family: Family, retired = false): Generator<number> {
  const { i32 } = arena
  let page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
  for (; page !== 0; page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)) {
    for (let n = 0; n < i32[page * 2 + L.PAGE_CAPACITY]; n++) {
      const place = placeAt(page, n)
      const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
      if (retired ? canBeHeld(state) : (state & L.STATE_MASK) === L.STATE_LIVE) yield place
    }
  }
}
