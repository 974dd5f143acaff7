// JSON, the shape of /metrics.json: families as members of one object, a series as a member or an element.
//
// Label text is escaped for the exposition formats; the three escapes it has (\\ \" \n) are JSON's too, so only
// control characters remain to be spelled.
import { byte, copy } from './copy'
import { Encoder } from './encoder'
import { KIND_HISTOGRAM, KIND_SUMMARY, NUMBER_BYTES, PIECE_CLOSE, PIECE_COMMA, PIECE_OPEN, PIECE_WHOLE } from './layout'
import { nameBytes, nextMark } from './marks'
import { jsonNumber, number } from './number'
import { address, ownProcess } from './record'
import { Family, Place, Slot } from './records'
import { labelPrefix, mostLabelPrefix } from './state-label'
import { firstSuffix, nextSuffix, suffixBytes } from './suffix'

/** At most this many bytes are written of a family besides its series. */
export function jsonHeadCost(slot: Slot, family: Family): i32 {
  return slot.prefixBytes + family.nameBytes + family.jsonBytes + 64
}

@unmanaged
export class JsonEncoder extends Encoder {
  /** Labels of a series, default labels included. */
  labels: i32
  /** What stands before the name of the first of its own: in a stateset, the prefix. */
  prefix: usize
  prefixBytes: i32
  /** Bytes of a series at most besides its own label text. */
  fixed: i32

  /** What stands before a piece: of a family that is written whole, its head. */
  begin(to: usize): usize {
    const slot = this.slot
    const family = this.family
    this.labels = labelCount(family)
    this.prefix = slot.prefix
    this.prefixBytes = labelPrefix(slot, family)
    this.fixed = jsonFixed(family)
    if ((this.flags & PIECE_OPEN) != 0) to = byte(to, 0x7b)
    if ((this.flags & PIECE_COMMA) != 0) to = byte(to, 0x2c)
    return this.isWhole ? jsonHead(to, slot, family) : to
  }

  // @ts-ignore: decorator
  @inline
  get isWhole(): bool {
    return (this.flags & PIECE_WHOLE) != 0
  }

  // @ts-ignore: decorator
  @inline
  most(bytes: i32, control: bool): u64 {
    return <u64>this.fixed + (control ? <u64>6 : <u64>1) * <u64><u32>bytes
  }

  /** A member, or an element. */
  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, control: bool, values: usize): usize {
    const family = this.family
    const kind = this.kind
    const text = this.labelText(place)
    // Once: a text that is overwritten meanwhile must not be cut in two ways.
    const name = text != 0 && this.labels == 1 ? min(nameBytes(text, text + bytes), bytes) : 0
    // A piece of a divided family begins with a comma, which its reader drops where nothing stood before.
    if (to == this.opened && this.isWhole) to = this.openSeries(to, text, name)
    else to = byte(to, 0x2c)
    to = this.labelMembers(to, text, bytes, name, control)
    if (kind == KIND_HISTOGRAM) to = jsonHistogram(to, family, values)
    else if (kind == KIND_SUMMARY) to = jsonSummary(to, family, values)
    else to = jsonNumber(to, load<f64>(values))
    return this.labels > 1 ? byte(to, 0x7d) : to
  }

  /** What stands behind a piece. */
  finish(to: usize): usize {
    if (this.isWhole) {
      if (to != this.opened) to = this.closeSeries(to)
      else {
        store<u32>(to, 0x6c6c756e) // null
        to += 4
      }
      to = byte(to, 0x7d)
    }
    if ((this.flags & PIECE_CLOSE) != 0) {
      to = byte(to, 0x7d)
      to = byte(to, 0x0a)
    }
    return to
  }

  /**
   * What opens the value of a family: nothing, `{"label":{` or `[`. `text` is the first series' label text, or 0 when
   * it has none; `name` are the bytes of its one label's name.
   */
  openSeries(to: usize, text: usize, name: i32): usize {
    const labels = this.labels
    if (labels == 0) return to
    if (labels > 1) return byte(to, 0x5b)
    if (text == 0) {
      text = address(ownProcess().defaults)
      name = nameBytes(text, text + ownProcess().defaultsBytes)
    }
    to = byte(to, 0x7b)
    to = byte(to, 0x22)
    to = copy(to, this.prefix, this.prefixBytes)
    to = copy(to, text, name)
    store<u32>(to, 0x7b3a22) // ":{
    return to + 3
  }

  closeSeries(to: usize): usize {
    const labels = this.labels
    if (labels == 0) return to
    if (labels > 1) return byte(to, 0x5d)
    to = byte(to, 0x7d)
    return byte(to, 0x7d)
  }

  /** The labels of one series, and what leads to its value. */
  labelMembers(to: usize, text: usize, bytes: i32, name: i32, control: bool): usize {
    const labels = this.labels
    if (labels == 0) return to
    if (labels == 1) {
      if (text == 0) {
        const defaults = address(ownProcess().defaultsJson)
        const skip = min(nameBytesJson(defaults), ownProcess().defaultsJsonBytes)
        to = copy(to, defaults + skip, ownProcess().defaultsJsonBytes - skip)
      } else {
        const skip = min(name + 1, bytes)
        to = escaped(to, text + skip, bytes - skip, control)
      }
      return byte(to, 0x3a)
    }
    to = byte(to, 0x7b)
    if (ownProcess().defaultsBytes != 0) {
      to = copy(to, address(ownProcess().defaultsJson), ownProcess().defaultsJsonBytes)
      if (text != 0) to = byte(to, 0x2c)
    }
    if (text != 0) to = members(to, text, bytes, this.family.labels, control, this.prefix, this.prefixBytes)
    store<u32>(to, 0x4022_2c) // ,"@
    store<u32>(to + 3, 0x3a22) // ":
    return to + 5
  }
}

