/**
 * Shares: what the cells of a gauge are to the thread that owns their shard. Behind the cells of a page there are bits
 * for each place. SHARE_OWN means that the cell is the living thread's. A thread sets it when it attaches, after it has
 * stored the cell's first value. The thread that buries it clears the bit, and so does the sweeper when it clears the
 * place for its next life.
 *
 * - `livesum`, `min` and `max` fold only cells whose bit is set, so a share goes with its thread, at one moment for all
 *   series. Nobody writes to a dead thread's cells, so what shows whether a removed series has moved stays as it was.
 * - `sum` folds all cells, so a dead thread's share stays. What a cell held before its bit was set is not the living
 *   thread's own: set() stores the sum of it and the thread's share (series/inherited.ts).
 * - SHARE_SET means that the thread has set its share, and not only added to it. A `sum` that folds to zero over shares
 *   that were set (5 here, -5 there) is not idle as long as they are there, because the next set() relies on the other
 *   share. Over shares that were only added to (inc here, dec there) it is idle. A cell that also has a dead thread's
 *   share in it does not show what was set; SHARE_BESIDE shows it there.
 */
import { damaged } from '../common/errors.js'
import type { Arena } from './arena.js'
import { capacityOf } from './damage.js'
import * as L from './layout.js'

/** Whether the cells of such a family have these bits. A gauge with aggregate `last` has one cell for all threads. */
export function hasShares(kind: number, aggregate: number): boolean {
  return kind === L.KIND_GAUGE && aggregate !== L.AGGREGATE_LAST
}

/** Int32 index of the bits of a cell page. */
function bitsAt(arena: Arena, cells: number): number {
  const { i32 } = arena
  const page = i32[cells * 2 + L.CELLS_PAGE]
  const each = i32[i32[page * 2 + L.PAGE_FAMILY] * 2 + L.F_CELLS]
  const bits = cells + L.CELLS_HEADER_WORDS + capacityOf(arena, page) * each
  if (!arena.has(bits, L.SHARE_WORDS)) throw damaged("a gauge's shares are out of the arena")
  return bits * 2
}

/** `which` is SHARE_OWN, SHARE_SET or SHARE_BESIDE. */
export function isShare(arena: Arena, cells: number, which: number, index: number): boolean {
  const field = bitsAt(arena, cells) + which + (index >>> 5)
  return (Atomics.load(arena.i32, field) & (1 << (index & 31))) !== 0
}

export function markShare(arena: Arena, cells: number, which: number, index: number, on = true): void {
  const field = bitsAt(arena, cells) + which + (index >>> 5)
  const bit = 1 << (index & 31)
  if (on) Atomics.or(arena.i32, field, bit)
  else Atomics.and(arena.i32, field, ~bit)
}

/** Clears the bits of cells whose thread has ended. */
export function disownShares(arena: Arena, cells: number): void {
  const { i32 } = arena
  const family = i32[i32[cells * 2 + L.CELLS_PAGE] * 2 + L.PAGE_FAMILY] * 2
  if (!hasShares(i32[family + L.F_KIND], i32[family + L.F_AGGREGATE])) return
  const bits = bitsAt(arena, cells)
  for (let n = 0; n < L.SHARE_WORDS * 2; n++) Atomics.store(i32, bits + n, 0)
}

/** Marks cells of a min or max gauge as never set: the first of each `cells` words. */
export function unset(arena: Arena, first: number, words: number, cells: number): void {
  for (let word = first; word < first + words; word += cells) {
    arena.i32[word * 2] = L.UNSET_LOW
    arena.i32[word * 2 + 1] = L.UNSET_HIGH
  }
}

/** Whether a cell of a min or max gauge was never set. */
export function isUnset(arena: Arena, word: number): boolean {
  return arena.i32[word * 2] === L.UNSET_LOW && arena.i32[word * 2 + 1] === L.UNSET_HIGH
}
