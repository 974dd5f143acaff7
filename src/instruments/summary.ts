/** Summaries: quantiles of the values that were observed lately, over all threads. */
import { countDrop } from '../catalogue/drops.js'
import { type AgeWindow, ageOf } from '../catalogue/families.js'
import { duration, wholeNumber } from '../common/checks.js'
import { badOption, outOfRange } from '../common/errors.js'
import { BELOW, HdrBuckets, MAX_DIGITS } from '../folds/hdr-buckets.js'
import { ageNumber } from '../folds/summary-fold.js'
import * as L from '../memory/layout.js'
import { growBlock, isBlock } from '../memory/native.js'
import type { Context } from './context.js'
import { Child, type Labels, Metric, refuseValue } from './metric.js'
import { startTimer } from './timer.js'

const DEFAULT_QUANTILES = [0.5, 0.9, 0.95, 0.99]
const MAX_QUANTILES = 100
const DEFAULT_MAX_AGE = 600_000
/** The shortest age, ms. With shorter ones, the 32-bit number of an age would come again before a year is over. */
const MIN_AGE = 20
const MAX_AGE_BUCKETS = 60

/** The quantiles, ascending. @throws TypeError or RangeError naming what is no quantile. */
export function checkQuantiles(metric: string, quantiles: unknown = DEFAULT_QUANTILES): number[] {
  if (!Array.isArray(quantiles) || quantiles.length === 0 || quantiles.length > MAX_QUANTILES) {
    throw badOption(
      'quantiles',
      quantiles,
      `of metric "${metric}" is not a list of 1 to ${MAX_QUANTILES} quantiles`,
    )
  }
  for (const quantile of quantiles) {
    if (typeof quantile !== 'number')
      throw badOption('quantiles', quantile, `of metric "${metric}" is not a number`)
    if (!(quantile >= 0 && quantile <= 1)) {
      throw outOfRange('quantiles', quantile, `of metric "${metric}" is not from 0 to 1`)
    }
  }
  const sorted = [...quantiles].map(quantile => quantile + 0).sort((a, b) => a - b)
  const twice = sorted.find((quantile, n) => quantile === sorted[n - 1])
  if (twice !== undefined) throw badOption('quantiles', twice, `is there twice in metric "${metric}"`)
  return sorted
}

export interface WindowOptions {
  maxAge?: number | string | undefined
  ageBuckets?: number | undefined
  significantDigits?: number | undefined
}

export function checkWindow(metric: string, options: WindowOptions): AgeWindow {
  const window = {
    maxAge: duration('maxAge', options.maxAge, DEFAULT_MAX_AGE),
    ageBuckets: wholeNumber('ageBuckets', options.ageBuckets, 5, 1, MAX_AGE_BUCKETS),
    significantDigits: wholeNumber('significantDigits', options.significantDigits, 2, 1, MAX_DIGITS),
  }
  if (ageOf(window) < MIN_AGE || ageOf(window) >= 2 ** 31) {
    const why = `of metric "${metric}" is not ${MIN_AGE} ms or more for each of ${window.ageBuckets} age buckets`
    throw outOfRange('maxAge', options.maxAge, why)
  }
  return window
}

/** What the handles of one summary need in a thread. */
class SummaryBuckets {
  readonly buckets: HdrBuckets
  readonly uptime: () => number
  readonly age: number
  readonly ages: number
  readonly #context: Context

  constructor(context: Context, window: AgeWindow) {
    this.#context = context
    this.buckets = new HdrBuckets(window.significantDigits)
    this.uptime = context.uptime
    this.age = ageOf(window)
    this.ages = window.ageBuckets
  }

  /**
   * The entry in which the present age is counted. If it has counts of an earlier age, they are too old, and are
   * cleared.
   */
  entry(first: number): number {
    const age = ageNumber(this.uptime(), this.age)
    const at = first + ((age >>> 0) % this.ages) * L.NATIVE_WORDS
    if (this.#context.arena.i32[at * 2 + L.NATIVE_AGE] !== ((age + 1) | 0)) this.#begin(at, (age + 1) | 0)
    return at
  }

  /**
   * Clears an entry for a new age. Readers notice it by the sequence, and then by the age. A thread that dies in
   * between leaves a part of the earlier age, which would be cleared soon in any case.
   */
  #begin(at: number, age: number): void {
    const { arena } = this.#context
    const { i32, f64 } = arena
    Atomics.add(i32, at * 2 + L.NATIVE_SEQ, 1)
    const block = i32[at * 2 + L.NATIVE_BLOCK]
    if (!isBlock(arena, block)) Atomics.store(i32, at * 2 + L.NATIVE_BLOCK, 0)
    else f64.fill(0, block + L.BLOCK_HEADER_WORDS, block + i32[block * 2 + L.BLOCK_WORDS])
    Atomics.store(i32, at * 2 + L.NATIVE_AGE, age)
  }

