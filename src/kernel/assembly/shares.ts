// What the cells of a gauge are to the thread that owns their shard: see src/memory/shares.ts.
import { CELLS_HEADER_WORDS, F_CELLS, PAGE_CAPACITY, PAGE_FAMILY, SHARE_BESIDE, SHARE_OWN, SHARE_SET } from './layout'
import { address, field } from './record'

/** Where a cell page of this page of places has its bits. */
export function shareBits(page: u32, cells: u32): usize {
  const each = field(<u32>field(page, PAGE_FAMILY), F_CELLS)
  return address(cells + CELLS_HEADER_WORDS + field(page, PAGE_CAPACITY) * each)
}

function fieldOf(bits: usize, which: i32, index: i32): usize {
  return bits + ((<usize>(which + (index >> 5))) << 2)
}

/** `which` is SHARE_OWN, SHARE_SET or SHARE_BESIDE. */
export function hasBit(bits: usize, which: i32, index: i32): bool {
  return ((atomic.load<i32>(fieldOf(bits, which, index)) >> (index & 31)) & 1) != 0
}

/** All of a place's. */
export function clearBits(bits: usize, index: i32): void {
  for (let which = 0; which <= SHARE_BESIDE; which += SHARE_SET - SHARE_OWN) {
    atomic.and<i32>(fieldOf(bits, which, index), ~(1 << (index & 31)))
  }
}
