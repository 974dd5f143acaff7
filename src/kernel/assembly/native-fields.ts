// Native histograms in protobuf, as scraped and as by remote write: schema, zero bucket, spans and deltas.
import { COARSEST_BUCKETS, NATIVE_MINUS_INF, NATIVE_NAN, NATIVE_PLUS_INF, NATIVE_ZERO, ZERO_EXPONENT } from './layout'
import { coarser } from './native'
import { Block, Family } from './records'
import { varint } from './varint'
import { put, zigzag } from './wire'

/**
 * Fields of Histogram and BucketSpan in io.prometheus.client, with their wire types. In remote write, Histogram's stand one
 * field lower each.
 */
const HISTOGRAM_SCHEMA = 0x28
const HISTOGRAM_ZERO_THRESHOLD = 0x31
const HISTOGRAM_ZERO_COUNT = 0x38
const NEGATIVE_SPAN = 0x4a
const NEGATIVE_DELTA = 0x50
const POSITIVE_SPAN = 0x62
const POSITIVE_DELTA = 0x68
const SPAN_OFFSET = 0x08
const SPAN_LENGTH = 0x10

export const TAGS_CLIENT: i32 = 0
export const TAGS_REMOTE_WRITE: i32 = 8

/** Empty buckets that are written for less than a new span takes. */
const MAX_GAP = 2
/** Bytes of a bucket at most: its delta, and its share in a span, of which there is one in four buckets at most. */
const BUCKET_BYTES = 11 + 4
/** All else: schema, zero bucket, and a span and a delta for each infinity. */
const OTHER_BYTES = 3 + 9 + 11 + 2 * (14 + 11) + 14

/** At most this many bytes are written of a series' exponential buckets. */
export function nativeFixed(family: Family): i32 {
  const most = family.nativeBuckets
  return most == 0 ? 0 : OTHER_BYTES + BUCKET_BYTES * max(most, COARSEST_BUCKETS)
}

/** What is in a folded block, and in the cells beside it: all observations but those that are no number. */
export function nativeCount(block: Block, special: usize): f64 {
  const counts = block.behind
  const width = block.counts + block.negativeCounts
  let count = load<f64>(special) + load<f64>(special + (NATIVE_NAN << 3))
  count += load<f64>(special + (NATIVE_PLUS_INF << 3)) + load<f64>(special + (NATIVE_MINUS_INF << 3))
  for (let n = 0; n < width; n++) count += max(0, load<f64>(counts + (<usize>n << 3)))
  return count
}

/** Schema, zero bucket, spans and deltas of a folded block. Native histograms specification, 'Exposition formats'. */
export function nativeFields(to: usize, block: Block, special: usize, lower: i32): usize {
  const schema = block.schema
  const counts = block.behind
  const width = block.counts
  // Infinity's bucket comes after that of the largest finite number.
  const infinite = coarser(1024 << max(schema, 0), max(-schema, 0)) + 1
  to = varint(put(to, HISTOGRAM_SCHEMA - lower), zigzag(schema))
  store<u8>(to, <u8>(HISTOGRAM_ZERO_THRESHOLD - lower))
  store<u64>(to, <u64>(1023 + ZERO_EXPONENT) << 52, 1)
  to += 9
  to = varint(put(to, HISTOGRAM_ZERO_COUNT - lower), <u64>load<f64>(special + (NATIVE_ZERO << 3)))
  const before = to
  const minus = load<f64>(special + (NATIVE_MINUS_INF << 3))
  const negative = counts + (<usize>width << 3)
  const negatives = block.negativeCounts
  to = spans(to, NEGATIVE_SPAN - lower, negative, block.negativeLow, negatives, infinite, minus)
  to = deltas(to, NEGATIVE_DELTA - lower, negative, negatives, minus)
  const plus = load<f64>(special + (NATIVE_PLUS_INF << 3))
  to = spans(to, POSITIVE_SPAN - lower, counts, block.low, width, infinite, plus)
  to = deltas(to, POSITIVE_DELTA - lower, counts, width, plus)
  // By a span, if an empty one, it is seen to be native.
  return to == before ? span(to, POSITIVE_SPAN - lower, 0, 0) : to
}

function span(to: usize, tag: i32, offset: i32, length: i32): usize {
  store<u8>(to, <u8>tag)
  const begin = to + 2
  store<u8>(begin, SPAN_OFFSET)
  let at = varint(begin + 1, zigzag(offset))
  store<u8>(at, SPAN_LENGTH)
  at = varint(at + 1, length)
  store<u8>(to + 1, <u8>(at - begin))
  return at
}

// @ts-ignore: decorator
@inline
function isEmpty(counts: usize, n: i32): bool {
  return load<f64>(counts + (<usize>n << 3)) <= 0
}

/** Where the next run of buckets begins; `width` where there is none. */
function runBegin(counts: usize, n: i32, width: i32): i32 {
  while (n < width && isEmpty(counts, n)) n++
  return n
}

/** Where it ends: before a gap that is longer than MAX_GAP. */
function runEnd(counts: usize, begin: i32, width: i32): i32 {
  let end = begin + 1
  for (let n = end; n < width && n - end <= MAX_GAP; n++) if (!isEmpty(counts, n)) end = n + 1
  return end
}

function spans(to: usize, tag: i32, counts: usize, low: i32, width: i32, infinite: i32, last: f64): usize {
  let after = 0
  for (let begin = runBegin(counts, 0, width); begin < width; ) {
    const end = runEnd(counts, begin, width)
    to = span(to, tag, low + begin - after, end - begin)
    after = low + end
    begin = runBegin(counts, end, width)
  }
  return last > 0 ? span(to, tag, infinite - after, 1) : to
}

function deltas(to: usize, tag: i32, counts: usize, width: i32, last: f64): usize {
  let before: i64 = 0
  for (let begin = runBegin(counts, 0, width); begin < width; ) {
    const end = runEnd(counts, begin, width)
    for (let n = begin; n < end; n++) {
      const count = <i64>max(0, load<f64>(counts + (<usize>n << 3)))
      to = varint(put(to, tag), zigzag(count - before))
      before = count
    }
    begin = runBegin(counts, end, width)
  }
  return last > 0 ? varint(put(to, tag), zigzag(<i64>last - before)) : to
}
