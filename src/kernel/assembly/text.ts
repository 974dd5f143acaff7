// Text format 0.0.4 and OpenMetrics 1.0: the head of a family, and the lines of its series. They differ in heads, in how
// `le` is spelled, in `_created` and in the end.
import { byte, copy } from './copy'
import { exemplar, exemplarLines } from './exemplars'
import { beforeCopy } from './hook'
import {
  F_BASE_BYTES,
  F_BOUNDS,
  F_CELLS,
  F_HELP,
  F_HELP_BYTES,
  F_KIND,
  F_LABELS,
  F_NAME,
  F_NAME_BYTES,
  F_OM_HELP,
  F_OM_HELP_BYTES,
  F_OM_TYPE,
  F_OM_TYPE_BYTES,
  F_OM_UNIT,
  F_OM_UNIT_BYTES,
  F_SUFFIX_MAX,
  F_SUFFIXES,
  F_TYPE,
  F_TYPE_BYTES,
  FORMAT_OPENMETRICS,
  H_DEFAULTS,
  H_DEFAULTS_BYTES,
  HEAD_BYTES,
  KIND_COUNTER,
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  NUMBER_BYTES,
  PLACE_BIRTH_WORD,
  SLOT_CREATED,
  SLOT_FORMAT,
  SLOT_PREFIX_BYTES,
  SLOT_PREFIX_WORD,
  SLOT_SCRATCH_WORD,
  SLOT_SEQ,
  SUFFIX_BOUND_WORD,
  SUFFIX_OPENMETRICS,
  SUFFIX_TEXT,
  SUFFIX_WORDS,
} from './layout'
import { number } from './number'
import { indexOf, pageOf, slotEnd, STEP, textBytesOf, textOf, told } from './place'
import { QUICK_HEAD, QUICK_SUFFIX, QUICK_TEXT, quickBuckets, quickLines, stopped, total } from './quick'
import { address, field, header } from './record'
import { isMisfit, labelPrefix } from './state-label'

