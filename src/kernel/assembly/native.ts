// Native histograms: exponential buckets folded over shards. How a block is read while
// its writer replaces it is told in src/memory/native.ts.
import {
  BLOCK_COUNTS,
  BLOCK_HEADER_WORDS,
  BLOCK_LOW,
  BLOCK_NEGATIVE_COUNTS,
  BLOCK_NEGATIVE_LOW,
  BLOCK_SCHEMA,
  CELLS_HEADER_WORDS,
  CELLS_NEXT,
  F_BLOCKS,
  F_BOUNDS,
  F_CELLS,
  F_NATIVE_BUCKETS,
  F_NATIVE_SCHEMA,
  MIN_SCHEMA,
  NATIVE_AGE,
  NATIVE_BLOCK,
  NATIVE_MINUS_INF,
  NATIVE_NAN,
  NATIVE_PLUS_INF,
  NATIVE_SEQ,
  NATIVE_SPARE,
  NATIVE_WORDS,
  PAGE_CAPACITY,
  PAGE_CELLS,
} from './layout'
import { beforeCopy } from './hook'
import { address, field, setField, shared } from './record'

/** Where a cell page has a place's blocks. */
export function blocksAt(family: u32, page: u32, cells: u32, index: i32): u32 {
  return cells + CELLS_HEADER_WORDS + field(page, PAGE_CAPACITY) * field(family, F_CELLS) + index * field(family, F_BLOCKS) * NATIVE_WORDS
}

/** Takes a place's blocks away, for the shard's owner to free. Whoever does it again after a death does no harm. */
export function clearBlocks(family: u32, page: u32, cells: u32, index: i32): void {
  let at = blocksAt(family, page, cells, index)
  for (let n = field(family, F_BLOCKS); n > 0; n--) {
    setField(at, NATIVE_AGE, 0)
    const block = shared(at, NATIVE_BLOCK)
    if (block != 0) {
      atomic.store<i32>(address(at) + (NATIVE_SPARE << 2), block)
      atomic.store<i32>(address(at) + (NATIVE_BLOCK << 2), 0)
    }
    at += NATIVE_WORDS
  }
}

/**
 * Puts into the sums of a run of folded native histograms what is counted apart from them, so that all formats tell
 * them; and no more.
 */
export function addInfinities(family: u32, values: usize, count: i32): void {
  const sum = <usize>(field(family, F_BOUNDS) + 1) << 3
  const step = <usize>field(family, F_CELLS) << 3
  for (; count > 0; count--) {
    const special = values + sum + 8
    if (load<f64>(special + (NATIVE_PLUS_INF << 3)) > 0) {
      store<f64>(values + sum, load<f64>(values + sum) + Infinity)
    }
    if (load<f64>(special + (NATIVE_MINUS_INF << 3)) > 0) {
      store<f64>(values + sum, load<f64>(values + sum) - Infinity)
    }
    if (load<f64>(special + (NATIVE_NAN << 3)) > 0) store<f64>(values + sum, NaN)
    values += step
  }
}

/** The addition of nothing: keeps what was read before it before the second look. `to` is the caller's own. */
// @ts-ignore: decorator
@inline
function fence(to: u32): void {
  atomic.add<i32>(address(to), 0)
}

/** The index at a schema `by` coarser. */
// @ts-ignore: decorator
@inline
export function coarser(index: i32, by: i32): i32 {
  return (index + (1 << by) - 1) >> by
}

/**
 * The buckets of a place over all shards, as a block in `to`: at the coarsest schema that a shard has, or coarser to
 * be as few as allowed.
 */
export function foldNative(to: u32, family: u32, page: u32, index: i32): void {
  while (!tryFold(to, family, page, index)) {}
}

