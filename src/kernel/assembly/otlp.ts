// OTLP: opentelemetry.proto.metrics.v1.Metric, each as a field of ScopeMetrics. What stands around them, resource and scope,
// is put before a span by who sends it: see src/push/protocols/otlp.ts.
//
// A family is one metric in each of its pieces. Sums and histograms are cumulative, each point from its series' own birth
// on. Sources: opentelemetry-proto's metrics.proto, and OpenTelemetry's 'Prometheus and OpenMetrics Compatibility'.
import { copy } from './copy'
import { Encoder } from './encoder'
import { copyExemplar, exemplarLines, exemplarTime, exemplarValue, longestText } from './exemplars'
import {
  FORMAT_PROTOBUF,
  KIND_COUNTER,
  KIND_HISTOGRAM,
  KIND_INFO,
  KIND_STATESET,
  KIND_SUMMARY,
  NATIVE_NAN,
  NATIVE_ZERO,
  SERIES_EXPOSED,
  ZERO_EXPONENT,
} from './layout'
import { nameBytes, nextMark } from './marks'
import { foldNative } from './native'
import { indexOf, pageOf, textOf } from './place'
import { address, exists, ownProcess } from './record'
import { Block, Family, Place, Slot } from './records'
import { labelPrefix, mostLabelPrefix } from './state-label'
import { firstSuffix, nextSuffix } from './suffix'
import { varint } from './varint'
import { bytesField, double, fixed64, lengthBytes, put, putLength, unescaped, zigzag } from './wire'

/** Fields of the messages, with their wire types. */
const SCOPE_METRIC = 0x12
const METRIC_NAME = 0x0a
const METRIC_HELP = 0x12
const METRIC_UNIT = 0x1a
const METRIC_GAUGE = 0x2a
const METRIC_SUM = 0x3a
const METRIC_HISTOGRAM = 0x4a
const METRIC_EXPONENTIAL = 0x52
const METRIC_SUMMARY = 0x5a
const DATA_POINT = 0x0a
const DATA_TEMPORALITY: u16 = 0x0210
const DATA_MONOTONIC: u16 = 0x0118
/** Alike in all points but for that of an exponential histogram, whose attributes have another field. */
const POINT_START = 0x11
const POINT_TIME = 0x19
const NUMBER_VALUE = 0x21
const NUMBER_EXEMPLAR = 0x2a
const NUMBER_ATTRIBUTE = 0x3a
const NUMBER_FLAGS = 0x40
const HISTOGRAM_ATTRIBUTE = 0x4a
const HISTOGRAM_COUNT = 0x21
const HISTOGRAM_SUM = 0x29
const HISTOGRAM_BUCKETS = 0x32
const HISTOGRAM_BOUNDS = 0x3a
const HISTOGRAM_EXEMPLAR = 0x42
const HISTOGRAM_FLAGS = 0x50
const EXPONENTIAL_ATTRIBUTE = 0x0a
const EXPONENTIAL_SCALE = 0x30
const EXPONENTIAL_ZERO = 0x39
const EXPONENTIAL_POSITIVE = 0x42
const EXPONENTIAL_NEGATIVE = 0x4a
const EXPONENTIAL_FLAGS = 0x50
const EXPONENTIAL_EXEMPLAR = 0x5a
const EXPONENTIAL_THRESHOLD = 0x71
const BUCKETS_OFFSET = 0x08
const BUCKETS_COUNTS = 0x12
const SUMMARY_ATTRIBUTE = 0x3a
const SUMMARY_QUANTILE = 0x32
const SUMMARY_FLAGS = 0x40
const QUANTILE = 0x09
const QUANTILE_VALUE = 0x11
const EXEMPLAR_TIME = 0x11
const EXEMPLAR_VALUE = 0x19
const EXEMPLAR_SPAN = 0x22
const EXEMPLAR_TRACE = 0x2a
const EXEMPLAR_ATTRIBUTE = 0x3a
const ATTRIBUTE_KEY = 0x0a
const ATTRIBUTE_VALUE = 0x12
const VALUE_TEXT = 0x0a
/** The point has no value from here on. */
const NO_VALUE = 1

