// Folds the shards' cells of a run of places in one page into values: a snapshot that is then encoded.
//
// Assumes: 8-byte aligned loads do not tear, also as half of a 16-byte load. Cells change while they are read: each
// value read is one that its cell had, and a counter's is never below what an earlier fold read.
import { cellAt, newestCells, olderCells } from './cells'
import {
  AGGREGATE_LAST,
  AGGREGATE_MAX,
  AGGREGATE_MIN,
  AGGREGATE_SUM,
  COMMON_SHARD,
  SHARD_LIVE,
  SHARD_STATE_MASK,
  UNSET_HIGH,
  UNSET_LOW,
} from './layout'
import { address, exists, header, nth } from './record'
import { CellPage, Page, Shard } from './records'
import { hasBit, sharesOf } from './shares'

export const UNSET: u64 = (<u64>UNSET_HIGH << 32) | <u64>UNSET_LOW

/**
 * Values of `count` places of a page, the first being `first`, `cells` each. Returns where they are: in `vector`, or
 * where one shard alone has cells of one each, those cells themselves, each to be read once.
 */
export function fold(page: Page, first: i32, count: i32, cells: i32, aggregate: i32, vector: usize): usize {
  const words = count * cells
  const skip = <usize>(first * cells) << 3
  const newest = newestCells(page)
  if (aggregate == AGGREGATE_LAST) return foldLast(newest, skip, words, vector)
  if (aggregate != AGGREGATE_SUM) return foldShares(newest, page, first, count, cells, aggregate, vector)
  if (!exists(newest)) {
    memory.fill(vector, 0, words << 3)
    return vector
  }
  if (newest.next == 0 && cells == 1) return newest.behind + skip
  const bytes = <usize>words << 3
  let common: usize = 0
  let fresh = true
  for (let page = newest; exists(page); page = olderCells(page)) {
    const from = page.behind + skip
    // Last of all comes what reset() subtracts: only in this order does it leave exactly nothing.
    if (page.shard == COMMON_SHARD) common = from
    else {
      addCells(vector, from, bytes, fresh)
      fresh = false
    }
  }
  if (common != 0) addCells(vector, common, bytes, fresh)
  return vector
}

/** Values of infos, which are 1 from the moment that they can be seen. */
export function ones(count: i32, vector: usize): usize {
  for (let n = 0; n < count; n++) store<f64>(vector + (<usize>n << 3), 1)
  return vector
}

// @ts-ignore: decorator
@inline
function addCells(vector: usize, from: usize, bytes: usize, fresh: bool): void {
  if (fresh) for (let n: usize = 0; n < bytes; n += 16) v128.store(vector + n, v128.load(from + n))
  else {
    for (let n: usize = 0; n < bytes; n += 16) {
      v128.store(vector + n, f64x2.add(v128.load(vector + n), v128.load(from + n)))
    }
  }
}

function isLive(shard: i32): bool {
  return (nth<Shard>(address(header().shards), shard).shared.state & SHARD_STATE_MASK) == SHARD_LIVE
}

/** One cell for all threads. */
function foldLast(newest: CellPage, skip: usize, words: i32, vector: usize): usize {
  memory.fill(vector, 0, <usize>words << 3)
  for (let cells = newest; exists(cells); cells = olderCells(cells)) {
    if (cells.shard != COMMON_SHARD) continue
    const from = cells.behind + skip
    // Word by word: a copy of bytes may tear a value that a thread sets meanwhile.
    for (let n: usize = 0; n < <usize>words << 3; n += 8) store<f64>(vector + n, load<f64>(from + n))
  }
  return vector
}

/** Shares of living threads: see src/memory/shares.ts. */
function foldShares(newest: CellPage, page: Page, first: i32, count: i32, each: i32, aggregate: i32, vector: usize): usize {
  const extreme = aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
  const end = vector + (<usize>(count * each) << 3)
  for (let to = vector; to < end; to += 8) store<u64>(to, extreme ? UNSET : 0)
  for (let cells = newest; exists(cells); cells = olderCells(cells)) {
    if (!isLive(cells.shard)) continue
    const shares = sharesOf(page, cells)
    let from = cellAt(cells, first * each)
    let to = vector
    for (let n = 0; n < count; n++, from += <usize>each << 3, to += <usize>each << 3) {
      if (!hasBit(shares.own, first + n)) continue
      // Atomic, or the compiler would load it twice, as u64 and as f64, and another thread may write in between.
      const raw = atomic.load<u64>(from)
      const value = reinterpret<f64>(raw)
      if (!extreme) store<f64>(to, load<f64>(to) + value)
      else if (raw != UNSET) {
        const known = load<f64>(to)
        // Min and max of the language spread a NaN that a thread did set; an unset cell takes no part.
        if (load<u64>(to) == UNSET) store<f64>(to, value)
        else store<f64>(to, aggregate == AGGREGATE_MIN ? min(known, value) : max(known, value))
      }
    }
  }
  if (extreme) {
    for (let to = vector; to < end; to += 8) if (load<u64>(to) == UNSET) store<f64>(to, 0)
  }
  return vector
}
