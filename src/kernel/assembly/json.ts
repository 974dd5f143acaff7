// JSON, the shape of /metrics.json: families as members of one object, a series as a member or an element.
//
// Label text is escaped for the exposition formats; the three escapes it has (\\ \" \n) are JSON's too, so only
// control characters remain to be spelled.
import { byte, copy } from './copy'
import { beforeCopy } from './hook'
import {
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  NUMBER_BYTES,
  PIECE_CLOSE,
  PIECE_COMMA,
  PIECE_OPEN,
  PIECE_WHOLE,
  TEXT_CONTROL_BIT,
} from './layout'
import { nameBytes, nextMark } from './marks'
import { jsonNumber, number } from './number'
import { isExposed, next, slotEnd, textOf } from './place'
import { address, header, nth } from './record'
import { Family, Place, Slot } from './records'
import { labelPrefix, mostLabelPrefix } from './state-label'
import { firstSuffix, nextSuffix } from './suffix'

/** At most this many bytes are written of a family besides its series. */
export function jsonHeadCost(slot: Slot, family: Family): i32 {
  return slot.prefixBytes + family.nameBytes + family.jsonBytes + 64
}

/** What stands before a piece: of a family that is written whole, its head. */
export function jsonBegin(to: usize, slot: Slot, family: Family, flags: i32): usize {
  if ((flags & PIECE_OPEN) != 0) to = byte(to, 0x7b)
  if ((flags & PIECE_COMMA) != 0) to = byte(to, 0x2c)
  return (flags & PIECE_WHOLE) != 0 ? jsonHead(to, slot, family) : to
}

/** What stands behind it: `opened` is where its series began. */
export function jsonFinish(to: usize, family: Family, flags: i32, opened: usize): usize {
  if ((flags & PIECE_WHOLE) != 0) {
    if (to != opened) to = jsonClose(to, family)
    else {
      store<u32>(to, 0x6c6c756e) // null
      to += 4
    }
    to = byte(to, 0x7d)
  }
  if ((flags & PIECE_CLOSE) != 0) {
    to = byte(to, 0x7d)
    to = byte(to, 0x0a)
  }
  return to
}

/** Members or elements of a run of series; 0 where they do not fit. */
export function jsonRun(
  to: usize,
  slot: Slot,
  family: Family,
  flags: i32,
  opened: usize,
  from: Place,
  count: i32,
  values: usize,
): usize {
  const seq = slot.seq
  const end = slotEnd(slot)
  const fixed = jsonFixed(family)
  const kind = family.kind
  const labelled = family.labels != 0
  const labels = labelCount(family)
  const prefix = slot.prefix
  const prefixBytes = labelPrefix(slot, family)
  const whole = (flags & PIECE_WHOLE) != 0
  const step = <usize>family.cells << 3
  let place = from
  const last = nth<Place>(changetype<usize>(from), count)
  for (; place != last; place = next(place)) {
    if (isExposed(place, seq)) {
      beforeCopy(changetype<usize>(place))
      const bits = place.textBytes
      const textBytes = bits & ~TEXT_CONTROL_BIT
      const control = (bits & TEXT_CONTROL_BIT) != 0
      if (to + <usize>(fixed + (control ? 6 : 1) * textBytes) > end) return 0
      const text = labelled ? textOf(place) : 0
      // Once: a text that is overwritten meanwhile must not be cut in two ways.
      const name = labelled && labels == 1 ? min(nameBytes(text, text + textBytes), textBytes) : 0
      // A piece of a divided family begins with a comma, which its reader drops where nothing stood before.
      if (to == opened && whole) to = jsonOpen(to, family, text, name, prefix, prefixBytes)
      else to = byte(to, 0x2c)
      to = jsonLabels(to, family, text, textBytes, name, control, prefix, prefixBytes)
      if (kind == KIND_HISTOGRAM) to = jsonHistogram(to, family, values)
      else if (kind == KIND_SUMMARY) to = jsonSummary(to, family, values)
      else to = jsonNumber(to, load<f64>(values))
      to = jsonEnd(to, family)
    }
    values += step
  }
  return to
}

/** `"name":{"help":…,"type":…,"value":` */
function jsonHead(to: usize, slot: Slot, family: Family): usize {
  to = byte(to, 0x22)
  to = copy(
    to,
    slot.prefix,
    slot.prefixBytes,
  )
  to = copy(to, address(family.name), family.nameBytes)
  return copy(to, address(family.json), family.jsonBytes)
}

/** Labels that a line of the family has. */
function labelCount(family: Family): i32 {
  return family.labels + header().defaultsCount
}