/** Bytes of a metric's length, and of its data's: 2^28 is more than a slot has. */
const LENGTH_BYTES = 4
/** Bytes of a bucket and its bound; a quantile takes no more. */
const BUCKET_BYTES = 24
const EXPONENTIAL_BYTES = 96
/** The most of an exponential bucket's count, as a varint; and of a gap, of which there can be one for each bucket. */
const COUNT_BYTES = 10

/** Units as UCUM spells them: the ones that metrics have by convention. */
const SECONDS: usize = memory.data<u8>([0x73, 0x65, 0x63, 0x6f, 0x6e, 0x64, 0x73])
const BYTES: usize = memory.data<u8>([0x62, 0x79, 0x74, 0x65, 0x73])
const RATIO: usize = memory.data<u8>([0x72, 0x61, 0x74, 0x69, 0x6f])
const SECONDS_UNIT: usize = memory.data<u8>([0x73])
const BYTES_UNIT: usize = memory.data<u8>([0x42, 0x79])
const RATIO_UNIT: usize = memory.data<u8>([0x31])

const TRACE_ID: usize = memory.data<u8>([0x74, 0x72, 0x61, 0x63, 0x65, 0x5f, 0x69, 0x64])
const SPAN_ID: usize = memory.data<u8>([0x73, 0x70, 0x61, 0x6e, 0x5f, 0x69, 0x64, 0])

/** At most this many bytes are written of a family, in each of its pieces, besides its series. */
export function otlpHeadCost(slot: Slot, family: Family): i32 {
  return slot.prefixBytes + family.nameBytes + family.rawHelpBytes + family.unitBytes + 64
}

/** At most this many bytes of a series are not its own label text. */
export function otlpFixed(family: Family): i32 {
  const labels = family.labels + ownProcess().defaultsCount
  const native = family.nativeBuckets
  const buckets = native == 0 ? family.bounds * BUCKET_BYTES : native * COUNT_BYTES + EXPONENTIAL_BYTES
  return 96 + 24 * labels + mostLabelPrefix(family) + ownProcess().defaultsBytes + buckets
}

@unmanaged
export class OtlpEncoder extends Encoder {
  /** Bytes of a series at most besides its own label text. */
  fixed: i32
  time: u64
  /** Whether what is written is that the series are gone. */
  gone: bool
  native: Block
  prefixBytes: i32
  /** Where the metric's data begins. */
  data: usize
  cumulative: bool

  /** The metric up to its series. Its lengths are written by `finish`. */
  begin(to: usize): usize {
    const slot = this.slot
    const family = this.family
    this.fixed = otlpFixed(family) + exemplarLines(family) * this.room
    this.time = nanoseconds(slot.time)
    this.gone = slot.series != SERIES_EXPOSED
    this.native = changetype<Block>(family.nativeBuckets != 0 ? slot.native : 0)
    this.prefixBytes = labelPrefix(slot, family)
    to = put(to, SCOPE_METRIC) + LENGTH_BYTES
    to = varint(put(to, METRIC_NAME), slot.prefixBytes + family.nameBytes)
    to = copy(to, slot.prefix, slot.prefixBytes)
    to = copy(to, address(family.name), family.nameBytes)
    if (family.rawHelpBytes != 0) to = bytesField(to, METRIC_HELP, address(family.rawHelp), family.rawHelpBytes)
    // A space stands before it there.
    if (family.unitBytes != 0) to = unit(to, address(family.omUnit) + 1, family.unitBytes)
    to = put(to, this.dataTag()) + LENGTH_BYTES
    this.data = to
    const kind = this.kind
    this.cumulative = kind == KIND_COUNTER || kind == KIND_HISTOGRAM || kind == KIND_SUMMARY
    if (kind == KIND_SUMMARY || this.isGauge()) return to
    store<u16>(to, DATA_TEMPORALITY)
    if (kind != KIND_COUNTER) return to + 2
    store<u16>(to, DATA_MONOTONIC, 2)
    return to + 4
  }

  isGauge(): bool {
    const kind = this.kind
    return kind != KIND_COUNTER && kind != KIND_HISTOGRAM && kind != KIND_INFO && kind != KIND_STATESET
  }

