// Protobuf, io.prometheus.client.MetricFamily, each after its length.
//
// A family that is divided over spans is several messages of its name, one a span, as spans are encoded side by side:
// readers take messages one by one. A family without series is left out: Prometheus looks at the first one of each
// message.
import { copy } from './copy'
import { Encoder } from './encoder'
import { copyExemplar, exemplarLines, exemplarTime, exemplarValue, longestText } from './exemplars'
import { FORMAT_PROTOBUF, KIND_COUNTER, KIND_HISTOGRAM, KIND_SUMMARY } from './layout'
import { labels } from './label-pairs'
import { indexOf, pageOf, textOf } from './place'
import { foldNative } from './native'
import { nativeCount, nativeFields, nativeFixed, TAGS_CLIENT } from './native-fields'
import { address, exists, ownProcess, view } from './record'
import { Block, Family, Place, Slot } from './records'
import { labelPrefix, mostLabelPrefix } from './state-label'
import { firstSuffix, nextSuffix } from './suffix'
import { varint } from './varint'
import { double, lengthBytes, put, putLength } from './wire'

/** Bytes of a family's length: 2^28 is more than a slot has. */
const LENGTH_BYTES = 4
/** Bytes of one bucket at most: its tag and length, a count, a bound. */
const BUCKET_BYTES = 2 + 11 + 9
/** A created timestamp: seconds and nanoseconds. */
const CREATED_BYTES = 24

/** Fields of the messages, with their wire types. */
const FAMILY_NAME = 0x0a
const FAMILY_HELP = 0x12
const FAMILY_TYPE = 0x18
const FAMILY_METRIC = 0x22
const FAMILY_UNIT = 0x2a
const METRIC_GAUGE = 0x12
const METRIC_COUNTER = 0x1a
const METRIC_SUMMARY = 0x22
const METRIC_HISTOGRAM = 0x3a
const VALUE = 0x09
const COUNTER_EXEMPLAR = 0x12
const COUNTER_CREATED = 0x1a
const HISTOGRAM_COUNT = 0x08
const HISTOGRAM_SUM = 0x11
const HISTOGRAM_BUCKET = 0x1a
/** Field 15 of Histogram. */
const HISTOGRAM_CREATED = 0x7a
const SUMMARY_QUANTILE = 0x1a
const SUMMARY_CREATED = 0x22
const QUANTILE = 0x09
const QUANTILE_VALUE = 0x11
/** Field 16, whose tag takes two bytes. */
const HISTOGRAM_EXEMPLAR = 0x182
const BUCKET_COUNT = 0x08
const BUCKET_BOUND = 0x11
const BUCKET_EXEMPLAR = 0x1a
const EXEMPLAR_VALUE = 0x11
const EXEMPLAR_TIME = 0x1a
const TIMESTAMP_SECONDS = 0x08
const TIMESTAMP_NANOS = 0x10

const TYPE_COUNTER = 0
const TYPE_GAUGE = 1
const TYPE_SUMMARY = 2
const TYPE_HISTOGRAM = 4

/** At most this many bytes are written of a family, in each of its messages, besides its series. */
export function protobufHeadCost(slot: Slot, family: Family): i32 {
  const name = slot.prefixBytes + family.nameBytes
  return LENGTH_BYTES + name + family.rawHelpBytes + family.unitBytes + 32
}

/** At most this many bytes of a series are not its own label text, `name="value",` for each. */
export function protobufFixed(family: Family): i32 {
  const labels = family.labels + ownProcess().defaultsCount
  // A quantile takes no more than a bucket; a simple family has neither.
  const value = 32 + family.bounds * BUCKET_BYTES
  return 8 + 12 * labels + mostLabelPrefix(family) + ownProcess().defaultsBytes + value + nativeFixed(family) + CREATED_BYTES
}

function typeOf(kind: i32): i32 {
  if (kind == KIND_HISTOGRAM) return TYPE_HISTOGRAM
  if (kind == KIND_SUMMARY) return TYPE_SUMMARY
  return kind == KIND_COUNTER ? TYPE_COUNTER : TYPE_GAUGE
}

@unmanaged
export class ProtobufEncoder extends Encoder {
  /** Bytes of a series at most besides its own label text. */
  fixed: i32
  /** Whether the time that series were made is exposed. */
  created: bool
  /** Where a native histogram's buckets are folded to; does not exist for other families. */
  native: Block
  /** What stands before the name of the first of its own labels: in a stateset, the prefix. */
  prefix: usize
  prefixBytes: i32

