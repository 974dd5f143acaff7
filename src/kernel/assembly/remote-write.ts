// Prometheus remote write: what its two versions have in common. A series is a TimeSeries with one sample; a histogram or a
// summary is one for each of its lines, and one more with a native histogram's buckets.
//
// Sources: the specifications of remote write 1.0 and 2.0, and their schemas: prometheus.WriteRequest and
// io.prometheus.write.v2.Request.
import { copy } from './copy'
import { Encoder } from './encoder'
import { copyExemplar, exemplarLines, exemplarTime, exemplarValue, longestText } from './exemplars'
import {
  FORMAT_PROTOBUF,
  FORMAT_REMOTE_WRITE_2,
  KIND_COUNTER,
  KIND_HISTOGRAM,
  KIND_INFO,
  KIND_STATESET,
  KIND_SUMMARY,
  SERIES_EXPOSED,
} from './layout'
import { built, checkBuilt, EXEMPLAR_AT, findValues, order, orderBytes, values } from './label-order'
import { foldNative } from './native'
import { nativeCount, nativeFields, nativeFixed, TAGS_REMOTE_WRITE } from './native-fields'
import { indexOf, pageOf, textOf } from './place'
import { address, exists } from './record'
import { Block, Family, Place, Slot, Suffix } from './records'
import { isMisfit } from './state-label'
import { firstSuffix, nextSuffix, suffixBytes } from './suffix'
import { varint } from './varint'
import { double, lengthBytes, put, putLength } from './wire'

/** Fields, with their wire types, that both versions have alike. */
const SERIES_SAMPLE = 0x12
const SAMPLE_VALUE = 0x09
const SAMPLE_TIME = 0x10
const HISTOGRAM_COUNT = 0x08
const HISTOGRAM_SUM = 0x19
const HISTOGRAM_TIME = 0x78

/** What Prometheus takes for 'no value from here on', and what it has for all that is no number. */
const STALE: u64 = 0x7ff0_0000_0000_0002
const NOT_A_NUMBER: u64 = 0x7ff8_0000_0000_0001

const TYPE_COUNTER = 1
const TYPE_GAUGE = 2
const TYPE_HISTOGRAM = 3
const TYPE_SUMMARY = 5
const TYPE_INFO = 6
const TYPE_STATESET = 7

/** Which line of a family: its name is the family's, or that with `_bucket`, `_sum` or `_count`. */
export const LINE_VALUE = 0
export const LINE_BUCKET = 1
export const LINE_SUM = 2
export const LINE_COUNT = 3
const LINE_NAMES = 4