  dataTag(): i32 {
    const kind = this.kind
    if (kind == KIND_HISTOGRAM) return exists(this.native) ? METRIC_EXPONENTIAL : METRIC_HISTOGRAM
    if (kind == KIND_SUMMARY) return METRIC_SUMMARY
    return this.isGauge() ? METRIC_GAUGE : METRIC_SUM
  }

  // @ts-ignore: decorator
  @inline
  most(bytes: i32, _control: bool): u64 {
    return <u64>this.fixed + <u64><u32>bytes
  }

  /** A data point. */
  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    const kind = this.kind
    const length = lengthBytes(this.fixed + bytes)
    const begin = put(to, DATA_POINT) + length
    let at: usize
    if (kind == KIND_HISTOGRAM) at = this.histogram(begin, place, bytes, values)
    else if (kind == KIND_SUMMARY) at = this.summary(begin, place, bytes, values)
    else at = this.simple(begin, place, bytes, load<f64>(values))
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  finish(to: usize): usize {
    const begun = this.begun
    if (to == this.opened) return begun
    putLength(this.data - LENGTH_BYTES, <i32>(to - this.data), LENGTH_BYTES)
    putLength(begun + 1, <i32>(to - begun) - 1 - LENGTH_BYTES, LENGTH_BYTES)
    return to
  }

  /** What all points begin with: attributes, times, and that there is no value any more. */
  head(to: usize, place: Place, bytes: i32, attribute: i32, flags: i32): usize {
    to = attributes(to, attribute, address(ownProcess().defaults), ownProcess().defaultsBytes, ownProcess().defaultsCount)
    const labels = this.family.labels
    if (labels != 0) to = attributes(to, attribute, textOf(place), bytes, labels, this.slot.prefix, this.prefixBytes)
    const birth = place.birth
    if (this.cumulative && birth != 0) to = fixed64(to, POINT_START, min(nanoseconds(birth), this.time))
    to = fixed64(to, POINT_TIME, this.time)
    return this.gone ? varint(put(to, flags), NO_VALUE) : to
  }

  simple(to: usize, place: Place, bytes: i32, value: f64): usize {
    to = this.head(to, place, bytes, NUMBER_ATTRIBUTE, NUMBER_FLAGS)
    if (this.gone) return to
    to = double(to, NUMBER_VALUE, value)
    return this.room != 0 && this.kind == KIND_COUNTER ? this.exemplar(to, NUMBER_EXEMPLAR, place, 0) : to
  }

  histogram(to: usize, place: Place, bytes: i32, values: usize): usize {
    const family = this.family
    const bounds = family.bounds
    const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
    if (exists(this.native)) return this.exponential(to, place, bytes, sum, values + (<usize>(bounds + 2) << 3))
    to = this.head(to, place, bytes, HISTOGRAM_ATTRIBUTE, HISTOGRAM_FLAGS)
    if (this.gone) return to
    let count: f64 = 0
    for (let n = 0; n <= bounds; n++) count += load<f64>(values + (<usize>n << 3))
    to = fixed64(to, HISTOGRAM_COUNT, <u64>count)
    to = double(to, HISTOGRAM_SUM, sum)
    to = varint(put(to, HISTOGRAM_BUCKETS), <u64>(bounds + 1) << 3)
    for (let n = 0; n <= bounds; n++, to += 8) store<u64>(to, <u64>load<f64>(values + (<usize>n << 3)))
    to = varint(put(to, HISTOGRAM_BOUNDS), <u64>bounds << 3)
    let suffix = firstSuffix(family)
    for (let n = 0; n < bounds; n++, to += 8) {
      store<f64>(to, suffix.bound)
      suffix = nextSuffix(suffix)
    }
    if (this.room == 0) return to
    for (let n = 0; n <= bounds; n++) to = this.exemplar(to, HISTOGRAM_EXEMPLAR, place, n)
    return to
  }

