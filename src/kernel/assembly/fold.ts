// Folds the shards' cells into values. fold() does it for a run of places in one page, into a slot's vector: a snapshot
// that is then encoded. foldCell() does it for one cell and needs no memory, because value(), reset() and remove() run in
// threads that record, and these never wait for a slot. Both give the same value, from the same order of additions.
//
// Assumes: 8-byte aligned loads do not tear, also as half of a 16-byte load. Cells change while they are read: each
// value read is one that its cell had, and a counter's is never below what an earlier fold read.
// Guarantees: what a reset() subtracts is in a fold only if all that it counted is, too: the common shard's cell is read
// before the threads' cells, which a count only raises. So no count comes out below zero, whenever a thread resets it.
import { cellAt, commonCells, length, measure, newestCells, olderCells } from './cells'
import { beforeCopy } from './hook'
import {
  AGGREGATE_LAST,
  AGGREGATE_MAX,
  AGGREGATE_MIN,
  AGGREGATE_SUM,
  COMMON_SHARD,
  KIND_INFO,
  NATIVE_MINUS_INF,
  NATIVE_NAN,
  NATIVE_PLUS_INF,
  OWNER_STATE_MASK,
  SHARD_LIVE,
  UNSET_HIGH,
  UNSET_LOW,
} from './layout'
import { withInfinities } from './native'
import { address, exists, nth, ownProcess, view } from './record'
import { CellPage, Family, Page, Shard } from './records'
import { hasBit, sharesOf } from './shares'
import { mostRecords } from './sound'

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
  const common = measure(newest)
  const pages = length
  if (exists(common)) {
    for (let n: usize = 0; n < bytes; n += 16) foldReset(newest, pages, common, skip + n, vector + n)
    return vector
  }
  let fresh = true
  let cellPage = newest
  for (let n = pages; n > 0; n--) {
    addCells(vector, cellPage.behind + skip, bytes, fresh)
    fresh = false
    cellPage = view<CellPage>(cellPage.next)
  }
  return vector
}

/**
 * Two words of what was reset once, `skip` bytes behind the cells' begin. The common shard's are read first, acquiring,
 * and added last: only in that order do they leave exactly nothing.
 */
// @ts-ignore: decorator
@inline
function foldReset(newest: CellPage, pages: i32, common: CellPage, skip: usize, to: usize): void {
  const first = atomic.load<u64>(common.behind + skip)
  const second = atomic.load<u64>(common.behind + skip + 8)
  const subtracted = i64x2.replace_lane(i64x2.splat(first), 1, second)
  let sum = f64x2.splat(-0.0)
  for (let cells = newest; pages > 0; cells = view<CellPage>(cells.next), pages--) {
    if (cells == common) continue
    beforeCopy(0)
    sum = f64x2.add(sum, v128.load(cells.behind + skip))
  }
  v128.store(to, f64x2.add(sum, subtracted))
}

/** The value of an info, from the moment that it can be seen. */
const INFO_VALUE: f64 = 1

/** Values of infos. */
export function ones(count: i32, vector: usize): usize {
  for (let n = 0; n < count; n++) store<f64>(vector + (<usize>n << 3), INFO_VALUE)
  return vector
}

/** One cell of one place, as fold() folds it. Of a gauge with shares, the first cell only. */
export function foldCell(family: Family, page: Page, index: i32, cell: i32): f64 {
  const aggregate = family.aggregate
  const nth = index * family.cells + cell
  const newest = newestCells(page)
  if (!exists(newest)) return 0
  if (aggregate != AGGREGATE_LAST && aggregate != AGGREGATE_SUM) return foldShare(newest, page, index, nth, aggregate)
  const common = commonCells(newest)
  if (aggregate == AGGREGATE_LAST) return exists(common) ? load<f64>(cellAt(common, nth)) : 0
  // Read first and added last, as in fold().
  const subtracted = exists(common) ? reinterpret<f64>(atomic.load<u64>(cellAt(common, nth))) : -0.0
  return sumThreads(newest, nth) + subtracted
}

/** What the threads' cells add up to, without the common shard's: what reset() subtracts there. */
export function foldThreadCells(family: Family, page: Page, index: i32, cell: i32): f64 {
  return sumThreads(newestCells(page), index * family.cells + cell)
}

