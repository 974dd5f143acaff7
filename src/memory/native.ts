/**
 * Exponential buckets of native histograms. Each place has one block in each shard: a window of counts for each sign.
 *
 *     count in its cell ──outside the window──▶ build a larger or coarser block aside, all counts copied
 *                                               ─▶ publish it (one store) ─▶ raise the sequence ─▶ free the old one
 *
 * Assumes: Only the shard's thread stores to a block's counts (in the common shard, the thread that resets; see
 * replaceCommon). What a thread stores before an Atomics operation is visible to a thread that reads after that
 * operation.
 * Guarantees:
 * - The shape of a block never changes while the block is in use, so the schema, the lows and the counts that a reader
 *   reads belong together.
 * - A reader reads the sequence, the block, its counts, and the sequence again. If it did not change, the block was not
 *   freed before the counts were read, so they are this place's and of this shape. If it changed, the reader reads
 *   again. Blocks change a few times in a place's life, because each change at least doubles the window or halves the
 *   resolution, or ends at the limit. So the reader gets through, and no writer ever waits for it.
 * - Nothing is lost when a thread is terminated between two steps. Before the store that publishes, the old block is
 *   whole; after it, the new one is. At most one block, which nothing refers to any more, is never used again.
 * - When a thread dies, the shard's next owner counts on in the block that is in use.
 * - The sweeper clears a place for its next life only when no thread may store there. It has no free list of its own,
 *   so it moves the block to NATIVE_SPARE. The shard's owner takes it from there when it next counts in that place.
 */
import { damaged } from '../common/errors.js'
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { type Shard, textWords } from './shards.js'

/** Counts by ascending bucket index; the first is that of bucket `low`. */
export interface BucketCounts {
  readonly low: number
  readonly counts: Float64Array
}

export interface NativeCounts {
  readonly schema: number
  readonly positive: BucketCounts
  readonly negative: BucketCounts
}

/** The lowest and the highest index in use; none if `high` is below `low`. */
export interface Extent {
  low: number
  high: number
}

export interface Reach {
  schema: number
  readonly positive: Extent
  readonly negative: Extent
}

/** Cells of a first block, which is 128 bytes with its header. */
const FIRST_CELLS = 12

/** The index of the bucket, at a schema `by` coarser, into which the bucket of an index is merged. */
export function coarser(index: number, by: number): number {
  return (index + (1 << by) - 1) >> by
}

export function widthOf({ low, high }: Extent): number {
  return Math.max(0, high - low + 1)
}

export function widen(extent: Extent, low: number, high: number): void {
  const empty = extent.high < extent.low
  extent.low = empty ? low : Math.min(extent.low, low)
  extent.high = empty ? high : Math.max(extent.high, high)
}

export function nothing(schema: number): Reach {
  return { schema, positive: { low: 0, high: -1 }, negative: { low: 0, high: -1 } }
}

/**
 * Halves the resolution until there are at most so many buckets between the outermost ones, or the schema is the
 * coarsest.
 */
export function reduce(reach: Reach, maxBuckets: number): void {
  while (reach.schema > L.MIN_SCHEMA && widthOf(reach.positive) + widthOf(reach.negative) > maxBuckets) {
    coarsen(reach, 1)
  }
}

export function coarsen(reach: Reach, by: number): void {
  reach.schema -= by
  for (const extent of [reach.positive, reach.negative]) {
    if (extent.high < extent.low) continue
    extent.low = coarser(extent.low, by)
    extent.high = coarser(extent.high, by)
  }
}

/** Widens `extent` by the buckets of a window that are not zero, at a schema `by` coarser. */
export function reachOf(window: BucketCounts, extent: Extent, by: number): void {
  const { low, counts } = window
  let first = 0
  let last = counts.length - 1
  while (first <= last && counts[first] === 0) first++
  while (last > first && counts[last] === 0) last--
  if (first <= last) widen(extent, coarser(low + first, by), coarser(low + last, by))
}