  /**
   * Exponential buckets. There is none for what is infinite: it is in the sum alone. What is no number is in the count, as
   * Prometheus wants it: its sum is no number then.
   */
  exponential(to: usize, place: Place, bytes: i32, sum: f64, special: usize): usize {
    to = this.head(to, place, bytes, EXPONENTIAL_ATTRIBUTE, EXPONENTIAL_FLAGS)
    if (this.gone) return to
    const native = this.native
    foldNative(native, this.family, pageOf(place), indexOf(place))
    const counts = native.behind
    const positives = native.counts
    const negatives = native.negativeCounts
    const zero = load<f64>(special + (NATIVE_ZERO << 3))
    let count = zero + load<f64>(special + (NATIVE_NAN << 3))
    for (let n = 0; n < positives + negatives; n++) count += max(0, load<f64>(counts + (<usize>n << 3)))
    to = fixed64(to, HISTOGRAM_COUNT, <u64>count)
    to = double(to, HISTOGRAM_SUM, sum)
    to = varint(put(to, EXPONENTIAL_SCALE), zigzag(native.schema))
    to = fixed64(to, EXPONENTIAL_ZERO, <u64>zero)
    to = buckets(to, EXPONENTIAL_POSITIVE, counts, native.low, positives)
    to = buckets(to, EXPONENTIAL_NEGATIVE, counts + (<usize>positives << 3), native.negativeLow, negatives)
    store<u8>(to, EXPONENTIAL_THRESHOLD)
    store<u64>(to, <u64>(1023 + ZERO_EXPONENT) << 52, 1)
    to += 9
    if (this.room == 0) return to
    const bounds = this.family.bounds
    for (let n = 0; n <= bounds; n++) to = this.exemplar(to, EXPONENTIAL_EXEMPLAR, place, n)
    return to
  }

  summary(to: usize, place: Place, bytes: i32, values: usize): usize {
    const family = this.family
    to = this.head(to, place, bytes, SUMMARY_ATTRIBUTE, SUMMARY_FLAGS)
    if (this.gone) return to
    to = fixed64(to, HISTOGRAM_COUNT, <u64>load<f64>(values))
    to = double(to, HISTOGRAM_SUM, load<f64>(values, 8))
    let suffix = firstSuffix(family)
    for (let n = 0; n < family.bounds; n++) {
      const begin = put(to, SUMMARY_QUANTILE) + 1
      let at = double(begin, QUANTILE, suffix.bound)
      at = double(at, QUANTILE_VALUE, load<f64>(values + 16 + (<usize>n << 3)))
      store<u8>(begin - 1, <u8>(at - begin))
      to = at
      suffix = nextSuffix(suffix)
    }
    return to
  }

  /** An exemplar of a line, if it has one. */
  exemplar(to: usize, tag: i32, place: Place, line: i32): usize {
    const room = this.room
    const scratch = this.slot.scratch
    const most = longestText(room, FORMAT_PROTOBUF)
    const bytes = copyExemplar(scratch, this.family, pageOf(place), indexOf(place), line, most)
    if (bytes < 0) return to
    const length = lengthBytes(room)
    const begin = put(to, tag) + length
    let at = fixed64(begin, EXEMPLAR_TIME, nanoseconds(exemplarTime * 1000))
    at = double(at, EXEMPLAR_VALUE, exemplarValue)
    at = exemplarLabels(at, scratch, bytes)
    putLength(begin - length, <i32>(at - begin), length)
    return at
  }
}

/** ms since the epoch, in ns. */
// @ts-ignore: decorator
@inline
function nanoseconds(ms: f64): u64 {
  return <u64>ms * 1_000_000
}

function unit(to: usize, from: usize, bytes: i32): usize {
  if (bytes == 7 && memory.compare(from, SECONDS, 7) == 0) return bytesField(to, METRIC_UNIT, SECONDS_UNIT, 1)
  if (bytes == 5 && memory.compare(from, BYTES, 5) == 0) return bytesField(to, METRIC_UNIT, BYTES_UNIT, 2)
  if (bytes == 5 && memory.compare(from, RATIO, 5) == 0) return bytesField(to, METRIC_UNIT, RATIO_UNIT, 1)
  return bytesField(to, METRIC_UNIT, from, bytes)
}

