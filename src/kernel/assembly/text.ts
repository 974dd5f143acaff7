// Text format 0.0.4: the head of a family, and the lines of its series.
import { byte, copy } from './copy'
import {
  F_BOUNDS,
  F_HELP,
  F_HELP_BYTES,
  F_LABELS,
  F_NAME,
  F_NAME_BYTES,
  F_SUFFIX_MAX,
  F_SUFFIXES,
  F_TYPE,
  F_TYPE_BYTES,
  H_DEFAULTS,
  H_DEFAULTS_BYTES,
  NUMBER_BYTES,
  SCRATCH_BYTES,
  SLOT_PREFIX_BYTES,
  SLOT_PREFIX_WORD,
  SUFFIX_WORDS,
} from './layout'
import { number } from './number'
import { address, field, header } from './record'

// @ts-ignore: decorator
@inline
function name(to: usize, slot: u32, family: u32): usize {
  to = copy(to, address(slot + SLOT_PREFIX_WORD), field(slot, SLOT_PREFIX_BYTES))
  return copy(to, address(field(family, F_NAME)), field(family, F_NAME_BYTES))
}

/** `# HELP name help` and `# TYPE name type`. */
export function textHead(to: usize, slot: u32, family: u32): usize {
  store<u64>(to, 0x0020504c45482023) // '# HELP '
  to = name(to + 7, slot, family)
  to = copy(to, address(field(family, F_HELP)), field(family, F_HELP_BYTES))
  to = name(to, slot, family)
  return copy(to, address(field(family, F_TYPE)), field(family, F_TYPE_BYTES))
}

/**
 * What stands before a series' own labels: `name{defaults,`; all of it, up to the value, where the family has no
 * labels. `open` leaves the braces open for `le`.
 */
function lineHead(to: usize, slot: u32, family: u32, suffix: usize, suffixBytes: i32, open: bool): usize {
  to = name(to, slot, family)
  to = copy(to, suffix, suffixBytes)
  const labelled = field(family, F_LABELS) != 0
  const defaults = header(H_DEFAULTS_BYTES)
  if (!labelled && defaults == 0 && !open) return byte(to, 0x20)
  to = byte(to, 0x7b)
  if (defaults != 0) to = copy(to, address(header(H_DEFAULTS)), defaults)
  if (labelled) return defaults != 0 ? byte(to, 0x2c) : to
  if (open) return to
  to = byte(to, 0x7d)
  return byte(to, 0x20)
}

const BUCKET: usize = memory.data<u8>([0x5f, 0x62, 0x75, 0x63, 0x6b, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const SUM: usize = memory.data<u8>([0x5f, 0x73, 0x75, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const COUNT: usize = memory.data<u8>([0x5f, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/** Three heads fit the scratch, for a histogram's three kinds of line. */
const HEAD_BYTES: usize = SCRATCH_BYTES / 3

/** The head of a simple family's lines, in scratch; returns its length. */
export function simpleHead(scratch: usize, slot: u32, family: u32): i32 {
  return <i32>(lineHead(scratch, slot, family, BUCKET, 0, false) - scratch)
}

/** One line: head, labels, value. */
// @ts-ignore: decorator
@inline
export function simpleLine(to: usize, head: usize, headBytes: i32, text: usize, textBytes: i32, value: f64): usize {
  to = copy(to, head, headBytes)
  // The text is followed by its `} ` in memory; a family without labels has them in its head.
  if (text != 0) to = copy(to, text, textBytes + 2)
  to = number(to, value)
  return byte(to, 0x0a)
}

/** At most this many bytes of a line are not the series' own labels. */
export function textFixed(slot: u32, family: u32): i32 {
  return (
    field(slot, SLOT_PREFIX_BYTES) +
    field(family, F_NAME_BYTES) +
    header(H_DEFAULTS_BYTES) +
    field(family, F_SUFFIX_MAX) +
    NUMBER_BYTES +
    16
  )
}

/** Heads of a histogram's lines, in scratch; their lengths packed in 21 bits each. */
export function histogramHeads(scratch: usize, slot: u32, family: u32): u64 {
  const bucket = lineHead(scratch, slot, family, BUCKET, 7, true) - scratch
  const sum = lineHead(scratch + HEAD_BYTES, slot, family, SUM, 4, false) - scratch - HEAD_BYTES
  const count = lineHead(scratch + 2 * HEAD_BYTES, slot, family, COUNT, 6, false) - scratch - 2 * HEAD_BYTES
  return <u64>bucket | (<u64>sum << 21) | (<u64>count << 42)
}

/** All lines of one histogram from its snapshot: cumulative buckets, sum, count. */
export function histogramLines(
  to: usize,
  scratch: usize,
  heads: u64,
  family: u32,
  text: usize,
  textBytes: i32,
  values: usize,
): usize {
  const bounds = field(family, F_BOUNDS)
  // `,le="…"} `, without the comma where nothing stands before it.
  const bare: i32 = text == 0 && header(H_DEFAULTS_BYTES) == 0 ? 1 : 0
  const bucketBytes = <i32>(heads & 0x1fffff)
  const begin = to
  to = copy(to, scratch, bucketBytes)
  if (text != 0) to = copy(to, text, textBytes)
  const beginBytes = <i32>(to - begin)
  let suffix = address(field(family, F_SUFFIXES))
  let total: f64 = 0
  for (let n = 0; n <= bounds; n++) {
    // Each line begins as the first did.
    if (n != 0) to = copy(to, begin, beginBytes)
    to = copy(to, address(load<u32>(suffix)) + bare, load<i32>(suffix, 4) - bare)
    total += load<f64>(values + (<usize>n << 3))
    to = number(to, total)
    to = byte(to, 0x0a)
    suffix += SUFFIX_WORDS << 3
  }
  const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
  to = simpleLine(to, scratch + HEAD_BYTES, <i32>((heads >> 21) & 0x1fffff), text, textBytes, sum)
  return simpleLine(to, scratch + 2 * HEAD_BYTES, <i32>(heads >> 42), text, textBytes, total)
}
