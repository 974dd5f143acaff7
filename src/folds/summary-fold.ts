/**
 * Quantiles of summaries, over all threads and the age buckets that are not too old. The kernel asks for those of a run
 * of series after it has folded them and before it writes them; registry.value() asks for those of one series. A series
 * takes the encoding thread about 50 µs.
 *
 * Assumes: as memory/native.ts. The thread that counts in an entry raises the entry's age, after it has raised the
 * entry's sequence and before it counts in the new age.
 * Guarantees: the counts that are read from a block belong to the age that was read with them.
 */

import { createRequire } from 'node:module'
import type { Histogram } from 'hdr-histogram-js'
import { type AgeWindow, ageOf, Families, type Family } from '../catalogue/families.js'
import { blocksAt, pageOf, placeIndex } from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import { allCells } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { type NativeCounts, nothing, reachOf, readBlock, widthOf } from '../memory/native.js'
import { HdrBuckets } from './hdr-buckets.js'

const require = createRequire(import.meta.url)

/** For so many significant digits. */
interface Digits {
  readonly buckets: HdrBuckets
  readonly histogram: Histogram
}

const digits: (Digits | undefined)[] = []

function digitsOf(significantDigits: number): Digits {
  let known = digits[significantDigits]
  if (known === undefined) {
    // Loaded for the first summary that is exposed: most programs have none.
    const { build } = require('hdr-histogram-js') as typeof import('hdr-histogram-js')
    known = {
      buckets: new HdrBuckets(significantDigits),
      histogram: build({
        bitBucketSize: 64,
        numberOfSignificantValueDigits: significantDigits as 1 | 2 | 3 | 4 | 5,
        autoResize: true,
      }),
    }
    digits[significantDigits] = known
  }
  return known
}

/** Far from -1, whose successor is the 0 of an entry that was never used: clocks that test runners fake can go back. */
const FIRST_AGE = 2 ** 20

/** The number of the age that is counted now, of ages of so many ms. Wraps: only differences have a meaning. */
export function ageNumber(uptime: number, age: number): number {
  return (FIRST_AGE + Math.floor(uptime / age)) | 0
}

function ageAt(uptime: number, window: AgeWindow): number {
  return ageNumber(uptime, ageOf(window))
}

export class SummaryFold {
  readonly #arena: Arena
  readonly #uptime: () => number
  readonly #families: Families

  /** `uptime` in ms since the registry was made. */
  constructor(arena: Arena, uptime: () => number) {
    this.#arena = arena
    this.#uptime = uptime
    this.#families = new Families(arena)
  }