  /** The family's message up to its series. Its length is written by `finish`. */
  begin(to: usize): usize {
    const slot = this.slot
    const family = this.family
    this.fixed = protobufFixed(family) + exemplarLines(family) * this.room
    this.created = slot.created != 0
    this.native = changetype<Block>(family.nativeBuckets != 0 ? slot.native : 0)
    this.prefix = slot.prefix
    this.prefixBytes = labelPrefix(slot, family)
    const prefix = slot.prefixBytes
    const bytes = family.nameBytes
    to = put(to + LENGTH_BYTES, FAMILY_NAME)
    to = varint(to, prefix + bytes)
    to = copy(to, slot.prefix, prefix)
    to = copy(to, address(family.name), bytes)
    const help = family.rawHelpBytes
    if (help != 0) {
      to = put(to, FAMILY_HELP)
      to = varint(to, help)
      to = copy(to, address(family.rawHelp), help)
    }
    to = put(to, FAMILY_TYPE)
    to = put(to, typeOf(this.kind))
    const unit = family.unitBytes
    if (unit == 0) return to
    to = put(to, FAMILY_UNIT)
    to = varint(to, unit)
    // A space stands before it there.
    return copy(to, address(family.omUnit) + 1, unit)
  }

  // @ts-ignore: decorator
  @inline
  most(bytes: i32, _control: bool): u64 {
    return <u64>this.fixed + <u64><u32>bytes
  }