  /**
   * Makes room for a bucket; false when memory is full. Values below the range are counted apart, in the negative
   * window of a block.
   */
  grow(at: number, index: number): boolean {
    const { arena, series } = this.#context
    const shard = series.shard()
    if (shard === undefined) return false
    const grow = () => growBlock(arena, shard, at, UNREDUCED, Math.max(index, 0), index === BELOW)
    return this.#context.guarded(grow, false)
  }
}

/** Blocks of a summary are never made coarser. */
const UNREDUCED = { schema: 0, maxBuckets: Number.POSITIVE_INFINITY }

/** One thread's handle on one summary series. Call from the thread that looked it up. Its cells: count and sum. */
export class SummaryChild extends Child {
  /** See NATIVE_BLOCK. Set when it attaches. @internal */
  native = 0
  readonly #i32: Int32Array
  readonly #own: SummaryBuckets

  /** @internal */
  constructor(metric: Metric<string, Child>, key: string | readonly string[], own: SummaryBuckets) {
    super(metric, key)
    this.#own = own
    this.#i32 = metric.context.arena.i32
  }

  /**
   * Counts a value. It takes about 0.1 µs, because it reads the clock. The first value in a new range takes some
   * microseconds.
   *
   * @param value finite, not negative. Quantiles report a value below 2^-30 as 0, and one above 2^40 as 2^40.
   * @throws RangeError or TypeError naming the value.
   */
  observe(value: number): void {
    const { at, cells } = this
    if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY)) {
      refuse(this, value)
      return
    }
    if (at === 0) {
      observeSlowly(this, value)
      return
    }
    const own = this.#own
    const i32 = this.#i32
    const entry = own.entry(this.native)
    const index = own.buckets.find(value)
    const block = i32[entry * 2 + L.NATIVE_BLOCK]
    const n = index - i32[block * 2 + L.BLOCK_LOW]
    if (block !== 0 && n >= 0 && n < i32[block * 2 + L.BLOCK_COUNTS]) {
      cells[block + L.BLOCK_HEADER_WORDS + n] += 1
    } else if (!this.#countElsewhere(entry, index)) return
    cells[at] += 1
    cells[at + 1] += value
  }

  /** Counts a value that is below the range, or for which the block has no bucket; false if it was dropped instead. */
  #countElsewhere(entry: number, index: number): boolean {
    const { metric, cells } = this
    const i32 = this.#i32
    const block = i32[entry * 2 + L.NATIVE_BLOCK]
    if (index === BELOW && block !== 0 && i32[block * 2 + L.BLOCK_NEGATIVE_COUNTS] !== 0) {
      cells[
        block + L.BLOCK_HEADER_WORDS + i32[block * 2 + L.BLOCK_COUNTS] - i32[block * 2 + L.BLOCK_NEGATIVE_LOW]
      ] += 1
      return true
    }
    if (!this.#own.grow(entry, index)) {
      metric.context.refused(metric.identity, L.DROP_MEMORY)
      countDrop(metric.context.arena, metric.family?.ref ?? 0, L.DROP_MEMORY)
      return false
    }
    if (index === BELOW) return this.#countElsewhere(entry, index)
    const grown = i32[entry * 2 + L.NATIVE_BLOCK]
    cells[grown + L.BLOCK_HEADER_WORDS + index - i32[grown * 2 + L.BLOCK_LOW]] += 1
    return true
  }

  /** Starts a timer. Returns a function that observes the seconds since then, and returns them. */
  startTimer(): () => number {
    return startTimer(this.metric.context.elapsed, seconds => this.observe(seconds))
  }
}

function refuse(child: Child, value: unknown): void {
  refuseValue(child, 'observe', value, 'a summary takes finite numbers from 0 up')
}

function observeSlowly(child: SummaryChild, value: number): void {
  if (child.metric.revive(child)) child.observe(value)
}

/**
 * Quantiles of the values of the last `maxAge`, and their sum and count since the beginning. Any thread may register it
 * and record in it. A histogram costs less, here and at its reader, and can be added up over servers. kumod's own
 * client gives up on summaries.
 */
export class Summary<L extends string = never> extends Metric<L, SummaryChild> {
  #own: SummaryBuckets | undefined

  /** The quantiles, ascending. */
  get quantiles(): readonly number[] {
    return [...this.identity.bounds]
  }

  /** @internal */
  protected makeChild(key: string | readonly string[]): SummaryChild {
    this.#own ??= new SummaryBuckets(this.context, this.identity.window as AgeWindow)
    return new SummaryChild(this as unknown as Metric<string, Child>, key, this.#own)
  }

  /** Observes a value for the series without labels, or for the series of the given labels. */
  observe(value: number): void
  observe(labels: Labels<L>, value: number): void
  observe(first: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).observe(value as number)
    } else this.only.observe(first)
  }

  /**
   * Starts a timer. Returns a function that observes the seconds since then, and returns them. Labels can be given at
   * either end.
   */
  startTimer(labels?: Partial<Labels<L>>): (more?: Partial<Labels<L>>) => number {
    return this.timed(labels, (child, seconds) => child.observe(seconds))
  }
}