/** What a shard counted in a place; undefined if it has no block there. May be called from any thread. */
export function readBlock(arena: Arena, at: number): NativeCounts | undefined {
  const { i32 } = arena
  for (let tries = 0; ; tries++) {
    if (tries === MOST_TRIES) throw damaged('a block of buckets never stands still')
    const seq = Atomics.load(i32, at * 2 + L.NATIVE_SEQ)
    const block = Atomics.load(i32, at * 2 + L.NATIVE_BLOCK)
    if (block === 0) return undefined
    const head = i32.slice(block * 2, (block + L.BLOCK_HEADER_WORDS) * 2)
    // If the block was freed meanwhile, its widths may be anything.
    if (Atomics.load(i32, at * 2 + L.NATIVE_SEQ) !== seq) continue
    if (!isBlock(arena, block)) throw damaged('a block of buckets is larger than its room')
    const first = block + L.BLOCK_HEADER_WORDS
    const read = {
      schema: head[L.BLOCK_SCHEMA],
      positive: readCounts(arena, head[L.BLOCK_LOW], first, head[L.BLOCK_COUNTS]),
      negative: readCounts(
        arena,
        head[L.BLOCK_NEGATIVE_LOW],
        first + head[L.BLOCK_COUNTS],
        head[L.BLOCK_NEGATIVE_COUNTS],
      ),
    }
    if (Atomics.load(i32, at * 2 + L.NATIVE_SEQ) === seq) return read
  }
}

/** More often than a block changes while it is read. */
const MOST_TRIES = 10_000

/** Whether there can be a block, and one of this size. */
export function isBlock(arena: Arena, block: number): boolean {
  const { i32 } = arena
  const at = block * 2
  const words = i32[at + L.BLOCK_WORDS]
  const counts = i32[at + L.BLOCK_COUNTS]
  const negatives = i32[at + L.BLOCK_NEGATIVE_COUNTS]
  const fits = counts >= 0 && negatives >= 0 && L.BLOCK_HEADER_WORDS + counts + negatives <= words
  return fits && arena.has(block, words)
}

function readCounts(arena: Arena, low: number, from: number, width: number): BucketCounts {
  const counts = new Float64Array(width)
  for (let n = 0; n < width; n++) counts[n] = arena.f64[from + n]
  return { low, counts }
}

/**
 * Makes room in the calling thread's shard for a bucket that is outside the windows of the place's block. `index` is at
 * `schema`, the family's finest (or at 0, if that is coarser). Returns false when memory is full. Takes some
 * microseconds.
 */
export function growBlock(
  arena: Arena,
  shard: Shard,
  at: number,
  limits: { readonly schema: number; readonly maxBuckets: number },
  index: number,
  negative: boolean,
): boolean {
  takeSpare(arena, shard, at)
  const block = buildBlock(arena, shard, at, limits, index, negative)
  if (block === 0) return false
  const old = publishBlock(arena, at, block)
  if (old !== 0) freeBlock(arena, shard, at, old)
  return true
}

/**
 * First step: builds a block with all counts of the place's block, and room for one more index; 0 when memory is full.
 */
export function buildBlock(
  arena: Arena,
  shard: Shard,
  at: number,
  limits: { readonly schema: number; readonly maxBuckets: number },
  index: number,
  negative: boolean,
): number {
  const had = readBlock(arena, at)
  const reach = nothing(had?.schema ?? limits.schema)
  if (had !== undefined) {
    reachOf(had.positive, reach.positive, 0)
    reachOf(had.negative, reach.negative, 0)
  }
  const now = coarser(index, Math.max(limits.schema, 0) - reach.schema)
  widen(negative ? reach.negative : reach.positive, now, now)
  reduce(reach, limits.maxBuckets)
  const used = widthOf(reach.positive) + widthOf(reach.negative)
  const most = Math.max(used, limits.maxBuckets)
  const wanted = Math.min(most, Math.max(FIRST_CELLS, 2 * used))
  const bytes = (L.BLOCK_HEADER_WORDS + wanted) * L.WORD_BYTES
  const block = shard.allocText(bytes)
  if (block === 0) return 0
  const words = textWords(bytes)
  const slack = Math.min(words - L.BLOCK_HEADER_WORDS, most) - used
  const ofPositive = Math.floor((slack * widthOf(reach.positive)) / used)
  writeBlock(
    arena,
    block,
    words,
    reach.schema,
    spread(reach.positive, ofPositive),
    spread(reach.negative, slack - ofPositive),
  )
  if (had !== undefined) addTo(arena, block, had, 1)
  return block
}

/** The extent with so many more cells around it; an empty one stays empty. */
function spread(extent: Extent, slack: number): Extent {
  const width = widthOf(extent)
  if (width === 0) return extent
  const low = extent.low - (slack >> 1)
  return { low, high: low + width + slack - 1 }
}

