// What the cells of a gauge are to the thread that owns their shard: see src/memory/shares.ts.
import { cellAt } from './cells'
import { view } from './record'
import { CellPage, Family, Page, Shares } from './records'

/** Where a cell page of this page of places has its bits. */
export function sharesOf(page: Page, cells: CellPage): Shares {
  const each = view<Family>(page.family).cells
  return changetype<Shares>(cellAt(cells, page.capacity * each))
}

/** Where the field is that has a place's bit. */
export function fieldOf(bits: usize, index: i32): usize {
  return bits + (<usize>(index >> 5) << 2)
}

/** Whether a place has its bit of those that begin at `bits`: one for each place of a page. */
export function hasBit(bits: usize, index: i32): bool {
  return ((atomic.load<i32>(fieldOf(bits, index)) >> (index & 31)) & 1) != 0
}

/** All of a place's. */
export function clearBits(shares: Shares, index: i32): void {
  clearBit(shares.own, index)
  clearBit(shares.set, index)
  clearBit(shares.beside, index)
}

function clearBit(bits: usize, index: i32): void {
  atomic.and<i32>(fieldOf(bits, index), ~(1 << (index & 31)))
}
