// Text format 0.0.4 and OpenMetrics 1.0: the head of a family, and the lines of its series. They differ in heads, in how
// `le` is spelled, in `_created` and in the end.
import { byte, copy } from './copy'
import { exemplar, exemplarLines } from './exemplars'
import { beforeCopy } from './hook'
import { FORMAT_OPENMETRICS, HEAD_BYTES, KIND_COUNTER, KIND_HISTOGRAM, KIND_SUMMARY, NUMBER_BYTES } from './layout'
import { number } from './number'
import { indexOf, isExposed, next, pageOf, slotEnd, textBytesOf, textOf } from './place'
import { QUICK_HEAD, QUICK_SUFFIX, QUICK_TEXT, quickBuckets, quickLines, stopped, total } from './quick'
import { address, header, nth } from './record'
import { Family, Place, Slot } from './records'
import { isMisfit, labelPrefix } from './state-label'
import { firstSpelling, firstSuffix, nextSpelling, Spelling } from './suffix'

const BUCKET: usize = memory.data<u8>([0x5f, 0x62, 0x75, 0x63, 0x6b, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const SUM: usize = memory.data<u8>([0x5f, 0x73, 0x75, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const COUNT: usize = memory.data<u8>([0x5f, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const CREATED: usize = memory.data<u8>([0x5f, 0x63, 0x72, 0x65, 0x61, 0x74, 0x65, 0x64, 0, 0, 0, 0, 0, 0, 0, 0])

/** Most bytes of those. */
const NAME_SUFFIX_BYTES = 8

/** The prefix, and so many bytes of the family's name. */
// @ts-ignore: decorator
@inline
function name(to: usize, slot: Slot, family: Family, bytes: i32): usize {
  to = copy(to, slot.prefix, slot.prefixBytes)
  return copy(to, address(family.name), bytes)
}

/** At most this many bytes are written of a family besides its series. */
export function textHeadCost(slot: Slot, family: Family): i32 {
  const names = 3 * (slot.prefixBytes + family.nameBytes)
  const openMetrics = family.omHelpBytes + family.omTypeBytes + family.omUnitBytes
  return names + max(family.helpBytes + family.typeBytes, openMetrics) + 32
}

/** At most this many bytes of a line are not the series' own labels. */
export function textFixed(slot: Slot, family: Family): i32 {
  return (
    // Twice, for a stateset's own label.
    2 * slot.prefixBytes +
    family.nameBytes +
    NAME_SUFFIX_BYTES +
    header().defaultsBytes +
    family.suffixMax +
    NUMBER_BYTES +
    8
  )
}

/** `# HELP name help` and `# TYPE name type`. */
export function textHead(to: usize, slot: Slot, family: Family): usize {
  const bytes = family.nameBytes
  store<u64>(to, 0x0020504c45482023) // '# HELP '
  to = name(to + 7, slot, family, bytes)
  // What follows it ends in '# TYPE '.
  to = copy(to, address(family.help), family.helpBytes)
  to = name(to, slot, family, bytes)
  return copy(to, address(family.type), family.typeBytes)
}

/** The same, of the name without `_total`, and `# UNIT name unit` where there is one. */
export function openMetricsHead(to: usize, slot: Slot, family: Family): usize {
  const bytes = family.baseBytes
  store<u64>(to, 0x0020504c45482023)
  to = name(to + 7, slot, family, bytes)
  to = copy(to, address(family.omHelp), family.omHelpBytes)
  to = name(to, slot, family, bytes)
  if (isMisfit(slot, family)) return copy(to, address(family.type), family.typeBytes)
  to = copy(to, address(family.omType), family.omTypeBytes)
  const unit = family.omUnitBytes
  if (unit == 0) return to
  store<u64>(to, 0x002054494e552023) // '# UNIT '
  to = name(to + 7, slot, family, bytes)
  return copy(to, address(family.omUnit), unit)
}

export function eof(to: usize): usize {
  store<u32>(to, 0x4f452023) // '# EO'
  store<u16>(to, 0x0a46, 4)
  return to + 6
}

/**
 * What stands before a series' own labels: `name{defaults,`; all of it, up to the value, where the family has no
 * labels. `open` leaves the braces open for `le`. Goes to the nth head in scratch; returns its length, for packing.
 */
export function lineHead(
  scratch: usize,
  nth: i32,
  slot: Slot,
  family: Family,
  nameBytes: i32,
  suffix: usize,
  suffixBytes: i32,
  open: bool,
): u64 {
  const begin = scratch + <usize>nth * HEAD_BYTES
  let to = name(begin, slot, family, nameBytes)
  to = copy(to, suffix, suffixBytes)
  const labelled = family.labels != 0
  const defaults = header().defaultsBytes
  if (!labelled && defaults == 0 && !open) to = byte(to, 0x20)
  else {
    to = byte(to, 0x7b)
    if (defaults != 0) to = copy(to, address(header().defaults), defaults)
    if (labelled) {
      if (defaults != 0) to = byte(to, 0x2c)
      to = copy(to, slot.prefix, labelPrefix(slot, family))
    } else if (!open) {
      to = byte(to, 0x7d)
      to = byte(to, 0x20)
    }
  }
  return <u64>(to - begin) << (<u64>nth << 4)
}

/** Length of the nth head. */
// @ts-ignore: decorator
@inline
export function headBytes(heads: u64, nth: i32): i32 {
  return <i32>((heads >> (<u64>nth << 4)) & 0xffff)
}

/** Whether the family's series have a line that says when they were made: gauges and what OpenMetrics calls unknown do not. */
export function hasCreated(slot: Slot, family: Family): bool {
  if (slot.created == 0) return false
  const kind = family.kind
  if (kind == KIND_HISTOGRAM || kind == KIND_SUMMARY) return true
  return (kind == KIND_COUNTER && family.baseBytes != family.nameBytes)
}

/** Heads of a simple family's lines, in scratch; their lengths packed in 16 bits each. */
export function simpleHeads(scratch: usize, slot: Slot, family: Family): u64 {
  const heads = lineHead(scratch, 0, slot, family, family.nameBytes, BUCKET, 0, false)
  if (!hasCreated(slot, family)) return heads
  return heads | lineHead(scratch, 3, slot, family, family.baseBytes, CREATED, 8, false)
}

/** Likewise of a histogram's. */
export function histogramHeads(scratch: usize, slot: Slot, family: Family): u64 {
  const bytes = family.nameBytes
  const heads =
    lineHead(scratch, 0, slot, family, bytes, BUCKET, 7, true) |
    lineHead(scratch, 1, slot, family, bytes, SUM, 4, false) |
    lineHead(scratch, 2, slot, family, bytes, COUNT, 6, false)
  return hasCreated(slot, family) ? heads | lineHead(scratch, 3, slot, family, bytes, CREATED, 8, false) : heads
}

/** One line: head, labels, value. The text is followed by its `} ` in memory; without labels the head has them. */
// @ts-ignore: decorator
@inline
export function line(to: usize, head: usize, bytes: i32, text: usize, textBytes: i32, value: f64): usize {
  to = copy(to, head, bytes)
  if (text != 0) to = copy(to, text, textBytes + 2)
  to = number(to, value)
  return byte(to, 0x0a)
}

/** When a series was made, in seconds. */
// @ts-ignore: decorator
@inline
export function createdLine(to: usize, scratch: usize, heads: u64, place: Place, text: usize, textBytes: i32): usize {
  const seconds = place.birth / 1000
  return line(to, scratch + 3 * HEAD_BYTES, headBytes(heads, 3), text, textBytes, seconds)
}

/** Lines of a run of counters or gauges; 0 where they do not fit. `room` is for an exemplar of each. */
export function simples(
  to: usize,
  slot: Slot,
  family: Family,
  heads: u64,
  room: i32,
  from: Place,
  count: i32,
  values: usize,
): usize {
  if (headBytes(heads, 3) != 0 || room != 0) return simplesAndMore(to, slot, family, heads, room, from, count, values)
  const seq = slot.seq
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = family.labels != 0
  const step = <usize>family.cells << 3
  const head = slot.scratch
  const bytes0 = headBytes(heads, 0)
  const quick = labelled && bytes0 <= QUICK_HEAD
  let place = from
  const last = nth<Place>(changetype<usize>(from), count)
  while (place != last) {
    if (quick) {
      const before = place
      to = quickLines(to, end - fixed, seq, head, bytes0, place, last, values, step)
      place = stopped
      if (place == last) break
      values += ((changetype<usize>(place) - changetype<usize>(before)) / offsetof<Place>()) * step
    }
    if (isExposed(place, seq)) {
      beforeCopy(changetype<usize>(place))
      const bytes = textBytesOf(place)
      if (to + <usize>(fixed + bytes) > end) return 0
      to = line(to, head, bytes0, labelled ? textOf(place) : 0, bytes, load<f64>(values))
    }
    place = next(place)
    values += step
  }
  return to
}

/** As simples, with exemplars, or with a line more for each series. */
function simplesAndMore(
  to: usize,
  slot: Slot,
  family: Family,
  heads: u64,
  room: i32,
  from: Place,
  count: i32,
  values: usize,
): usize {
  const seq = slot.seq
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = family.labels != 0
  const lines = headBytes(heads, 3) != 0 ? 2 : 1
  const step = <usize>family.cells << 3
  const scratch = slot.scratch
  let place = from
  const last = nth<Place>(changetype<usize>(from), count)
  for (; place != last; place = next(place)) {
    if (isExposed(place, seq)) {
      beforeCopy(changetype<usize>(place))
      const bytes = textBytesOf(place)
      if (to + <usize>(lines * (fixed + bytes) + room) > end) return 0
      const text = labelled ? textOf(place) : 0
      to = line(to, scratch, headBytes(heads, 0), text, bytes, load<f64>(values))
      if (room != 0) to = byte(exemplar(to - 1, family, pageOf(place), indexOf(place), 0, room), 0x0a)
      if (headBytes(heads, 3) != 0) to = createdLine(to, scratch, heads, place, text, bytes)
    }
    values += step
  }
  return to
}

/**
 * Which sums are exposed, and counts with them. In OpenMetrics a sum is a counter: there is none where a bound is negative,
 * and none that is negative or no number; and no count without it. OpenMetrics 1.0, 'Histogram'.
 */
const SUMS_ALL = 0
const SUMS_RISING = 1
const SUMS_NONE = 2

/** Lines of a run of histograms; 0 where they do not fit. */
export function histograms(
  to: usize,
  slot: Slot,
  family: Family,
  heads: u64,
  room: i32,
  from: Place,
  count: i32,
  values: usize,
): usize {
  const seq = slot.seq
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = family.labels != 0
  const lines = family.bounds + (headBytes(heads, 3) != 0 ? 4 : 3)
  const step = <usize>family.cells << 3
  const scratch = slot.scratch
  const openMetrics = slot.format == FORMAT_OPENMETRICS
  const spelling = firstSpelling(family, openMetrics)
  const sums = !openMetrics ? SUMS_ALL : firstSuffix(family).bound < 0 ? SUMS_NONE : SUMS_RISING
  let place = from
  const last = nth<Place>(changetype<usize>(from), count)
  for (; place != last; place = next(place)) {
    if (isExposed(place, seq)) {
      beforeCopy(changetype<usize>(place))
      const bytes = textBytesOf(place)
      if (to + <usize>(lines * (fixed + bytes) + exemplarLines(family) * room) > end) return 0
      const text = labelled ? textOf(place) : 0
      to = histogramLines(to, scratch, heads, family, spelling, sums, place, room, text, bytes, values)
      if (headBytes(heads, 3) != 0) to = createdLine(to, scratch, heads, place, text, bytes)
    }
    values += step
  }
  return to
}

/** All lines of one histogram from its snapshot: cumulative buckets, sum, count. */
function histogramLines(
  to: usize,
  scratch: usize,
  heads: u64,
  family: Family,
  spelling: Spelling,
  sums: i32,
  place: Place,
  room: i32,
  text: usize,
  textBytes: i32,
  values: usize,
): usize {
  const bounds = family.bounds
  // `,le="…"} `, without the comma where nothing stands before it.
  const bare: i32 = text == 0 && header().defaultsBytes == 0 ? 1 : 0
  const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
  let counted: f64 = 0
  let after: usize = 0
  const quick = headBytes(heads, 0) <= QUICK_HEAD && family.suffixMax <= QUICK_SUFFIX
  if (quick && room == 0 && text != 0 && <u32>textBytes <= QUICK_TEXT) {
    after = quickBuckets(to, scratch, headBytes(heads, 0), text, textBytes, spelling, values, bounds + 1)
    counted = total
  }
  if (after != 0) to = after
  else {
    const begin = to
    to = copy(to, scratch, headBytes(heads, 0))
    if (text != 0) to = copy(to, text, textBytes)
    const beginBytes = <i32>(to - begin)
    counted = 0
    for (let n = 0; n <= bounds; n++) {
      // Each line begins as the first did.
      if (n != 0) to = copy(to, begin, beginBytes)
      to = copy(to, address(spelling.text) + bare, spelling.bytes - bare)
      counted += load<f64>(values + (<usize>n << 3))
      to = number(to, counted)
      if (room != 0) to = exemplar(to, family, pageOf(place), indexOf(place), n, room)
      to = byte(to, 0x0a)
      spelling = nextSpelling(spelling)
    }
  }
  if (sums == SUMS_NONE || (sums == SUMS_RISING && !(sum >= 0))) return to
  to = line(to, scratch + HEAD_BYTES, headBytes(heads, 1), text, textBytes, sum)
  return line(to, scratch + 2 * HEAD_BYTES, headBytes(heads, 2), text, textBytes, counted)
}