/** At most this many bytes of a series are not its own label text. */
export function jsonFixed(family: Family): i32 {
  const rows = family.bounds + 3
  return (
    128 +
    mostLabelPrefix(family) +
    4 * labelCount(family) +
    header().defaultsJsonBytes +
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
      store<u32>(to, 0x3030755c); // \u00
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

/**
 * What opens the value of a family: nothing, `{"label":{` or `[`. `text` is the first series' label text, or 0 when
 * it has none; `name` are the bytes of its one label's name.
 */
function jsonOpen(to: usize, family: Family, text: usize, name: i32, prefix: usize, prefixBytes: i32): usize {
  const labels = labelCount(family)
  if (labels == 0) return to
  if (labels > 1) return byte(to, 0x5b)
  if (text == 0) {
    text = address(header().defaults)
    name = nameBytes(text, text + header().defaultsBytes)
  }
  to = byte(to, 0x7b)
  to = byte(to, 0x22)
  to = copy(to, prefix, prefixBytes)
  to = copy(to, text, name)
  store<u32>(to, 0x7b3a22); // ":{
  return to + 3
}

function jsonClose(to: usize, family: Family): usize {
  const labels = labelCount(family)
  if (labels == 0) return to
  if (labels > 1) return byte(to, 0x5d)
  to = byte(to, 0x7d)
  return byte(to, 0x7d)
}

/** One series: its labels and what leads to its value; `jsonEnd` closes it. */
function jsonLabels(
  to: usize,
  family: Family,
  text: usize,
  textBytes: i32,
  name: i32,
  control: bool,
  prefix: usize,
  prefixBytes: i32,
): usize {
  const labels = labelCount(family)
  if (labels == 0) return to
  if (labels == 1) {
    if (text == 0) {
      const defaults = address(header().defaultsJson)
      const skip = nameBytesJson(defaults)
      to = copy(to, defaults + skip, header().defaultsJsonBytes - skip)
    } else {
      const skip = min(name + 1, textBytes)
      to = escaped(to, text + skip, textBytes - skip, control)
    }
    return byte(to, 0x3a)
  }
  to = byte(to, 0x7b)
  if (header().defaultsBytes != 0) {
    to = copy(
      to,
      address(header().defaultsJson),
      header().defaultsJsonBytes,
    )
    if (text != 0) to = byte(to, 0x2c)
  }
  if (text != 0) to = members(to, text, textBytes, family.labels, control, prefix, prefixBytes)
  store<u32>(to, 0x4022_2c); // ,"@
  store<u32>(to + 3, 0x3a22); // ":
  return to + 5
}

function jsonEnd(to: usize, family: Family): usize {
  return labelCount(family) > 1 ? byte(to, 0x7d) : to
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
  store<u64>(to, 0x656b637562222c); // ,"bucke
  store<u32>(to + 7, 0x5b3a2274); // t":[
  to += 11
  let suffix = firstSuffix(family)
  let total: f64 = 0
  for (let n = 0; n < bounds; n++) {
    if (n != 0) to = byte(to, 0x2c)
    total += load<f64>(values + ((<usize>n) << 3))
    to = copy(to, address(suffix.json), suffix.jsonBytes)
    to = number(to, total)
    to = byte(to, 0x5d)
    suffix = nextSuffix(suffix)
  }
  to = byte(to, 0x5d)
  return byte(to, 0x7d)
}

/** `{"count":…,"sum":…,"avg":…` */
function jsonTotals(to: usize, count: f64, sum: f64): usize {
  store<u64>(to, 0x6e756f63227b); // {"coun
  store<u32>(to + 6, 0x3a2274); // t":
  to = number(to + 9, count)
  store<u64>(to, 0x3a226d7573222c); // ,"sum":
  to = jsonNumber(to + 7, sum)
  store<u64>(to, 0x3a22677661222c); // ,"avg":
  return jsonNumber(to + 7, count == 0 ? 0 : sum / count)
}

/** `{"count":…,"sum":…,"avg":…,"quantile":[[q,value],…]}` */
function jsonSummary(to: usize, family: Family, values: usize): usize {
  const quantiles = family.bounds
  to = jsonTotals(to, load<f64>(values), load<f64>(values, 8))
  store<u64>(to, 0x69746e617571222c); // ,"quanti
  store<u64>(to + 8, 0x5b3a22656c); // le":[
  to += 13
  let suffix = firstSuffix(family)
  for (let n = 0; n < quantiles; n++) {
    if (n != 0) to = byte(to, 0x2c)
    to = copy(to, address(suffix.json), suffix.jsonBytes)
    to = jsonNumber(to, load<f64>(values + 16 + ((<usize>n) << 3)))
    to = byte(to, 0x5d)
    suffix = nextSuffix(suffix)
  }
  to = byte(to, 0x5d)
  return byte(to, 0x7d)
}
