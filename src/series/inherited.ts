/**
 * What a thread's cells of gauges held when it took them over from threads that had died.
 *
 * Assumes: The calling thread owns the shard, and has set its owner bit for the place.
 * Guarantees: set() of a `sum` gauge changes this thread's share and leaves those of dead threads. The cell is stored
 * once, with both, so a scrape sees either the share before or the share after, and a death between two instructions
 * leaves no half value. A thread that takes the cell over later takes over both. For other aggregates the dead thread's
 * share is gone before the thread's own begins.
 */

import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { isShare, markShare, unset } from '../memory/shares.js'

interface Inherited {
  readonly value: number
  /** F_RESETS at that time. A reset() of the family makes the value void. */
  readonly resets: number
}

export class InheritedShares {
  readonly #arena: Arena
  /** By the cell's word. Only values that are not zero. */
  readonly #byCell = new Map<number, Inherited>()

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** Makes a cell the share of this thread, which has just attached to the series, if it is not yet. */
  begin(family: Family, cells: number, index: number): void {
    const arena = this.#arena
    if (isShare(arena, cells, L.SHARE_OWN, index)) return
    const at = cells + L.CELLS_HEADER_WORDS + index * family.cells
    if (family.aggregate === 'sum') {
      // Read before the value, so that a reset in between makes the noted value void.
      const resets = Atomics.load(arena.i32, family.ref * 2 + L.F_RESETS)
      const value = arena.f64[at]
      if (value === 0) this.#byCell.delete(at)
      else this.#byCell.set(at, { value, resets })
    } else if (family.aggregate === 'livesum') arena.f64[at] = 0
    else unset(arena, at, 1, 1)
    markShare(arena, cells, L.SHARE_OWN, index)
  }

  /**
   * Notes that this thread's share of a `sum` gauge is set to a value. Returns the part of the cell that dead threads
   * left.
   */
  set(family: Family, cells: number, at: number, value: number): number {
    const arena = this.#arena
    const index = (at - cells - L.CELLS_HEADER_WORDS) / family.cells
    const inherited = this.#byCell.get(at)
    if (inherited?.resets === Atomics.load(arena.i32, family.ref * 2 + L.F_RESETS)) {
      markShare(arena, cells, L.SHARE_BESIDE, index, value !== 0)
      return inherited.value
    }
    if (inherited !== undefined) markShare(arena, cells, L.SHARE_BESIDE, index, false)
    this.#byCell.delete(at)
    markShare(arena, cells, L.SHARE_SET, index)
    return 0
  }
}
