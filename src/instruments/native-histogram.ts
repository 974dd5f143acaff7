/**
 * Native histograms: exponential buckets beside the classic ones, as Prometheus' native histograms specification
 * defines them.
 */
import { countDrop } from '../catalogue/drops.js'
import type { Native } from '../catalogue/families.js'
import { wholeNumber } from '../common/checks.js'
import { badOption, knownOptions, outOfRange } from '../common/errors.js'
import * as L from '../memory/layout.js'
import { growBlock } from '../memory/native.js'
import type { Buckets } from './buckets.js'
import type { Context } from './context.js'
import type { Exemplar } from './exemplar.js'
import { type ExponentialIndex, exponentialIndex } from './exponential.js'
import { HistogramChild, observeWith } from './histogram-child.js'
import { type Child, type Metric, refuseValue } from './metric.js'

export interface NativeOptions {
  /**
   * Resolution, -4 to 8: each power of two has 2^schema buckets (or a bucket has 2^-schema powers of two). Default 3:
   * a bucket is 9% wide.
   */
  schema?: number
  /** Instead of `schema`: the upper bound of a bucket is at most so many times its lower bound, 1.00272 to 65,536. */
  growth?: number
  /**
   * The most buckets from the lowest to the highest in use, both signs together, 1 to 1,000. A series that would have
   * more goes on at half the resolution, down to schema -4, whose 144 buckets hold everything. Default 160.
   */
  maxBuckets?: number
}

const DEFAULT_SCHEMA = 3
const DEFAULT_MAX_BUCKETS = 160

export function checkNative(metric: string, native: unknown): Native | undefined {
  if (native === undefined) return undefined
  if (typeof native !== 'object' || native === null || Array.isArray(native)) {
    throw badOption('native', native, `of metric "${metric}" is not an object`)
  }
  knownOptions(`metric "${metric}", option "native"`, native, ['schema', 'growth', 'maxBuckets'])
  const { schema, growth, maxBuckets } = native as NativeOptions
  if (schema !== undefined && growth !== undefined) {
    throw badOption('native', native, `of metric "${metric}" has both schema and growth: they say the same`)
  }
  return {
    schema:
      growth !== undefined
        ? schemaOf(metric, growth)
        : wholeNumber('native.schema', schema, DEFAULT_SCHEMA, L.MIN_SCHEMA, L.MAX_SCHEMA),
    maxBuckets: wholeNumber('native.maxBuckets', maxBuckets, DEFAULT_MAX_BUCKETS, 1, L.MAX_NATIVE_BUCKETS),
  }
}

/** The coarsest schema whose buckets grow by no more than `growth`. */
function schemaOf(metric: string, growth: unknown): number {
  if (typeof growth !== 'number' || Number.isNaN(growth)) {
    throw badOption('native.growth', growth, `of metric "${metric}" is not a number`)
  }
  const least = 2 ** (2 ** -L.MAX_SCHEMA)
  const most = 2 ** (2 ** -L.MIN_SCHEMA)
  if (growth < least || growth > most) {
    throw outOfRange('native.growth', growth, `of metric "${metric}" is not from ${least} to ${most}`)
  }
  let schema = L.MIN_SCHEMA
  while (2 ** (2 ** -schema) > growth) schema++
  return schema
}

/** What the handles of one native histogram need in a thread. */
export class NativeBuckets {
  declare readonly limits: Native
  declare readonly index: ExponentialIndex
  readonly #context: Context

  constructor(context: Context, native: Native) {
    this.#context = context
    this.limits = native
    this.index = exponentialIndex(native.schema)
  }

  /** The cell that counts a positive value; 0 if there is none yet. */
  cellOf(i32: Int32Array, native: number, value: number): number {
    const block = i32[native * 2 + L.NATIVE_BLOCK]
    if (block === 0) return 0
    const n = this.#indexIn(i32, block, value) - i32[block * 2 + L.BLOCK_LOW]
    return n >= 0 && n < i32[block * 2 + L.BLOCK_COUNTS] ? block + L.BLOCK_HEADER_WORDS + n : 0
  }

  /** The cell that counts a negative value, given without its sign; 0 if there is none yet. */
  negativeCellOf(i32: Int32Array, native: number, magnitude: number): number {
    const block = i32[native * 2 + L.NATIVE_BLOCK]
    if (block === 0) return 0
    const n = this.#indexIn(i32, block, magnitude) - i32[block * 2 + L.BLOCK_NEGATIVE_LOW]
    if (!(n >= 0 && n < i32[block * 2 + L.BLOCK_NEGATIVE_COUNTS])) return 0
    return block + L.BLOCK_HEADER_WORDS + i32[block * 2 + L.BLOCK_COUNTS] + n
  }

