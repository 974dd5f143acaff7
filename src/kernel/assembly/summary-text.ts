// Summaries in text and OpenMetrics: a line for each quantile, the sum, the count.
import { byte, copy } from './copy'
import { beforeCopy } from './hook'
import {
  F_BOUNDS,
  F_CELLS,
  F_LABELS,
  F_NAME_BYTES,
  F_SUFFIXES,
  FORMAT_OPENMETRICS,
  H_DEFAULTS_BYTES,
  HEAD_BYTES,
  SLOT_FORMAT,
  SLOT_SCRATCH_WORD,
  SLOT_SEQ,
  SUFFIX_OPENMETRICS,
  SUFFIX_TEXT,
  SUFFIX_WORDS,
} from './layout'
import { number } from './number'
import { slotEnd, STEP, textBytesOf, textOf, told } from './place'
import { address, field, header } from './record'
import { COUNT, CREATED, createdLine, headBytes, line, lineHead, SUM, tellsCreated, textFixed } from './text'

/** Heads of its lines, in scratch; their lengths packed in 16 bits each. */
export function summaryHeads(scratch: usize, slot: u32, family: u32): u64 {
  const bytes = field(family, F_NAME_BYTES)
  const heads =
    lineHead(scratch, 0, slot, family, bytes, SUM, 0, true) |
    lineHead(scratch, 1, slot, family, bytes, SUM, 4, false) |
    lineHead(scratch, 2, slot, family, bytes, COUNT, 6, false)
  return tellsCreated(slot, family) ? heads | lineHead(scratch, 3, slot, family, bytes, CREATED, 8, false) : heads
}

/** Lines of a run of summaries; 0 where they do not fit. */
export function summaries(to: usize, slot: u32, family: u32, heads: u64, from: u32, count: i32, values: usize): usize {
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const created = headBytes(heads, 3) != 0
  const lines = field(family, F_BOUNDS) + (created ? 3 : 2)
  const step = <usize>field(family, F_CELLS) << 3
  const scratch = address(slot + SLOT_SCRATCH_WORD)
  const spelled = field(slot, SLOT_FORMAT) == FORMAT_OPENMETRICS ? SUFFIX_OPENMETRICS : SUFFIX_TEXT
  const suffixes = address(field(family, F_SUFFIXES)) + (<usize>spelled << 2)
  let place = address(from)
  const last = place + <usize>count * STEP
  for (; place != last; place += STEP) {
    if (told(place, seq)) {
      beforeCopy(place)
      const bytes = textBytesOf(place)
      if (to + <usize>(lines * (fixed + bytes)) > end) return 0
      const text = labelled ? textOf(place) : 0
      to = quantileLines(to, scratch, headBytes(heads, 0), family, suffixes, text, bytes, values + 16)
      to = line(to, scratch + HEAD_BYTES, headBytes(heads, 1), text, bytes, load<f64>(values, 8))
      to = line(to, scratch + 2 * HEAD_BYTES, headBytes(heads, 2), text, bytes, load<f64>(values))
      if (created) to = createdLine(to, scratch, heads, place, text, bytes)
    }
    values += step
  }
  return to
}

function quantileLines(
  to: usize,
  head: usize,
  headLength: i32,
  family: u32,
  suffix: usize,
  text: usize,
  textBytes: i32,
  values: usize,
): usize {
  // `,quantile="…"} `, without the comma where nothing stands before it.
  const bare: i32 = text == 0 && header(H_DEFAULTS_BYTES) == 0 ? 1 : 0
  const count = field(family, F_BOUNDS)
  for (let n = 0; n < count; n++) {
    to = copy(to, head, headLength)
    if (text != 0) to = copy(to, text, textBytes)
    to = copy(to, address(load<u32>(suffix)) + bare, load<i32>(suffix, 4) - bare)
    to = number(to, load<f64>(values + (<usize>n << 3)))
    to = byte(to, 0x0a)
    suffix += SUFFIX_WORDS << 3
  }
  return to
}