/** A bucket n here is (base^n, base^(n+1)]; in the memory it is the one of its upper bound. */
function buckets(to: usize, tag: i32, counts: usize, low: i32, width: i32): usize {
  if (width == 0) return to
  const length = lengthBytes(width * COUNT_BYTES + 16)
  const begin = put(to, tag) + length
  let at = varint(put(begin, BUCKETS_OFFSET), zigzag(low - 1))
  const packed = put(at, BUCKETS_COUNTS) + length
  at = packed
  for (let n = 0; n < width; n++) at = varint(at, <u64>max(0, load<f64>(counts + (<usize>n << 3))))
  putLength(packed - length, <i32>(at - packed), length)
  putLength(to + 1, <i32>(at - begin), length)
  return at
}

/**
 * Attributes from `a="x",b="y"`, unescaped, `most` at most; the first one's name may have a prefix. A text that is
 * overwritten meanwhile ends where it makes no sense.
 */
function attributes(
  to: usize,
  tag: i32,
  text: usize,
  bytes: i32,
  most: i32,
  prefix: usize = 0,
  prefixBytes: i32 = 0,
): usize {
  const end = text + bytes
  for (; text < end && most > 0; most--) {
    const name = nameBytes(text, end)
    const value = text + name + 2
    let quote = nextMark(value, end)
    let escapes = 0
    while (quote < end && load<u8>(quote) != 0x22) {
      escapes++
      quote = nextMark(quote + 2, end)
    }
    if (quote >= end) break
    to = attribute(to, tag, text, name, value, <i32>(quote - value), escapes, prefix, prefixBytes)
    prefixBytes = 0
    text = quote + 2
  }
  return to
}

/** One of them: key, and a value of text. */
function attribute(
  to: usize,
  tag: i32,
  name: usize,
  nameBytes: i32,
  value: usize,
  raw: i32,
  escapes: i32,
  prefix: usize,
  prefixBytes: i32,
): usize {
  const bytes = raw - escapes
  const whole = prefixBytes + nameBytes
  const text = 1 + lengthBytes(bytes) + bytes
  to = varint(put(to, tag), 2 + lengthBytes(whole) + whole + lengthBytes(text) + text)
  to = varint(put(to, ATTRIBUTE_KEY), whole)
  if (prefixBytes != 0) to = copy(to, prefix, prefixBytes)
  to = copy(to, name, nameBytes)
  to = varint(put(to, ATTRIBUTE_VALUE), text)
  to = varint(put(to, VALUE_TEXT), bytes)
  return escapes == 0 ? copy(to, value, raw) : unescaped(to, value, value + raw)
}

/** Labels of an exemplar: a trace and its span by their ids, if they are such, and what else there is as attributes. */
function exemplarLabels(to: usize, text: usize, bytes: i32): usize {
  const end = text + bytes
  while (text < end) {
    const name = nameBytes(text, end)
    const value = text + name + 2
    let quote = nextMark(value, end)
    let escapes = 0
    while (quote < end && load<u8>(quote) != 0x22) {
      escapes++
      quote = nextMark(quote + 2, end)
    }
    if (quote >= end) break
    const raw = <i32>(quote - value)
    if (name == 8 && raw == 32 && memory.compare(text, TRACE_ID, 8) == 0 && isHex(value, 32)) {
      to = hex(to, EXEMPLAR_TRACE, value, 32)
    } else if (name == 7 && raw == 16 && memory.compare(text, SPAN_ID, 7) == 0 && isHex(value, 16)) {
      to = hex(to, EXEMPLAR_SPAN, value, 16)
    } else to = attribute(to, EXEMPLAR_ATTRIBUTE, text, name, value, raw, escapes, 0, 0)
    text = quote + 2
  }
  return to
}

/** What a hexadecimal digit stands for; -1 for another character. */
function digit(c: i32): i32 {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const letter = c | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function isHex(text: usize, bytes: i32): bool {
  for (let n = 0; n < bytes; n++) if (digit(load<u8>(text + n)) < 0) return false
  return true
}

function hex(to: usize, tag: i32, text: usize, digits: i32): usize {
  to = varint(put(to, tag), digits >> 1)
  for (let n = 0; n < digits; n += 2) {
    store<u8>(to++, <u8>((digit(load<u8>(text + n)) << 4) | digit(load<u8>(text + n + 1))))
  }
  return to
}