/** False when a block was replaced meanwhile. */
function tryFold(to: u32, family: u32, page: u32, index: i32): bool {
  const newest = <u32>shared(page, PAGE_CELLS)
  // Sequences only rise: their sum is the same when none of them has.
  let seqs = 0
  let schema = field(family, F_NATIVE_SCHEMA)
  for (let cells = newest; cells != 0; cells = <u32>field(cells, CELLS_NEXT)) {
    const at = blocksAt(family, page, cells, index)
    seqs += shared(at, NATIVE_SEQ)
    const block = <u32>shared(at, NATIVE_BLOCK)
    if (block != 0) schema = min(schema, field(block, BLOCK_SCHEMA))
  }
  if (!unchanged(to, family, page, newest, index, seqs)) return false
  if (schema < MIN_SCHEMA) return false
  beforeCopy(0)

  let low = i32.MAX_VALUE
  let high = i32.MIN_VALUE
  let negativeLow = i32.MAX_VALUE
  let negativeHigh = i32.MIN_VALUE
  for (let cells = newest; cells != 0; cells = <u32>field(cells, CELLS_NEXT)) {
    const entry = blocksAt(family, page, cells, index)
    const seq = shared(entry, NATIVE_SEQ)
    const block = <u32>shared(entry, NATIVE_BLOCK)
    if (block == 0) continue
    const by = field(block, BLOCK_SCHEMA) - schema
    const positives = field(block, BLOCK_COUNTS)
    const negatives = field(block, BLOCK_NEGATIVE_COUNTS)
    const positiveFirst = field(block, BLOCK_LOW)
    const negativeFirst = field(block, BLOCK_NEGATIVE_LOW)
    // A block that came since may be coarser; one that was freed since may hold anything: its widths first of all.
    fence(to)
    if (shared(entry, NATIVE_SEQ) != seq || by < 0) return false
    const from = address(block + BLOCK_HEADER_WORDS)
    for (let n = 0; n < positives; n++) {
      if (load<f64>(from + (<usize>n << 3)) == 0) continue
      const at = coarser(positiveFirst + n, by)
      low = min(low, at)
      high = max(high, at)
    }
    const negativeFrom = from + (<usize>positives << 3)
    for (let n = 0; n < negatives; n++) {
      if (load<f64>(negativeFrom + (<usize>n << 3)) == 0) continue
      const at = coarser(negativeFirst + n, by)
      negativeLow = min(negativeLow, at)
      negativeHigh = max(negativeHigh, at)
    }
  }
  beforeCopy(0)
  const most = field(family, F_NATIVE_BUCKETS)
  let width = 0
  let negativeWidth = 0
  for (;;) {
    width = high < low ? 0 : high - low + 1
    negativeWidth = negativeHigh < negativeLow ? 0 : negativeHigh - negativeLow + 1
    if (width + negativeWidth <= most || schema == MIN_SCHEMA) break
    schema--
    if (width != 0) {
      low = coarser(low, 1)
      high = coarser(high, 1)
    }
    if (negativeWidth != 0) {
      negativeLow = coarser(negativeLow, 1)
      negativeHigh = coarser(negativeHigh, 1)
    }
  }

  setField(to, BLOCK_SCHEMA, schema)
  setField(to, BLOCK_LOW, low)
  setField(to, BLOCK_COUNTS, width)
  setField(to, BLOCK_NEGATIVE_LOW, negativeLow)
  setField(to, BLOCK_NEGATIVE_COUNTS, negativeWidth)
  const counts = address(to + BLOCK_HEADER_WORDS)
  memory.fill(counts, 0, <usize>(width + negativeWidth) << 3)
  for (let cells = newest; cells != 0; cells = <u32>field(cells, CELLS_NEXT)) {
    const entry = blocksAt(family, page, cells, index)
    const seq = shared(entry, NATIVE_SEQ)
    const block = <u32>shared(entry, NATIVE_BLOCK)
    if (block == 0) continue
    const by = field(block, BLOCK_SCHEMA) - schema
    const positives = field(block, BLOCK_COUNTS)
    const negatives = field(block, BLOCK_NEGATIVE_COUNTS)
    const positiveFirst = field(block, BLOCK_LOW)
    const negativeFirst = field(block, BLOCK_NEGATIVE_LOW)
    fence(to)
    if (shared(entry, NATIVE_SEQ) != seq || by < 0) return false
    const from = address(block + BLOCK_HEADER_WORDS)
    if (!addWindow(counts, low, width, from, positiveFirst, positives, by)) return false
    const negativeFrom = from + (<usize>positives << 3)
    const negativeTo = counts + (<usize>width << 3)
    if (!addWindow(negativeTo, negativeLow, negativeWidth, negativeFrom, negativeFirst, negatives, by)) return false
  }
  beforeCopy(0)
  return unchanged(to, family, page, newest, index, seqs)
}

/** Adds a window of a block; false when it has something where there was nothing before. */
function addWindow(to: usize, low: i32, width: i32, from: usize, first: i32, count: i32, by: i32): bool {
  for (let n = 0; n < count; n++) {
    const more = load<f64>(from + (<usize>n << 3))
    if (more == 0) continue
    const at = coarser(first + n, by) - low
    if (<u32>at >= <u32>width) return false
    store<f64>(to + (<usize>at << 3), load<f64>(to + (<usize>at << 3)) + more)
  }
  return true
}

/** Whether no block of the place was freed since the sequences were added up. */
function unchanged(to: u32, family: u32, page: u32, newest: u32, index: i32, seqs: i32): bool {
  fence(to)
  let now = 0
  for (let cells = newest; cells != 0; cells = <u32>field(cells, CELLS_NEXT)) {
    now += shared(blocksAt(family, page, cells, index), NATIVE_SEQ)
  }
  return now == seqs
}