  /** A metric. */
  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    const family = this.family
    const kind = this.kind
    const native = this.native
    const length = lengthBytes(this.fixed + bytes)
    to = put(to, FAMILY_METRIC)
    const begin = to + length
    let at = labels(begin, address(ownProcess().defaults), ownProcess().defaultsBytes, ownProcess().defaultsCount)
    const labelCount = family.labels
    if (labelCount != 0) at = labels(at, textOf(place), bytes, labelCount, this.prefix, this.prefixBytes)
    if (exists(native)) foldNative(native, family, pageOf(place), indexOf(place))
    if (kind == KIND_HISTOGRAM) at = this.histogram(at, place, values)
    else if (kind == KIND_SUMMARY) at = this.summary(at, place, values)
    else at = this.simple(at, place, load<f64>(values))
    putLength(to, <i32>(at - begin), length)
    return at
  }

  /** Writes the message's length, or takes the message back where no series came. */
  finish(to: usize): usize {
    const begun = this.begun
    if (to == this.opened) return begun
    putLength(begun, <i32>(to - begun) - LENGTH_BYTES, LENGTH_BYTES)
    return to
  }

  simple(to: usize, place: Place, value: f64): usize {
    const room = this.room
    if (this.kind != KIND_COUNTER) {
      store<u16>(to, (9 << 8) | METRIC_GAUGE)
      return double(to + 2, VALUE, value)
    }
    to = put(to, METRIC_COUNTER)
    const length = lengthBytes(16 + CREATED_BYTES + room)
    const begin = to + length
    let at = double(begin, VALUE, value)
    if (room != 0) at = this.exemplar(at, COUNTER_EXEMPLAR, place, 0)
    at = this.createdAt(at, COUNTER_CREATED, place)
    putLength(to, <i32>(at - begin), length)
    return at
  }

  /**
   * Cumulative buckets, without +Inf's, which is the count; and those of a native histogram, folded into `native`. There
   * the count is that of its own buckets, which readers check; a classic bucket has no more, though it was counted in
   * since.
   */
  histogram(to: usize, place: Place, values: usize): usize {
    const family = this.family
    const native = this.native
    const room = this.room
    const bounds = family.bounds
    const most = 32 + bounds * BUCKET_BYTES + nativeFixed(family) + CREATED_BYTES
    const length = lengthBytes(most + (bounds + 1) * room)
    const bucketLength = lengthBytes(BUCKET_BYTES + room)
    to = put(to, METRIC_HISTOGRAM)
    const begin = to + length
    let count: f64 = 0
    const special = values + (<usize>(bounds + 2) << 3)
    if (exists(native)) count = nativeCount(native, special)
    else for (let n = 0; n <= bounds; n++) count += load<f64>(values + (<usize>n << 3))
    let at = put(begin, HISTOGRAM_COUNT)
    at = varint(at, <u64>count)
    at = double(at, HISTOGRAM_SUM, load<f64>(values + (<usize>(bounds + 1) << 3)))
    let suffix = firstSuffix(family)
    let total: f64 = 0
    for (let n = 0; n < bounds; n++) {
      total += load<f64>(values + (<usize>n << 3))
      const bucket = put(at, HISTOGRAM_BUCKET) + bucketLength
      at = put(bucket, BUCKET_COUNT)
      at = varint(at, <u64>(exists(native) ? min(total, count) : total))
      at = double(at, BUCKET_BOUND, suffix.bound)
      if (room != 0) at = this.exemplar(at, BUCKET_EXEMPLAR, place, n)
      putLength(bucket - bucketLength, <i32>(at - bucket), bucketLength)
      suffix = nextSuffix(suffix)
    }
    if (room != 0) {
      // Without classic buckets there is none that it could be in.
      if (bounds == 0 && exists(native)) at = this.exemplar(at, HISTOGRAM_EXEMPLAR, place, 0)
      else at = this.lastBucket(at, place, count, bounds)
    }
    if (exists(native)) at = nativeFields(at, native, special, TAGS_CLIENT)
    at = this.createdAt(at, HISTOGRAM_CREATED, place)
    putLength(to, <i32>(at - begin), length)
    return at
  }

  summary(to: usize, place: Place, values: usize): usize {
    const family = this.family
    const quantiles = family.bounds
    const length = lengthBytes(32 + quantiles * BUCKET_BYTES + CREATED_BYTES)
    to = put(to, METRIC_SUMMARY)
    const begin = to + length
    let at = varint(put(begin, HISTOGRAM_COUNT), <u64>load<f64>(values))
    at = double(at, HISTOGRAM_SUM, load<f64>(values, 8))
    let suffix = firstSuffix(family)
    for (let n = 0; n < quantiles; n++) {
      const quantile = put(at, SUMMARY_QUANTILE) + 1
      at = double(quantile, QUANTILE, suffix.bound)
      at = double(at, QUANTILE_VALUE, load<f64>(values + 16 + (<usize>n << 3)))
      store<u8>(quantile - 1, <u8>(at - quantile))
      suffix = nextSuffix(suffix)
    }
    at = this.createdAt(at, SUMMARY_CREATED, place)
    putLength(to, <i32>(at - begin), length)
    return at
  }

  /** The bucket of +Inf, which has to be written only where it has an exemplar. */
  lastBucket(to: usize, place: Place, count: f64, bounds: i32): usize {
    const length = lengthBytes(BUCKET_BYTES + this.room)
    const bucket = put(to, HISTOGRAM_BUCKET) + length
    const before = double(varint(put(bucket, BUCKET_COUNT), <u64>count), BUCKET_BOUND, Infinity)
    const at = this.exemplar(before, BUCKET_EXEMPLAR, place, bounds)
    if (at == before) return to
    putLength(bucket - length, <i32>(at - bucket), length)
    return at
  }

  /** An exemplar of a line, if it has one. */
  exemplar(to: usize, tag: i32, place: Place, line: i32): usize {
    const room = this.room
    const scratch = this.slot.scratch
    const most = longestText(room, FORMAT_PROTOBUF)
    const bytes = copyExemplar(scratch, this.family, pageOf(place), indexOf(place), line, most)
    if (bytes < 0) return to
    const length = lengthBytes(room)
    if (tag > 0xff) to = put(to, tag)
    const begin = put(to, tag > 0xff ? tag >> 8 : tag) + length
    let at = labels(begin, scratch, bytes, bytes)
    at = double(at, EXEMPLAR_VALUE, exemplarValue)
    at = timestamp(at, EXEMPLAR_TIME, exemplarTime * 1000)
    putLength(begin - length, <i32>(at - begin), length)
    return at
  }

  /** When a series was made, where that is exposed. */
  createdAt(to: usize, tag: i32, place: Place): usize {
    if (!this.created) return to
    const birth = place.birth
    return birth != 0 ? timestamp(to, tag, birth) : to
  }
}

/** `ms` since the epoch as a google.protobuf.Timestamp. */
function timestamp(to: usize, tag: i32, ms: f64): usize {
  to = put(to, tag)
  const begin = to + 1
  const seconds = Math.floor(ms / 1000)
  let at = put(begin, TIMESTAMP_SECONDS)
  at = varint(at, <u64>seconds)
  at = put(at, TIMESTAMP_NANOS)
  at = varint(at, <u64>((ms - seconds * 1000) * 1e6))
  store<u8>(to, <u8>(at - begin))
  return at
}