  /** Index of the bucket, at the resolution of a block. */
  #indexIn(i32: Int32Array, block: number, magnitude: number): number {
    const by = this.index.schema - i32[block * 2 + L.BLOCK_SCHEMA]
    return (this.index.find(magnitude) + (1 << by) - 1) >> by
  }

  /** Makes room for a bucket; false when memory is full. */
  grow(at: number, index: number, negative: boolean): boolean {
    const { arena, series } = this.#context
    const shard = series.shard()
    if (shard === undefined) return false
    return this.#context.guarded(() => growBlock(arena, shard, at, this.limits, index, negative), false)
  }
}

const ZERO = 2 ** L.ZERO_EXPONENT

/**
 * One thread's handle on one series of a native histogram.
 *
 * Its cells: those of a classic histogram, and NATIVE_CELLS. An observation is in one bucket of each kind. After a
 * death in between, one of the two lacks that observation.
 */
export class NativeHistogramChild extends HistogramChild {
  /** See NATIVE_BLOCK. Set when it attaches. */
  native = 0
  // Declared without a value, as in Child, so that reads are checked less.
  declare private readonly i32: Int32Array
  declare private readonly own: NativeBuckets

  constructor(
    metric: Metric<string, Child>,
    key: string | readonly string[],
    buckets: Buckets,
    native: NativeBuckets,
  ) {
    super(metric, key, buckets)
    this.own = native
    this.i32 = metric.context.arena.i32
  }

  /**
   * Counts a value in its buckets and adds it to the sum. The first value in a new range takes some microseconds.
   *
   * @param value in the unit of the bounds. NaN is counted in no bucket except the classic +Inf, and makes the sum NaN.
   * Infinities have buckets of their own.
   * @param exemplar as for a classic histogram.
   * @throws TypeError naming a value that is no number, or an exemplar that is no object of labels; nothing is counted
   * then.
   */
  override observe(value: number, exemplar?: Exemplar | null): void {
    const { at, cells, buckets } = this
    // Rare cases are in another function: this one must be small enough to be inlined in its caller. Otherwise each
    // value would be allocated for the call.
    if (
      !(typeof value === 'number' && value > ZERO && value < Number.POSITIVE_INFINITY) ||
      exemplar !== undefined ||
      at === 0
    ) {
      observeRarely(this, value, exemplar)
      return
    }
    const cell = this.own.cellOf(this.i32, this.native, value)
    if (cell === 0) {
      this.observeSparse(value)
      return
    }
    cells[cell] += 1
    cells[at + buckets.find(value)] += 1
    cells[at + buckets.cells] += value
  }

  /**
   * As observe, for a finite value that is not around zero: a negative one, or one that may have no bucket yet.
   * @internal
   */
  observeSparse(value: number): void {
    const { at, cells, buckets } = this
    const cell = this.#cellOf(value) || this.#grownCellOf(value)
    if (cell === 0) return
    cells[cell] += 1
    cells[at + buckets.find(value)] += 1
    cells[at + buckets.cells] += value
  }

  #cellOf(value: number): number {
    const { own, i32, native } = this
    return value > 0 ? own.cellOf(i32, native, value) : own.negativeCellOf(i32, native, -value)
  }

  /** Makes room for a value's bucket. Returns 0 if the value was dropped instead. */
  #grownCellOf(value: number): number {
    const { metric, own } = this
    if (own.grow(this.native, own.index.find(Math.abs(value)), value < 0)) return this.#cellOf(value)
    metric.context.refused(metric.identity, L.DROP_MEMORY)
    countDrop(metric.context.arena, metric.family?.ref ?? 0, L.DROP_MEMORY)
    return 0
  }
}

/** Observes all values except a positive one on a child that has a cell. */
function observeRarely(
  child: NativeHistogramChild,
  value: number,
  exemplar: Exemplar | null | undefined,
): void {
  if (typeof value !== 'number') refuseValue(child, 'observe', value, 'a native histogram takes numbers')
  else if (exemplar !== undefined) observeWith(child, value, exemplar)
  else if (child.at === 0) {
    if (child.metric.revive(child)) child.observe(value)
  } else if (value < -ZERO && value > Number.NEGATIVE_INFINITY) child.observeSparse(value)
  else observeSpecial(child, value)
}

/** Observes a value that has a cell of its own: around zero, not finite, or NaN. */
function observeSpecial(child: NativeHistogramChild, value: number): void {
  const { at, cells, buckets } = child
  const bounds = buckets.bounds.length
  const special = at + bounds + 2
  if (value === Number.POSITIVE_INFINITY) cells[special + L.NATIVE_PLUS_INF] += 1
  else if (value === Number.NEGATIVE_INFINITY) cells[special + L.NATIVE_MINUS_INF] += 1
  else if (Number.isNaN(value)) cells[special + L.NATIVE_NAN] += 1
  else {
    cells[special + L.NATIVE_ZERO] += 1
    cells[at + bounds + 1] += value
  }
  cells[at + (Number.isNaN(value) ? bounds : buckets.find(value))] += 1
}