const BUCKET: usize = memory.data<u8>([0x5f, 0x62, 0x75, 0x63, 0x6b, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const SUM: usize = memory.data<u8>([0x5f, 0x73, 0x75, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const COUNT: usize = memory.data<u8>([0x5f, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
export const CREATED: usize = memory.data<u8>([0x5f, 0x63, 0x72, 0x65, 0x61, 0x74, 0x65, 0x64, 0, 0, 0, 0, 0, 0, 0, 0])

/** Most bytes of those. */
const NAME_SUFFIX_BYTES = 8

/** The prefix, and so many bytes of the family's name. */
// @ts-ignore: decorator
@inline
function name(to: usize, slot: u32, family: u32, bytes: i32): usize {
  to = copy(to, address(slot + SLOT_PREFIX_WORD), field(slot, SLOT_PREFIX_BYTES))
  return copy(to, address(field(family, F_NAME)), bytes)
}

/** At most this many bytes are told of a family besides its series. */
export function textHeadCost(slot: u32, family: u32): i32 {
  const names = 3 * (field(slot, SLOT_PREFIX_BYTES) + field(family, F_NAME_BYTES))
  const openMetrics = field(family, F_OM_HELP_BYTES) + field(family, F_OM_TYPE_BYTES) + field(family, F_OM_UNIT_BYTES)
  return names + max(field(family, F_HELP_BYTES) + field(family, F_TYPE_BYTES), openMetrics) + 32
}

/** At most this many bytes of a line are not the series' own labels. */
export function textFixed(slot: u32, family: u32): i32 {
  return (
    // Twice, for a stateset's own label.
    2 * field(slot, SLOT_PREFIX_BYTES) +
    field(family, F_NAME_BYTES) +
    NAME_SUFFIX_BYTES +
    header(H_DEFAULTS_BYTES) +
    field(family, F_SUFFIX_MAX) +
    NUMBER_BYTES +
    8
  )
}

/** `# HELP name help` and `# TYPE name type`. */
export function textHead(to: usize, slot: u32, family: u32): usize {
  const bytes = field(family, F_NAME_BYTES)
  store<u64>(to, 0x0020504c45482023) // '# HELP '
  to = name(to + 7, slot, family, bytes)
  // What follows it ends in '# TYPE '.
  to = copy(to, address(field(family, F_HELP)), field(family, F_HELP_BYTES))
  to = name(to, slot, family, bytes)
  return copy(to, address(field(family, F_TYPE)), field(family, F_TYPE_BYTES))
}

/** The same, of the name without `_total`, and `# UNIT name unit` where there is one. */
export function openMetricsHead(to: usize, slot: u32, family: u32): usize {
  const bytes = field(family, F_BASE_BYTES)
  store<u64>(to, 0x0020504c45482023)
  to = name(to + 7, slot, family, bytes)
  to = copy(to, address(field(family, F_OM_HELP)), field(family, F_OM_HELP_BYTES))
  to = name(to, slot, family, bytes)
  if (isMisfit(slot, family)) return copy(to, address(field(family, F_TYPE)), field(family, F_TYPE_BYTES))
  to = copy(to, address(field(family, F_OM_TYPE)), field(family, F_OM_TYPE_BYTES))
  const unit = field(family, F_OM_UNIT_BYTES)
  if (unit == 0) return to
  store<u64>(to, 0x002054494e552023) // '# UNIT '
  to = name(to + 7, slot, family, bytes)
  return copy(to, address(field(family, F_OM_UNIT)), unit)
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
  slot: u32,
  family: u32,
  nameBytes: i32,
  suffix: usize,
  suffixBytes: i32,
  open: bool,
): u64 {
  const begin = scratch + <usize>nth * HEAD_BYTES
  let to = name(begin, slot, family, nameBytes)
  to = copy(to, suffix, suffixBytes)
  const labelled = field(family, F_LABELS) != 0
  const defaults = header(H_DEFAULTS_BYTES)
  if (!labelled && defaults == 0 && !open) to = byte(to, 0x20)
  else {
    to = byte(to, 0x7b)
    if (defaults != 0) to = copy(to, address(header(H_DEFAULTS)), defaults)
    if (labelled) {
      if (defaults != 0) to = byte(to, 0x2c)
      to = copy(to, address(slot + SLOT_PREFIX_WORD), labelPrefix(slot, family))
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

/** Whether the family's series tell when they were made: gauges and what OpenMetrics calls unknown do not. */
export function tellsCreated(slot: u32, family: u32): bool {
  if (field(slot, SLOT_CREATED) == 0) return false
  const kind = field(family, F_KIND)
  if (kind == KIND_HISTOGRAM || kind == KIND_SUMMARY) return true
  return (kind == KIND_COUNTER && field(family, F_BASE_BYTES) != field(family, F_NAME_BYTES))
}

/** Heads of a simple family's lines, in scratch; their lengths packed in 16 bits each. */
export function simpleHeads(scratch: usize, slot: u32, family: u32): u64 {
  const heads = lineHead(scratch, 0, slot, family, field(family, F_NAME_BYTES), BUCKET, 0, false)
  if (!tellsCreated(slot, family)) return heads
  return heads | lineHead(scratch, 3, slot, family, field(family, F_BASE_BYTES), CREATED, 8, false)
}

/** Likewise of a histogram's. */
export function histogramHeads(scratch: usize, slot: u32, family: u32): u64 {
  const bytes = field(family, F_NAME_BYTES)
  const heads =
    lineHead(scratch, 0, slot, family, bytes, BUCKET, 7, true) |
    lineHead(scratch, 1, slot, family, bytes, SUM, 4, false) |
    lineHead(scratch, 2, slot, family, bytes, COUNT, 6, false)
  return tellsCreated(slot, family) ? heads | lineHead(scratch, 3, slot, family, bytes, CREATED, 8, false) : heads
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
export function createdLine(to: usize, scratch: usize, heads: u64, place: usize, text: usize, textBytes: i32): usize {
  const seconds = load<f64>(place, PLACE_BIRTH_WORD << 3) / 1000
  return line(to, scratch + 3 * HEAD_BYTES, headBytes(heads, 3), text, textBytes, seconds)
}

/** Lines of a run of counters or gauges; 0 where they do not fit. `room` is for an exemplar of each. */
export function simples(
  to: usize,
  slot: u32,
  family: u32,
  heads: u64,
  room: i32,
  from: u32,
  count: i32,
  values: usize,
): usize {
  if (headBytes(heads, 3) != 0 || room != 0) return simplesAndMore(to, slot, family, heads, room, from, count, values)
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const step = <usize>field(family, F_CELLS) << 3
  const head = address(slot + SLOT_SCRATCH_WORD)
  const bytes0 = headBytes(heads, 0)
  const quick = labelled && bytes0 <= QUICK_HEAD
  let place = address(from)
  const last = place + <usize>count * STEP
  while (place != last) {
    if (quick) {
      const before = place
      to = quickLines(to, end - fixed, seq, head, bytes0, place, last, values, step)
      place = stopped
      if (place == last) break
      values += ((place - before) / STEP) * step
    }
    if (told(place, seq)) {
      beforeCopy(place)
      const bytes = textBytesOf(place)
      if (to + <usize>(fixed + bytes) > end) return 0
      to = line(to, head, bytes0, labelled ? textOf(place) : 0, bytes, load<f64>(values))
    }
    place += STEP
    values += step
  }
  return to
}

/** As simples, with exemplars, or with a line more for each series. */
function simplesAndMore(
  to: usize,
  slot: u32,
  family: u32,
  heads: u64,
  room: i32,
  from: u32,
  count: i32,
  values: usize,
): usize {
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const lines = headBytes(heads, 3) != 0 ? 2 : 1
  const step = <usize>field(family, F_CELLS) << 3
  const scratch = address(slot + SLOT_SCRATCH_WORD)
  let place = address(from)
  const last = place + <usize>count * STEP
  for (; place != last; place += STEP) {
    if (told(place, seq)) {
      beforeCopy(place)
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
 * Which sums are told, and counts with them. In OpenMetrics a sum is a counter: there is none where a bound is negative,
 * and none that is negative or no number; and no count without it. OpenMetrics 1.0, 'Histogram'.
 */
const SUMS_ALL = 0
const SUMS_RISING = 1
const SUMS_NONE = 2

/** Lines of a run of histograms; 0 where they do not fit. */
export function histograms(
  to: usize,
  slot: u32,
  family: u32,
  heads: u64,
  room: i32,
  from: u32,
  count: i32,
  values: usize,
): usize {
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const lines = field(family, F_BOUNDS) + (headBytes(heads, 3) != 0 ? 4 : 3)
  const step = <usize>field(family, F_CELLS) << 3
  const scratch = address(slot + SLOT_SCRATCH_WORD)
  const openMetrics = field(slot, SLOT_FORMAT) == FORMAT_OPENMETRICS
  const table = address(field(family, F_SUFFIXES))
  const suffixes = table + (<usize>(openMetrics ? SUFFIX_OPENMETRICS : SUFFIX_TEXT) << 2)
  const sums = !openMetrics ? SUMS_ALL : load<f64>(table, SUFFIX_BOUND_WORD << 3) < 0 ? SUMS_NONE : SUMS_RISING
  let place = address(from)
  const last = place + <usize>count * STEP
  for (; place != last; place += STEP) {
    if (told(place, seq)) {
      beforeCopy(place)
      const bytes = textBytesOf(place)
      if (to + <usize>(lines * (fixed + bytes) + exemplarLines(family) * room) > end) return 0
      const text = labelled ? textOf(place) : 0
      to = histogramLines(to, scratch, heads, family, suffixes, sums, place, room, text, bytes, values)
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
  family: u32,
  suffix: usize,
  sums: i32,
  place: usize,
  room: i32,
  text: usize,
  textBytes: i32,
  values: usize,
): usize {
  const bounds = field(family, F_BOUNDS)
  // `,le="…"} `, without the comma where nothing stands before it.
  const bare: i32 = text == 0 && header(H_DEFAULTS_BYTES) == 0 ? 1 : 0
  const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
  let counted: f64 = 0
  let after: usize = 0
  const quick = headBytes(heads, 0) <= QUICK_HEAD && field(family, F_SUFFIX_MAX) <= QUICK_SUFFIX
  if (quick && room == 0 && text != 0 && <u32>textBytes <= QUICK_TEXT) {
    after = quickBuckets(to, scratch, headBytes(heads, 0), text, textBytes, suffix, values, bounds + 1)
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
      to = copy(to, address(load<u32>(suffix)) + bare, load<i32>(suffix, 4) - bare)
      counted += load<f64>(values + (<usize>n << 3))
      to = number(to, counted)
      if (room != 0) to = exemplar(to, family, pageOf(place), indexOf(place), n, room)
      to = byte(to, 0x0a)
      suffix += SUFFIX_WORDS << 3
    }
  }
  if (sums == SUMS_NONE || (sums == SUMS_RISING && !(sum >= 0))) return to
  to = line(to, scratch + HEAD_BYTES, headBytes(heads, 1), text, textBytes, sum)
  return line(to, scratch + 2 * HEAD_BYTES, headBytes(heads, 2), text, textBytes, counted)
}
