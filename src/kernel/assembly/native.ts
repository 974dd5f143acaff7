// Native histograms: exponential buckets folded over shards. How a block is read while
// its writer replaces it stands in src/memory/native.ts.
import { cellAt, newestCells, olderCells } from './cells'
import { MIN_SCHEMA, NATIVE_MINUS_INF, NATIVE_NAN, NATIVE_PLUS_INF } from './layout'
import { beforeCopy } from './hook'
import { exists, fence, nth, view } from './record'
import { Block, BlockReference, CellPage, Family, Page } from './records'
import { fitsNative, MOST_TRIES, mostRecords } from './sound'

/** Where a cell page has a place's blocks. */
export function blocksAt(family: Family, page: Page, cells: CellPage, index: i32): BlockReference {
  return nth<BlockReference>(cellAt(cells, page.capacity * family.cells), index * family.blocks)
}

/** Takes a place's blocks away, for the shard's owner to free. Whoever does it again after a death does no harm. */
export function clearBlocks(family: Family, capacity: i32, cells: CellPage, index: i32): void {
  const blocks = family.blocks
  const first = changetype<usize>(nth<BlockReference>(cellAt(cells, capacity * family.cells), index * blocks))
  for (let n = 0; n < blocks; n++) {
    const at = nth<BlockReference>(first, n)
    at.age = 0
    const block = at.shared.block
    if (block == 0) continue
    at.shared.spare = block
    at.shared.block = 0
  }
}

/**
 * Puts into the sums of a run of folded native histograms what is counted apart from them, so that all formats show
 * it; and no more.
 */
export function addInfinities(family: Family, values: usize, count: i32): void {
  const sum = <usize>(family.bounds + 1) << 3
  const step = <usize>family.cells << 3
  for (; count > 0; count--) {
    const special = values + sum + 8
    const plus = load<f64>(special + (NATIVE_PLUS_INF << 3))
    const minus = load<f64>(special + (NATIVE_MINUS_INF << 3))
    const nan = load<f64>(special + (NATIVE_NAN << 3))
    store<f64>(values + sum, withInfinities(load<f64>(values + sum), plus, minus, nan))
    values += step
  }
}

/** The sum of a native histogram, with the observations that are counted apart from it: how many of each kind. */
// @ts-ignore: decorator
@inline
export function withInfinities(sum: f64, plus: f64, minus: f64, nan: f64): f64 {
  if (nan > 0) return NaN
  if (plus > 0) sum += Infinity
  if (minus > 0) sum -= Infinity
  return sum
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
export function foldNative(to: Block, family: Family, page: Page, index: i32): void {
  for (let tries = 0; !tryFold(to, family, page, index); tries++) if (tries == MOST_TRIES) unreachable()
}

/** False when a block was replaced meanwhile. */
function tryFold(to: Block, family: Family, page: Page, index: i32): bool {
  const newest = newestCells(page)
  // Sequences only rise: their sum is the same when none of them has.
  let seqs = 0
  let schema = family.nativeSchema
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    const at = blocksAt(family, page, cells, index)
    seqs += at.shared.seq
    const block = view<Block>(at.shared.block)
    if (exists(block)) schema = min(schema, block.schema)
  }
  if (!unchanged(to, family, page, newest, index, seqs)) return false
  if (schema < MIN_SCHEMA) return false
  beforeCopy(0)

  let low = i32.MAX_VALUE
  let high = i32.MIN_VALUE
  let negativeLow = i32.MAX_VALUE
  let negativeHigh = i32.MIN_VALUE
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    const entry = blocksAt(family, page, cells, index)
    const seq = entry.shared.seq
    const block = view<Block>(entry.shared.block)
    if (!exists(block)) continue
    const by = block.schema - schema
    const positives = block.counts
    const negatives = block.negativeCounts
    const positiveFirst = block.low
    const negativeFirst = block.negativeLow
    // A block that came since may be coarser; one that was freed since may hold anything: its widths first of all.
    fence(changetype<usize>(to))
    if (entry.shared.seq != seq || by < 0) return false
    const from = block.behind
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
  const most = family.nativeBuckets
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

  if (!fitsNative(width, negativeWidth)) return false
  to.schema = schema
  to.low = low
  to.counts = width
  to.negativeLow = negativeLow
  to.negativeCounts = negativeWidth
  const counts = to.behind
  memory.fill(counts, 0, <usize>(width + negativeWidth) << 3)
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    const entry = blocksAt(family, page, cells, index)
    const seq = entry.shared.seq
    const block = view<Block>(entry.shared.block)
    if (!exists(block)) continue
    const by = block.schema - schema
    const positives = block.counts
    const negatives = block.negativeCounts
    const positiveFirst = block.low
    const negativeFirst = block.negativeLow
    fence(changetype<usize>(to))
    if (entry.shared.seq != seq || by < 0) return false
    const from = block.behind
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
function unchanged(to: Block, family: Family, page: Page, newest: CellPage, index: i32, seqs: i32): bool {
  fence(changetype<usize>(to))
  let now = 0
  for (let cells = newest, left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    now += blocksAt(family, page, cells, index).shared.seq
  }
  return now == seqs
}
