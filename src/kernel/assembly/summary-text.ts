// Summaries in text and OpenMetrics: a line for each quantile, the sum, the count.
import { byte, copy } from './copy'
import { beforeCopy } from './hook'
import { FORMAT_OPENMETRICS, HEAD_BYTES } from './layout'
import { number } from './number'
import { isExposed, next, slotEnd, textBytesOf, textOf } from './place'
import { address, header, nth } from './record'
import { Family, Place, Slot } from './records'
import { firstSpelling, nextSpelling, Spelling } from './suffix'
import { COUNT, CREATED, createdLine, headBytes, line, lineHead, SUM, hasCreated, textFixed } from './text'

/** Heads of its lines, in scratch; their lengths packed in 16 bits each. */
export function summaryHeads(scratch: usize, slot: Slot, family: Family): u64 {
  const bytes = family.nameBytes
  const heads =
    lineHead(scratch, 0, slot, family, bytes, SUM, 0, true) |
    lineHead(scratch, 1, slot, family, bytes, SUM, 4, false) |
    lineHead(scratch, 2, slot, family, bytes, COUNT, 6, false)
  return hasCreated(slot, family) ? heads | lineHead(scratch, 3, slot, family, bytes, CREATED, 8, false) : heads
}

/** Lines of a run of summaries; 0 where they do not fit. */
export function summaries(to: usize, slot: Slot, family: Family, heads: u64, from: Place, count: i32, values: usize): usize {
  const seq = slot.seq
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = family.labels != 0
  const created = headBytes(heads, 3) != 0
  const lines = family.bounds + (created ? 3 : 2)
  const step = <usize>family.cells << 3
  const scratch = slot.scratch
  const spelling = firstSpelling(family, slot.format == FORMAT_OPENMETRICS)
  let place = from
  const last = nth<Place>(changetype<usize>(from), count)
  for (; place != last; place = next(place)) {
    if (isExposed(place, seq)) {
      beforeCopy(changetype<usize>(place))
      const bytes = textBytesOf(place)
      if (to + <usize>(lines * (fixed + bytes)) > end) return 0
      const text = labelled ? textOf(place) : 0
      to = quantileLines(to, scratch, headBytes(heads, 0), family, spelling, text, bytes, values + 16)
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
  family: Family,
  spelling: Spelling,
  text: usize,
  textBytes: i32,
  values: usize,
): usize {
  // `,quantile="…"} `, without the comma where nothing stands before it.
  const bare: i32 = text == 0 && header().defaultsBytes == 0 ? 1 : 0
  const count = family.bounds
  for (let n = 0; n < count; n++) {
    to = copy(to, head, headLength)
    if (text != 0) to = copy(to, text, textBytes)
    to = copy(to, address(spelling.text) + bare, spelling.bytes - bare)
    to = number(to, load<f64>(values + (<usize>n << 3)))
    to = byte(to, 0x0a)
    spelling = nextSpelling(spelling)
  }
  return to
}
