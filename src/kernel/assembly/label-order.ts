// The labels of a family's series in the order that remote write demands: by name, over the metric's name, the labels of
// the registry, those that the push adds, the series' own, and `le` or `quantile`. The order is the same for all series of
// a family. So it is found once for a piece, and a series only fills in its values.
//
// All of it lies in the slot's scratch, which has nothing else while remote write is encoded:
//
//     0            the labels that the push adds, as exposition text (MAX_ADDED_BYTES)
//     EXEMPLAR_AT  the text of an exemplar, while it is written
//     ORDER_AT     Entry x MOST_ENTRIES, in order
//     VALUES_AT    Value x MOST_ENTRIES, of the series that is written
//     BUILT_AT     what an entry refers to: names of lines, and in 1.0 what stands before values
import { nameBytes, nextMark } from './marks'
import { MAX_ADDED_BYTES, MAX_NAME_BYTES, MAX_PREFIX_BYTES, SCRATCH_BYTES, SLACK_BYTES } from './layout'
import { address, nth, ownProcess } from './record'
import { Family, Slot } from './records'
import { MOST_EXEMPLAR } from './sound'
import { labelPrefix } from './state-label'

/** What an entry is: the metric's name, a label of the series, `le` or `quantile`, one that is the same for all series. */
export const ENTRY_NAME = 0
export const ENTRY_OWN = 1
export const ENTRY_SUFFIX = 2
export const ENTRY_FIXED = 3

@unmanaged
export class Entry {
  kind: i32
  /** Of ENTRY_OWN: which of the series' labels it is. */
  own: i32
  name: usize
  nameBytes: i32
  /** Of ENTRY_FIXED: its value, as it is in exposition text. */
  value: usize
  valueBytes: i32
  /** For the format: where what it writes is, and how many bytes; or references to symbols. */
  built: u32
  builtBytes: i32
}

/** A label's value in exposition text: `bytes` are those without its escapes. */
@unmanaged
export class Value {
  at: usize
  raw: i32
  bytes: i32
}

const MOST_ENTRIES = 256
export const EXEMPLAR_AT: usize = MAX_ADDED_BYTES + SLACK_BYTES
const ORDER_AT: usize = EXEMPLAR_AT + MOST_EXEMPLAR + SLACK_BYTES
const VALUES_AT: usize = ORDER_AT + MOST_ENTRIES * offsetof<Entry>()
/** Symbols of an exemplar's labels: they have no more than 128 characters. */
export const EXEMPLAR_SYMBOLS_AT: usize = VALUES_AT + MOST_ENTRIES * offsetof<Value>()
export const MOST_EXEMPLAR_SYMBOLS = 128
const BUILT_AT: usize = EXEMPLAR_SYMBOLS_AT + MOST_EXEMPLAR_SYMBOLS * 4
/** The encoder and its copy of the family stand at the end: see encoder.ts. */
const BUILT_BYTES: i32 = SCRATCH_BYTES - 768 - SLACK_BYTES - <i32>BUILT_AT
/** Names of lines: `prefix_name_bucket`. */
const LINE_NAMES = 4