/** An empty block of this shape. */
function writeBlock(
  arena: Arena,
  block: number,
  words: number,
  schema: number,
  positive: Extent,
  negative: Extent,
): void {
  const { i32, f64 } = arena
  const b = block * 2
  i32[b + L.BLOCK_WORDS] = words
  i32[b + L.BLOCK_SCHEMA] = schema
  i32[b + L.BLOCK_LOW] = positive.low
  i32[b + L.BLOCK_COUNTS] = widthOf(positive)
  i32[b + L.BLOCK_NEGATIVE_LOW] = negative.low
  i32[b + L.BLOCK_NEGATIVE_COUNTS] = widthOf(negative)
  f64.fill(0, block + L.BLOCK_HEADER_WORDS, block + words)
}

/** Adds counts, `times` each, to a block that has room for them. */
function addTo(arena: Arena, block: number, counts: NativeCounts, times: number): void {
  const { i32, f64 } = arena
  const by = counts.schema - i32[block * 2 + L.BLOCK_SCHEMA]
  const add = ({ low, counts }: BucketCounts, first: number, blockLow: number) => {
    for (let n = 0; n < counts.length; n++) {
      if (counts[n] !== 0) f64[first + coarser(low + n, by) - blockLow] += times * counts[n]
    }
  }
  const first = block + L.BLOCK_HEADER_WORDS
  add(counts.positive, first, i32[block * 2 + L.BLOCK_LOW])
  add(counts.negative, first + i32[block * 2 + L.BLOCK_COUNTS], i32[block * 2 + L.BLOCK_NEGATIVE_LOW])
}

/** Second step: gives the place the new block; returns the old one. */
export function publishBlock(arena: Arena, at: number, block: number): number {
  return Atomics.exchange(arena.i32, at * 2 + L.NATIVE_BLOCK, block)
}

/** Third step: raises the sequence, so that readers of the old block notice, and then frees it. */
export function freeBlock(arena: Arena, shard: Shard, at: number, old: number): void {
  Atomics.add(arena.i32, at * 2 + L.NATIVE_SEQ, 1)
  shard.freeText(old, arena.i32[old * 2 + L.BLOCK_WORDS])
}

function takeSpare(arena: Arena, shard: Shard, at: number): void {
  const { i32 } = arena
  const spare = i32[at * 2 + L.NATIVE_SPARE]
  if (spare === 0) return
  // It leaves the place before it enters the free list: a death in between must not leave it in both.
  Atomics.store(i32, at * 2 + L.NATIVE_SPARE, 0)
  freeBlock(arena, shard, at, spare)
}

/**
 * Puts the negative of `held` into the common shard's block of a place, in one store. Any thread may call it, and
 * several at once: the last store counts. The old block is kept for the next call. Returns false when memory is full.
 */
export function replaceCommon(
  arena: Arena,
  shard: Shard | undefined,
  at: number,
  held: NativeCounts,
): boolean {
  const { i32 } = arena
  const reach = nothing(held.schema)
  reachOf(held.positive, reach.positive, 0)
  reachOf(held.negative, reach.negative, 0)
  const used = widthOf(reach.positive) + widthOf(reach.negative)
  if (used === 0 && Atomics.load(i32, at * 2 + L.NATIVE_BLOCK) === 0) return true
  const bytes = (L.BLOCK_HEADER_WORDS + Math.max(used, FIRST_CELLS)) * L.WORD_BYTES
  const words = textWords(bytes)
  const spare = Atomics.exchange(i32, at * 2 + L.NATIVE_SPARE, 0)
  let block = 0
  if (spare !== 0) {
    // A reader may still be reading it as the block that it was.
    Atomics.add(i32, at * 2 + L.NATIVE_SEQ, 1)
    const room = i32[spare * 2 + L.BLOCK_WORDS]
    if (room >= words && arena.has(spare, room)) block = spare
    else shard?.freeText(spare, i32[spare * 2 + L.BLOCK_WORDS])
  }
  const size = block === 0 ? words : i32[block * 2 + L.BLOCK_WORDS]
  if (block === 0) block = shard?.allocText(bytes) ?? arena.alloc(words)
  if (block === 0) return false
  writeBlock(arena, block, size, reach.schema, reach.positive, reach.negative)
  addTo(arena, block, held, -1)
  const old = publishBlock(arena, at, block)
  if (
    old !== 0 &&
    Atomics.compareExchange(i32, at * 2 + L.NATIVE_SPARE, 0, old) !== 0 &&
    shard !== undefined
  ) {
    freeBlock(arena, shard, at, old)
  }
  return true
}