/** Begins at -0, which changes no value that is added to it: so does fold(), or with the first cell itself. */
function sumThreads(newest: CellPage, nth: i32): f64 {
  let sum: f64 = -0.0
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    if (cells.shard == COMMON_SHARD) continue
    beforeCopy(0)
    sum += load<f64>(cellAt(cells, nth))
  }
  return sum
}

/** One value as all formats show it: see encode.ts, which does the same for a run of places. Not for quantiles. */
export function foldValue(family: Family, page: Page, index: i32, cell: i32): f64 {
  if (family.kind == KIND_INFO) return INFO_VALUE
  const value = foldCell(family, page, index, cell)
  const sum = family.bounds + 1
  if (family.nativeBuckets == 0 || cell != sum) return value
  const special = sum + 1
  return withInfinities(
    value,
    foldCell(family, page, index, special + NATIVE_PLUS_INF),
    foldCell(family, page, index, special + NATIVE_MINUS_INF),
    foldCell(family, page, index, special + NATIVE_NAN),
  )
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

/** Whether a shard has a living thread. A process that only reads cannot bury the dead: it notes which they are. */
function isLive(shard: i32): bool {
  const owner = nth<Shard>(address(ownProcess().shards), shard).shared.owner
  return (owner & OWNER_STATE_MASK) == <i64>SHARD_LIVE && !hasBit(ownProcess().dead, shard)
}

/** One cell for all threads. */
function foldLast(newest: CellPage, skip: usize, words: i32, vector: usize): usize {
  memory.fill(vector, 0, <usize>words << 3)
  const common = commonCells(newest)
  if (!exists(common)) return vector
  const from = common.behind + skip
  // Word by word: a copy of bytes may tear a value that a thread sets meanwhile.
  for (let n: usize = 0; n < <usize>words << 3; n += 8) store<f64>(vector + n, load<f64>(from + n))
  return vector
}

/** What a fold of shares begins with. */
// @ts-ignore: decorator
@inline
function noShare(extreme: bool): u64 {
  return extreme ? UNSET : 0
}

/**
 * What the shares of a `min` or `max` gauge fold to, with one more that was set. `known` is UNSET where it is the first.
 * An unset cell takes no part: min and max of the language spread a NaN, which is right for one that a thread set.
 */
// @ts-ignore: decorator
@inline
function furthest(known: u64, share: f64, aggregate: i32): f64 {
  if (known == UNSET) return share
  const value = reinterpret<f64>(known)
  return aggregate == AGGREGATE_MIN ? min(value, share) : max(value, share)
}

/** Shares of living threads: see src/memory/shares.ts. */
function foldShares(newest: CellPage, page: Page, first: i32, count: i32, each: i32, aggregate: i32, vector: usize): usize {
  const extreme = aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
  const end = vector + (<usize>(count * each) << 3)
  for (let to = vector; to < end; to += 8) store<u64>(to, noShare(extreme))
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    if (!isLive(cells.shard)) continue
    const shares = sharesOf(page, cells)
    let from = cellAt(cells, first * each)
    let to = vector
    for (let n = 0; n < count; n++, from += <usize>each << 3, to += <usize>each << 3) {
      if (!hasBit(shares.own, first + n)) continue
      // Atomic, or the compiler would load it twice, as u64 and as f64, and another thread may write in between.
      const raw = atomic.load<u64>(from)
      const share = reinterpret<f64>(raw)
      if (!extreme) store<f64>(to, load<f64>(to) + share)
      else if (raw != UNSET) store<f64>(to, furthest(load<u64>(to), share, aggregate))
    }
  }
  if (extreme) {
    for (let to = vector; to < end; to += 8) if (load<u64>(to) == UNSET) store<f64>(to, 0)
  }
  return vector
}

/** foldShares for one place. */
function foldShare(newest: CellPage, page: Page, index: i32, nth: i32, aggregate: i32): f64 {
  const extreme = aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
  let value = noShare(extreme)
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    if (!isLive(cells.shard)) continue
    if (!hasBit(sharesOf(page, cells).own, index)) continue
    beforeCopy(0)
    const raw = atomic.load<u64>(cellAt(cells, nth))
    const share = reinterpret<f64>(raw)
    if (!extreme) value = reinterpret<u64>(reinterpret<f64>(value) + share)
    else if (raw != UNSET) value = reinterpret<u64>(furthest(value, share, aggregate))
  }
  return value == UNSET ? 0 : reinterpret<f64>(value)
}