  /** Writes the quantiles of `count` places of a page behind their counts and sums, which are at byte `values`. */
  fill(ref: number, page: number, first: number, count: number, values: number): void {
    const family = this.#families.byRef(ref)
    if (family === undefined) return
    // A high address comes as a negative number.
    let at = values >>> 3
    for (let n = 0; n < count; n++) {
      // A free place, or one without observations, has no blocks worth a look.
      if (this.#arena.f64[at] > 0) this.#write(family, page, first + n, at + 2)
      else this.#arena.f64.fill(Number.NaN, at + 2, at + family.cells)
      at += family.cells
    }
  }

  /** The quantiles of one series, in the order that the family has them in. */
  of(family: Family, place: number): number[] {
    return quantiles(
      this.#arena,
      family,
      pageOf(this.#arena, place),
      placeIndex(this.#arena, place),
      this.#uptime(),
    )
  }

  #write(family: Family, page: number, index: number, at: number): void {
    this.#arena.f64.set(quantiles(this.#arena, family, page, index, this.#uptime()), at)
  }
}

/** NaN where nothing was observed lately. */
function quantiles(arena: Arena, family: Family, page: number, index: number, uptime: number): number[] {
  const { window, bounds } = family
  if (window === undefined) return []
  const counts = merged(recent(arena, family, window, page, index, ageAt(uptime, window)))
  if (counts === undefined) return bounds.map(() => Number.NaN)
  const { buckets, histogram } = digitsOf(window.significantDigits)
  const scale = record(histogram, buckets, counts)
  return bounds.map(q => histogram.getValueAtPercentile(q * 100) * scale)
}

/** Excludes all ages up to the present one from quantiles. `common` is the common shard's cell page. */
export function forgetAges(
  arena: Arena,
  family: Family,
  window: AgeWindow,
  place: number,
  common: number,
  uptime: number,
): void {
  const at = blocksAt(arena, family, pageOf(arena, place), common, placeIndex(arena, place))
  Atomics.store(arena.i32, at * 2 + L.NATIVE_AGE, (ageAt(uptime, window) + 1) | 0)
}

/**
 * Zeroes what the calling thread has counted of a place, in all ages. Returns whether no other thread has counts that are
 * not too old: then none of the present age has to be excluded. `shard` is the calling thread's number.
 */
export function zeroOwnAges(
  arena: Arena,
  family: Family,
  window: AgeWindow,
  place: number,
  shard: number,
  uptime: number,
): boolean {
  const { i32, f64 } = arena
  const page = pageOf(arena, place)
  const index = placeIndex(arena, place)
  let cells = Atomics.load(i32, page * 2 + L.PAGE_CELLS)
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
    if (i32[cells * 2 + L.CELLS_SHARD] !== shard) continue
    const first = blocksAt(arena, family, page, cells, index)
    for (let n = 0; n < window.ageBuckets; n++) {
      const at = (first + n * L.NATIVE_WORDS) * 2
      // As a thread begins a new age: readers notice it by the sequence, and then by the age.
      Atomics.add(i32, at + L.NATIVE_SEQ, 1)
      const block = i32[at + L.NATIVE_BLOCK]
      if (block !== 0) f64.fill(0, block + L.BLOCK_HEADER_WORDS, block + i32[block * 2 + L.BLOCK_WORDS])
      Atomics.store(i32, at + L.NATIVE_AGE, 0)
    }
  }
  return recent(arena, family, window, page, index, ageAt(uptime, window)).length === 0
}

/** What the blocks of a place hold that are not too old. */
function recent(
  arena: Arena,
  family: Family,
  window: AgeWindow,
  page: number,
  index: number,
  now: number,
): NativeCounts[] {
  const { i32 } = arena
  const found: NativeCounts[] = []
  let oldest = window.ageBuckets - 1
  const { last } = digitsOf(window.significantDigits).buckets
  // The age that reset() left in the common shard holds for all shards.
  for (const c of allCells(arena, page)) {
    if (i32[c * 2 + L.CELLS_SHARD] !== L.COMMON_SHARD) continue
    const reset = Atomics.load(i32, blocksAt(arena, family, page, c, index) * 2 + L.NATIVE_AGE)
    if (reset !== 0) oldest = Math.min(oldest, ((now - (reset - 1)) | 0) - 1)
  }
  for (const cells of allCells(arena, page)) {
    if (i32[cells * 2 + L.CELLS_SHARD] === L.COMMON_SHARD) continue
    const first = blocksAt(arena, family, page, cells, index)
    for (let n = 0; n < window.ageBuckets; n++) {
      const at = first + n * L.NATIVE_WORDS
      for (;;) {
        const age = Atomics.load(i32, at * 2 + L.NATIVE_AGE)
        if (age === 0 || ((now - (age - 1)) | 0) > oldest) break
        const block = readBlock(arena, at)
        // The entry has begun a new age meanwhile: what was read may belong to either.
        if (Atomics.load(i32, at * 2 + L.NATIVE_AGE) !== age) continue
        if (block === undefined) break
        const { low, counts } = block.positive
        // A block has room on both sides for what it has yet to count.
        if (low < -4 * last || low + counts.length > 4 * last)
          throw damaged('a summary has buckets that no number is in')
        found.push(block)
        break
      }
    }
  }
  return found
}

/** Counts of all blocks together. */
interface Merged {
  /** Of what is below the range. */
  readonly below: number
  /** From the lowest bucket in use on. */
  readonly low: number
  readonly counts: Float64Array
}

/** Undefined where nothing was counted. */
function merged(parts: readonly NativeCounts[]): Merged | undefined {
  const { positive: reach } = parts.reduce((reach, { positive }) => {
    reachOf(positive, reach.positive, 0)
    return reach
  }, nothing(0))
  const counts = new Float64Array(widthOf(reach))
  let below = 0
  for (const { positive, negative } of parts) {
    for (const count of negative.counts) below += count
    positive.counts.forEach((count, n) => {
      if (count !== 0) counts[positive.low + n - reach.low] += count
    })
  }
  return below === 0 && counts.length === 0 ? undefined : { below, low: reach.low, counts }
}

/** Fills the histogram, which takes whole numbers, with values of so many units; returns the unit. */
function record(histogram: Histogram, buckets: HdrBuckets, { below, low, counts }: Merged): number {
  const { bits } = buckets
  histogram.reset()
  if (below > 0) histogram.recordValueWithCount(0, below)
  if (counts.length === 0) return 1
  // Whole numbers are exact up to 2^53: a value that is smaller than the largest by so much is exposed less exactly.
  const finest = buckets.exponentOf(low + counts.length - 1) - (50 - bits)
  const exponent = Math.max(buckets.exponentOf(low), finest)
  counts.forEach((count, n) => {
    if (count <= 0) return
    const scale = 2 ** (buckets.exponentOf(low + n) - exponent)
    histogram.recordValueWithCount(Math.floor((2 ** bits + buckets.stepOf(low + n)) * scale), count)
  })
  return 2 ** (exponent - bits)
}