const BUCKET: usize = memory.data<u8>([0x5f, 0x62, 0x75, 0x63, 0x6b, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const SUM: usize = memory.data<u8>([0x5f, 0x73, 0x75, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const COUNT: usize = memory.data<u8>([0x5f, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/** A line's sample, the tag and length of its series, and what 2.0 has of metadata and creation. */
const LINE_BYTES = 96
/** A native histogram's count, sum and time. */
const NATIVE_BYTES = 64
/** More than any line costs: a family with so much in its labels that the scratch has no room for it. */
const NO_ROOM = 1 << 28

/** Lines of a series. */
export function remoteLines(family: Family): i32 {
  const bounds = family.bounds
  const kind = family.kind
  if (kind == KIND_SUMMARY) return bounds + 2
  if (kind != KIND_HISTOGRAM) return 1
  if (family.nativeBuckets == 0) return bounds + 3
  // A histogram that has native buckets alone is one line.
  return bounds == 0 ? 1 : bounds + 4
}

/** At most this many bytes of a line are not the series' own label text. */
export function remoteFixed(slot: Slot, family: Family): i32 {
  const labels = orderBytes(slot, family)
  return labels < 0 ? NO_ROOM : labels + LINE_BYTES
}

/** At most this many bytes of a series come on top of its lines. */
export function remoteOnce(family: Family): i32 {
  return family.nativeBuckets == 0 ? 0 : nativeFixed(family) + NATIVE_BYTES
}

/** At most this many bytes are written of a family, in each of its pieces, besides its series. */
export function remoteHeadCost(slot: Slot, family: Family): i32 {
  const name = slot.prefixBytes + family.nameBytes
  const text = name + family.rawHelpBytes + family.unitBytes + 64
  if (slot.format != FORMAT_REMOTE_WRITE_2) return text
  // All that is the same for its series is a symbol there: the names of its lines, and what else is in labels.
  return text + LINE_NAMES * (name + 16) + max(orderBytes(slot, family), 0)
}

/** The type of a family in metadata. */
export function metadataType(slot: Slot, family: Family): i32 {
  const kind = family.kind
  if (kind == KIND_HISTOGRAM) return TYPE_HISTOGRAM
  if (kind == KIND_SUMMARY) return TYPE_SUMMARY
  if (kind == KIND_INFO) return TYPE_INFO
  if (kind == KIND_STATESET) return isMisfit(slot, family) ? TYPE_GAUGE : TYPE_STATESET
  return kind == KIND_COUNTER ? TYPE_COUNTER : TYPE_GAUGE
}

/** What both versions' encoders have in common. */
@unmanaged
export class RemoteWriteEncoder extends Encoder {
  /** Bytes of a line at most besides the series' own label text; and of a series on top of its lines. */
  fixed: i32
  once: i32
  lines: i32
  /** How many labels a line has at most. */
  entries: i32
  /** Bytes of the label text of the series that is written. */
  textBytes: i32
  /** The time of all samples, and the bytes that it takes as a varint. */
  time: i64
  timeBytes: i32
  /** Whether what is written is that the series are gone. */
  gone: bool
  /** Where a native histogram's buckets are folded to; does not exist for other families. */
  native: Block

  /** False where its labels have no room: then none of its series is written, see `most`. */
  beginRemote(): bool {
    const slot = this.slot
    const family = this.family
    const kind = this.kind
    this.fixed = remoteFixed(slot, family)
    this.once = remoteOnce(family) + exemplarLines(family) * this.room
    this.lines = remoteLines(family)
    this.time = <i64>slot.time
    this.timeBytes = <i32>(varint(built(slot), <u64>this.time) - built(slot))
    this.gone = slot.series != SERIES_EXPOSED
    this.native = changetype<Block>(family.nativeBuckets != 0 ? slot.native : 0)
    this.entries = 0
    if (this.fixed == NO_ROOM) return false
    this.entries = order(slot, family, kind == KIND_HISTOGRAM || kind == KIND_SUMMARY, kind == KIND_SUMMARY)
    return true
  }

  // @ts-ignore: decorator
  @inline
  most(bytes: i32, _control: bool): u64 {
    return <u64>this.once + <u64>this.lines * (<u64>this.fixed + <u64><u32>bytes)
  }

  /** Finds the values of a series' labels. */
  // @ts-ignore: decorator
  @inline
  findLabels(place: Place, bytes: i32): void {
    this.textBytes = bytes
    const count = this.family.labels
    if (count != 0) findValues(values(this.slot), textOf(place), bytes, count)
  }

  /** The name of a line, in what is built from `to` on; returns where it ends. */
  lineName(to: usize, line: i32): usize {
    const slot = this.slot
    const family = this.family
    checkBuilt(slot, to, slot.prefixBytes + family.nameBytes + 64)
    to = copy(to, slot.prefix, slot.prefixBytes)
    to = copy(to, address(family.name), family.nameBytes)
    if (line == LINE_BUCKET) return copy(to, BUCKET, 7)
    if (line == LINE_SUM) return copy(to, SUM, 4)
    return line == LINE_COUNT ? copy(to, COUNT, 6) : to
  }

  /** A sample, with its tag. */
  // @ts-ignore: decorator
  @inline
  sample(to: usize, value: f64): usize {
    store<u8>(to, SERIES_SAMPLE)
    store<u8>(to, <u8>(10 + this.timeBytes), 1)
    store<u8>(to, SAMPLE_VALUE, 2)
    store<u64>(to, this.bits(value), 3)
    store<u8>(to, SAMPLE_TIME, 11)
    return varint(to + 12, <u64>this.time)
  }

  // @ts-ignore: decorator
  @inline
  bits(value: f64): u64 {
    if (this.gone) return STALE
    return value == value ? reinterpret<u64>(value + 0) : NOT_A_NUMBER
  }

  /** A native histogram's sample, of what was folded into `native`; its tag differs. */
  histogram(to: usize, tag: i32, sum: f64, special: usize): usize {
    const native = this.native
    const length = lengthBytes(this.once)
    const begin = put(to, tag) + length
    let at = put(begin, HISTOGRAM_COUNT)
    at = varint(at, this.gone ? 0 : <u64>nativeCount(native, special))
    store<u8>(at, HISTOGRAM_SUM)
    store<u64>(at, this.bits(sum), 1)
    at += 9
    if (!this.gone) at = nativeFields(at, native, special, TAGS_REMOTE_WRITE)
    at = varint(put(at, HISTOGRAM_TIME), <u64>this.time)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  /** Folds a series' native buckets, if it has any. */
  // @ts-ignore: decorator
  @inline
  foldBuckets(place: Place): void {
    const native = this.native
    if (exists(native) && !this.gone) foldNative(native, this.family, pageOf(place), indexOf(place))
  }

  /** Copies the text of a line's exemplar into scratch; its bytes, or -1 where there is none. */
  exemplarText(place: Place, line: i32): i32 {
    const room = this.room
    if (room == 0 || this.gone) return -1
    const to = this.slot.scratch + EXEMPLAR_AT
    return copyExemplar(to, this.family, pageOf(place), indexOf(place), line, longestText(room, FORMAT_PROTOBUF))
  }
}

/**
 * All lines of a series whose labels were found. A version's `line` is given the line, the bound if it has one, and the
 * number under which it can have an exemplar, or -1.
 */
// @ts-ignore: decorator
@inline
export function writeLines<E extends RemoteWriteEncoder>(encoder: E, to: usize, place: Place, values: usize): usize {
  const kind = encoder.kind
  if (kind == KIND_HISTOGRAM) return histogramLines<E>(encoder, to, place, values)
  if (kind == KIND_SUMMARY) return summaryLines<E>(encoder, to, place, values)
  return encoder.line(to, LINE_VALUE, 0, 0, load<f64>(values), place, kind == KIND_COUNTER ? 0 : -1)
}

function histogramLines<E extends RemoteWriteEncoder>(encoder: E, to: usize, place: Place, values: usize): usize {
  const family = encoder.family
  const bounds = family.bounds
  const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
  if (exists(encoder.native)) {
    encoder.foldBuckets(place)
    to = encoder.nativeLine(to, sum, values + (<usize>(bounds + 2) << 3), place)
    if (bounds == 0) return to
  }
  let suffix = firstSuffix(family)
  let total: f64 = 0
  for (let n = 0; n <= bounds; n++) {
    total += load<f64>(values + (<usize>n << 3))
    const bytes = boundBytes(family, suffix, false)
    to = encoder.line(to, LINE_BUCKET, boundText(suffix, false), bytes, total, place, n)
    suffix = nextSuffix(suffix)
  }
  to = encoder.line(to, LINE_SUM, 0, 0, sum, place, -1)
  return encoder.line(to, LINE_COUNT, 0, 0, total, place, -1)
}

function summaryLines<E extends RemoteWriteEncoder>(encoder: E, to: usize, place: Place, values: usize): usize {
  const family = encoder.family
  let suffix = firstSuffix(family)
  for (let n = 0; n < family.bounds; n++) {
    const value = load<f64>(values + 16 + (<usize>n << 3))
    const bytes = boundBytes(family, suffix, true)
    to = encoder.line(to, LINE_VALUE, boundText(suffix, true), bytes, value, place, -1)
    suffix = nextSuffix(suffix)
  }
  to = encoder.line(to, LINE_SUM, 0, 0, load<f64>(values, 8), place, -1)
  return encoder.line(to, LINE_COUNT, 0, 0, load<f64>(values), place, -1)
}

/** Value and time of an exemplar: the same fields in both versions. */
export function exemplarEnd(to: usize): usize {
  to = double(to, 0x11, exemplarValue)
  return varint(put(to, 0x18), <u64><i64>(exemplarTime * 1000))
}

/** The text of a suffix' bound, as `le` and `quantile` have it: `,le="0.5"} ` without what is around it. */
// @ts-ignore: decorator
@inline
function boundText(suffix: Suffix, quantile: bool): usize {
  return address(suffix.openmetrics) + (quantile ? 11 : 5)
}

// @ts-ignore: decorator
@inline
function boundBytes(family: Family, suffix: Suffix, quantile: bool): i32 {
  return max(suffixBytes(family, suffix.openmetricsBytes) - (quantile ? 11 : 5) - 3, 0)
}