/** `__name__`, `le` and `quantile`. */
const NAME: usize = memory.data<u8>([0x5f, 0x5f, 0x6e, 0x61, 0x6d, 0x65, 0x5f, 0x5f, 0, 0, 0, 0, 0, 0, 0, 0])
const LE: usize = memory.data<u8>([0x6c, 0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const QUANTILE: usize = memory.data<u8>([0x71, 0x75, 0x61, 0x6e, 0x74, 0x69, 0x6c, 0x65, 0, 0, 0, 0, 0, 0, 0, 0])
/** Before the names of labels in a family's definition: `"labelNames":[`. */
const LABEL_NAMES: usize = memory.data<u8>([
  0x22, 0x6c, 0x61, 0x62, 0x65, 0x6c, 0x4e, 0x61, 0x6d, 0x65, 0x73, 0x22, 0x3a, 0x5b, 0, 0,
])
const LABEL_NAMES_BYTES = 14

// @ts-ignore: decorator
@inline
export function entries(slot: Slot): usize {
  return slot.scratch + ORDER_AT
}

// @ts-ignore: decorator
@inline
export function values(slot: Slot): usize {
  return slot.scratch + VALUES_AT
}

// @ts-ignore: decorator
@inline
export function built(slot: Slot): usize {
  return slot.scratch + BUILT_AT
}

/** Room for so many more bytes of what is built. */
export function checkBuilt(slot: Slot, to: usize, bytes: i32): void {
  if (<u64>to + <u64><u32>bytes > <u64>(built(slot) + BUILT_BYTES)) unreachable()
}

/** Where the names of labels begin in a family's definition: behind the bracket. */
function labelNames(family: Family): usize {
  const from = address(family.definition)
  const end = from + family.definitionBytes - LABEL_NAMES_BYTES
  for (let at = from; at < end; at++) {
    if (memory.compare(at, LABEL_NAMES, LABEL_NAMES_BYTES) == 0) return at + LABEL_NAMES_BYTES
  }
  return unreachable()
}

/** Bytes of the name that begins here, `"name"`. */
function quoted(at: usize, end: usize): i32 {
  let to = at + 1
  while (to < end && load<u8>(to) != 0x22) to++
  return <i32>(to - at - 1)
}

/** Bytes of the names of a family's labels together. */
function labelNamesBytes(family: Family): i32 {
  const end = address(family.definition) + family.definitionBytes
  let at = labelNames(family)
  let sum = 0
  for (let n = family.labels; n > 0; n--) {
    const bytes = quoted(at, end)
    sum += bytes
    at += bytes + 3
  }
  return sum
}

/** How many labels that are added stand in the scratch. */
function addedCount(slot: Slot): i32 {
  return slot.addedBytes == 0 ? 0 : countLabels(slot.scratch, slot.addedBytes)
}

function countLabels(text: usize, bytes: i32): i32 {
  let count = 0
  for (const end = text + bytes; text < end; count++) text = valueEnd(text + nameBytes(text, end) + 2, end) + 2
  return count
}

/** Where the value that begins here ends. */
// @ts-ignore: decorator
@inline
function valueEnd(value: usize, end: usize): usize {
  let quote = nextMark(value, end)
  while (quote < end && load<u8>(quote) != 0x22) quote = nextMark(quote + 2, end)
  return quote
}

/** At most this many bytes of labels besides those of the series' values stand in a line; -1 where they have no room in scratch. */
export function orderBytes(slot: Slot, family: Family): i32 {
  const fixed = ownProcess().defaultsCount + addedCount(slot)
  const count = family.labels + fixed + 2
  const lineName = slot.prefixBytes + family.nameBytes + 8
  const fixedBytes = ownProcess().defaultsBytes + slot.addedBytes
  const own = labelNamesBytes(family) + labelPrefix(slot, family)
  const most = lineName + fixedBytes + own + family.suffixMax + 16 * count
  if (count > MOST_ENTRIES) return -1
  return LINE_NAMES * (lineName + 32) + fixedBytes + 2 * own + 16 * count > BUILT_BYTES ? -1 : most
}

/** Finds the order; returns how many entries it has. `suffix` says whether lines have `le` or `quantile`. */
export function order(slot: Slot, family: Family, suffix: bool, quantile: bool): i32 {
  const first = entries(slot)
  const end = address(family.definition) + family.definitionBytes
  let count = add(first, 0, ENTRY_NAME, 0, NAME, 8)
  if (suffix) count = quantile ? add(first, count, ENTRY_SUFFIX, 0, QUANTILE, 8) : add(first, count, ENTRY_SUFFIX, 0, LE, 2)
  // The prefix of the first one's name stands before it, in what is built: see prefixed().
  let name = labelNames(family)
  for (let n = 0; n < family.labels; n++) {
    const bytes = quoted(name, end)
    if (n == 0 && labelPrefix(slot, family) != 0) {
      const whole = prefixed(slot, name + 1, bytes)
      count = add(first, count, ENTRY_OWN, n, whole, slot.prefixBytes + bytes)
    } else count = add(first, count, ENTRY_OWN, n, name + 1, bytes)
    name += bytes + 3
  }
  count = addFixed(first, count, address(ownProcess().defaults), ownProcess().defaultsBytes)
  return addFixed(first, count, slot.scratch, slot.addedBytes)
}

/** The name of a stateset's own label, with the prefix: at the end of what is built. */
function prefixed(slot: Slot, name: usize, bytes: i32): usize {
  if (<u32>bytes > <u32>MAX_NAME_BYTES) unreachable()
  const to = built(slot) + BUILT_BYTES - MAX_PREFIX_BYTES - bytes
  memory.copy(to, slot.prefix, slot.prefixBytes)
  memory.copy(to + slot.prefixBytes, name, bytes)
  return to
}

/** The labels of a text that have the same value in all series. One whose name is there already is left out. */
function addFixed(first: usize, count: i32, text: usize, bytes: i32): i32 {
  const end = text + bytes
  while (text < end) {
    const length = nameBytes(text, end)
    const value = text + length + 2
    const quote = valueEnd(value, end)
    if (quote >= end) break
    const before = count
    count = add(first, count, ENTRY_FIXED, 0, text, length)
    if (count > before) {
      const entry = find(first, count, text)
      entry.value = value
      entry.valueBytes = <i32>(quote - value)
    }
    text = quote + 2
  }
  return count
}

function find(first: usize, count: i32, name: usize): Entry {
  for (let n = 0; n < count; n++) if (nth<Entry>(first, n).name == name) return nth<Entry>(first, n)
  return unreachable()
}

/** Puts an entry where it belongs; leaves it out where there is one of its name. */
function add(first: usize, count: i32, kind: i32, own: i32, name: usize, bytes: i32): i32 {
  if (count == MOST_ENTRIES) unreachable()
  let at = 0
  for (; at < count; at++) {
    const entry = nth<Entry>(first, at)
    const shorter = min(bytes, entry.nameBytes)
    const differs = memory.compare(name, entry.name, shorter)
    if (differs == 0 && bytes == entry.nameBytes) return count
    if (differs < 0 || (differs == 0 && bytes < entry.nameBytes)) break
  }
  const from = nth<Entry>(first, at)
  memory.copy(
    changetype<usize>(from) + offsetof<Entry>(),
    changetype<usize>(from),
    <usize>(count - at) * offsetof<Entry>(),
  )
  from.kind = kind
  from.own = own
  from.name = name
  from.nameBytes = bytes
  from.value = 0
  from.valueBytes = 0
  return count + 1
}

/**
 * Finds the values of a series' labels, `count` of them. A text that is overwritten meanwhile ends where it makes no
 * sense: what comes then is empty.
 */
// @ts-ignore: decorator
@inline
export function findValues(to: usize, text: usize, bytes: i32, count: i32): void {
  const end = text + bytes
  for (let n = 0; n < count; n++) {
    const value = nth<Value>(to, n)
    value.bytes = 0
    if (text >= end) continue
    const from = text + nameBytes(text, end) + 2
    let quote = nextMark(from, end)
    let escapes = 0
    while (quote < end && load<u8>(quote) != 0x22) {
      escapes++
      quote = nextMark(quote + 2, end)
    }
    text = quote + 2
    if (quote >= end || from > end) continue
    value.at = from
    value.raw = <i32>(quote - from)
    value.bytes = value.raw - escapes
  }
}
