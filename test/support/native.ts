/** What a native histogram must show of the values it has seen, computed naively. */
import { Families } from '../../src/catalogue/families.js'
import { type NativeValue, nativeValue } from '../../src/folds/native-fold.js'
import { exponentialIndex } from '../../src/instruments/exponential.js'
import type { Arena } from '../../src/memory/arena.js'
import { MIN_SCHEMA } from '../../src/memory/layout.js'
import { coarser } from '../../src/memory/native.js'
import { places } from '../../src/series/walk.js'
import { foldPlace } from './fold-oracle.js'
import { type Message, spanned } from './protobuf.js'

const ZERO = 2 ** -128

/** test/native/index.test.ts holds it against the specification. */
export function indexOf(value: number, schema: number): number {
  const fine = exponentialIndex(schema)
  return coarser(fine.find(Math.abs(value)), fine.schema - schema)
}

function tally(values: readonly number[], schema: number): [number, number][] {
  const counts = new Map<number, number>()
  const overflow = indexOf(Number.MAX_VALUE, schema) + 1
  for (const value of values) {
    const index = Number.isFinite(value) ? indexOf(value, schema) : overflow
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => a - b)
}

export function expectedAt(values: readonly number[], schema: number): NativeValue {
  return {
    schema,
    zeroThreshold: ZERO,
    zeroCount: values.filter(value => Math.abs(value) <= ZERO).length,
    positive: tally(
      values.filter(value => value > ZERO),
      schema,
    ),
    negative: tally(
      values.filter(value => value < -ZERO),
      schema,
    ),
  }
}

/** The finest schema at which the values have no more buckets than that. */
export function expectedSchema(values: readonly number[], schema: number, maxBuckets: number): number {
  const finite = values.filter(Number.isFinite)
  for (let at = schema; at > MIN_SCHEMA; at--) {
    const width = (side: readonly number[]) => {
      const indices = side.map(value => indexOf(value, at))
      return side.length === 0 ? 0 : Math.max(...indices) - Math.min(...indices) + 1
    }
    const wide = width(finite.filter(value => value > ZERO)) + width(finite.filter(value => value < -ZERO))
    if (wide <= maxBuckets) return at
  }
  return MIN_SCHEMA
}

/** The one series of a family as JavaScript folds it. */
export function folded(arena: Arena, name: string): NativeValue & { count: number; sum: number } {
  const family = new Families(arena).get(name)
  const [place] = family === undefined ? [] : places(arena, family)
  if (family?.native === undefined || place === undefined) throw new Error(`no native series in ${name}`)
  const cells = foldPlace(arena, family, place)
  const bounds = family.bounds.length
  const value = nativeValue(arena, family, family.native, place, [...cells.subarray(bounds + 2)])
  const count = cells.subarray(0, bounds + 1).reduce((all, one) => all + one, 0)
  return { ...value, count, sum: cells[bounds + 1] }
}

/** One metric of a message as registry.value() would return it, with its count; checked to be consistent in itself. */
export function decoded(metric: Message['metric'][number]): NativeValue & { count: number; sum: number } {
  const { histogram } = metric
  if (histogram?.schema === undefined) throw new Error('not native')
  const positive = spanned(histogram.positiveSpan, histogram.positiveDelta)
  const negative = spanned(histogram.negativeSpan, histogram.negativeDelta)
  if ((histogram.positiveSpan ?? histogram.negativeSpan) === undefined) throw new Error('no span')
  const zeroCount = histogram.zeroCount ?? Number.NaN
  const inBuckets = [...positive, ...negative].reduce((all, [, count]) => all + count, zeroCount)
  // Observations that are no number are in the count alone. Native histograms specification, 'Count and sum'.
  const noNumber = Number.isNaN(histogram.sampleSum)
  if (inBuckets > histogram.sampleCount || (!noNumber && inBuckets !== histogram.sampleCount)) {
    throw new Error(`count ${histogram.sampleCount}, but ${inBuckets} in buckets`)
  }
  for (const { cumulativeCount } of histogram.bucket ?? []) {
    if (cumulativeCount > histogram.sampleCount) throw new Error(`${cumulativeCount} below a bound`)
  }
  const { schema, zeroThreshold = Number.NaN } = histogram
  const value = { schema, zeroThreshold, zeroCount, positive, negative }
  return { ...value, count: histogram.sampleCount, sum: histogram.sampleSum }
}

export function inBuckets({ zeroCount, positive, negative }: NativeValue): number {
  return [...positive, ...negative].reduce((all, [, count]) => all + count, zeroCount)
}