/** `"name":{"help":…,"type":…,"value":` */
function jsonHead(to: usize, slot: Slot, family: Family): usize {
  to = byte(to, 0x22)
  to = copy(to, slot.prefix, slot.prefixBytes)
  to = copy(to, address(family.name), family.nameBytes)
  return copy(to, address(family.json), family.jsonBytes)
}

/** Labels that a line of the family has. */
function labelCount(family: Family): i32 {
  return family.labels + ownProcess().defaultsCount
}

/** At most this many bytes of a series are not its own label text. */
export function jsonFixed(family: Family): i32 {
  const rows = family.bounds + 3
  return (
    128 +
    mostLabelPrefix(family) +
    4 * labelCount(family) +
    ownProcess().defaultsJsonBytes +
    rows * (family.suffixMax + NUMBER_BYTES + 4)
  )
}

const HEX: usize = memory.data<u8>([
  48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102,
])

/** Label text as JSON text, control characters spelled. */
function escaped(to: usize, from: usize, bytes: i32, control: bool): usize {
  if (!control) return copy(to, from, bytes)
  for (let n = 0; n < bytes; n++) {
    const c = load<u8>(from + n)
    if (c >= 0x20) to = byte(to, c)
    else {
      store<u32>(to, 0x3030755c) // \u00
      store<u8>(to + 4, load<u8>(HEX + (c >> 4)))
      store<u8>(to + 5, load<u8>(HEX + (c & 15)))
      to += 6
    }
  }
  return to
}

/** Where a quoted value ends, its quotes included; behind `end` where it does not before. */
function quotedEnd(text: usize, end: usize): usize {
  let at = nextMark(text + 1, end)
  // What follows a backslash is no end.
  while (at < end && load<u8>(at) == 0x5c) at = nextMark(at + 2, end)
  return at + 1
}

/**
 * `"a":"x","b":"y"` from `a="x",b="y"`, `most` labels at most; the first name may have a prefix. A text that is
 * overwritten meanwhile ends where it makes no sense.
 */
function members(
  to: usize,
  text: usize,
  bytes: i32,
  most: i32,
  control: bool,
  prefix: usize,
  prefixBytes: i32,
): usize {
  const end = text + bytes
  for (; text < end && most > 0; most--) {
    const length = nameBytes(text, end)
    const value = text + length + 1
    const next = quotedEnd(value, end)
    if (next > end) break
    to = byte(to, 0x22)
    to = copy(to, prefix, prefixBytes)
    prefixBytes = 0
    to = copy(to, text, length)
    to = byte(to, 0x22)
    to = byte(to, 0x3a)
    to = escaped(to, value, <i32>(next - value), control)
    text = next
    if (text < end) {
      to = byte(to, 0x2c)
      text++
    }
  }
  return to
}

/** Bytes up to and with the colon of `"name":"value"`. */
function nameBytesJson(text: usize): i32 {
  let n = 0
  while (load<u8>(text + n) != 0x3a) n++
  return n + 1
}

/** `{"count":…,"sum":…,"avg":…,"bucket":[[le,cumulative],…]}` */
function jsonHistogram(to: usize, family: Family, values: usize): usize {
  const bounds = family.bounds
  let count: f64 = 0
  for (let n = 0; n <= bounds; n++)
    count += load<f64>(values + ((<usize>n) << 3))
  to = jsonTotals(to, count, load<f64>(values + ((<usize>(bounds + 1)) << 3)))
  store<u64>(to, 0x656b637562222c) // ,"bucke
  store<u32>(to + 7, 0x5b3a2274) // t":[
  to += 11
  let suffix = firstSuffix(family)
  let total: f64 = 0
  for (let n = 0; n < bounds; n++) {
    if (n != 0) to = byte(to, 0x2c)
    total += load<f64>(values + ((<usize>n) << 3))
    to = copy(to, address(suffix.json), suffixBytes(family, suffix.jsonBytes))
    to = number(to, total)
    to = byte(to, 0x5d)
    suffix = nextSuffix(suffix)
  }
  to = byte(to, 0x5d)
  return byte(to, 0x7d)
}

/** `{"count":…,"sum":…,"avg":…` */
function jsonTotals(to: usize, count: f64, sum: f64): usize {
  store<u64>(to, 0x6e756f63227b) // {"coun
  store<u32>(to + 6, 0x3a2274) // t":
  to = number(to + 9, count)
  store<u64>(to, 0x3a226d7573222c) // ,"sum":
  to = jsonNumber(to + 7, sum)
  store<u64>(to, 0x3a22677661222c) // ,"avg":
  return jsonNumber(to + 7, count == 0 ? 0 : sum / count)
}

/** `{"count":…,"sum":…,"avg":…,"quantile":[[q,value],…]}` */
function jsonSummary(to: usize, family: Family, values: usize): usize {
  const quantiles = family.bounds
  to = jsonTotals(to, load<f64>(values), load<f64>(values, 8))
  store<u64>(to, 0x69746e617571222c) // ,"quanti
  store<u64>(to + 8, 0x5b3a22656c) // le":[
  to += 13
  let suffix = firstSuffix(family)
  for (let n = 0; n < quantiles; n++) {
    if (n != 0) to = byte(to, 0x2c)
    to = copy(to, address(suffix.json), suffixBytes(family, suffix.jsonBytes))
    to = jsonNumber(to, load<f64>(values + 16 + ((<usize>n) << 3)))
    to = byte(to, 0x5d)
    suffix = nextSuffix(suffix)
  }
  to = byte(to, 0x5d)
  return byte(to, 0x7d)
}
