// Raw deflate (RFC 1951) for expositions, where a line mostly repeats the one before it. A module of its own, in the
// registry's memory: a span is read where it lies, and its compressed bytes are written to a workspace (map.ts).
//
//     span ─a sample─▶ counts ─▶ codes
//     span ─matches, in those codes─▶ OUT
//
// Bytes are read once: the first few of a stretch choose the codes for all of it. Where what follows takes much more or
// less than they did, the next step begins a new stretch; where it takes more than the bytes themselves, those are stored.
//
// The workspace:
//
//     tables | HEADS: where four bytes were seen last | SUMS, REMAINDER: see checksum.ts | OUT
import { flush, mark, out, putStored, restart, rewind, written } from './bits'
import { beginStretch, countedBits, endStretch } from './stretch'
import { countEnd, forgetCounts } from './counts'
import { separate } from './lines'
import { BLOCK_BYTES, enter, HEADS, OUT, TABLES_END, workspace } from './map'
import { beginMatches, countMatches, passed, writeMatches } from './matches'

export { remainder, shorten, shortest } from './checksum'

/** Bytes that are compressed before it is checked how many bits they took. */
const STEP_BYTES = 32_768
/** Of a stretch's first step, those that its codes are made for. */
const SAMPLE_BYTES = 16_384
/** Codes are made anew after so many bytes in any case. */
const STRETCH_BYTES = 1_048_576

/** Bytes before and behind a span that what it comes to may depend on: always the same ones. */
const LOOKED_AT = 64

/** The two pairs of separators that may divide lines: see lines.ts. */
let line0: i32 = 0
let lead0: i32 = 0
let line1: i32 = 0
let lead1: i32 = 0

let open = false
/** Bytes left of the stretch, and bits that its first step took. */
let left: i32 = 0
let usual: i32 = 0

/** Bytes of a block at most. */
export function blockBytes(): i32 {
  return BLOCK_BYTES
}

/** Where the compressed bytes are, from the workspace's beginning. */
export function output(): usize {
  return OUT
}

/** For the build: the tables must end where HEADS begin. */
export function tablesEnd(): usize {
  return TABLES_END
}

export function headsBegin(): usize {
  return HEADS
}

/** For the build: bytes of OUT that are used for a moment, past what the compressed come to at most. */
export function slack(): i32 {
  return 3 * STEP_BYTES
}

/**
 * A new span of so many bytes at `span`, which refers to nothing before it; 64 bytes before and behind it are set to zero.
 * Nobody else may use the workspace, at `at`, until the compressed bytes were taken. Its lines end with one of two bytes, and their values begin after
 * another, whichever of the two pairs makes it shorter.
 */
export function begin(at: usize, span: usize, bytes: i32, line: i32, lead: i32, otherLine: i32, otherLead: i32): void {
  enter(at)
  restart()
  beginMatches()
  memory.fill(span - LOOKED_AT, 0, LOOKED_AT)
  memory.fill(span + bytes, 0, LOOKED_AT)
  open = false
  line0 = line
  lead0 = lead
  line1 = otherLine
  lead1 = otherLead
}

/** Compresses the span's next block, of so many bytes at `from`. */
export function block(from: usize, bytes: i32): void {
  for (let at = 0; at < bytes; at += STEP_BYTES) step(from, from + at, min(STEP_BYTES, bytes - at))
  passed(bytes)
}

/** Ends the span on a byte; returns its bytes. */
export function end(): i32 {
  if (open) endStretch()
  flush()
  return <i32>(out() - workspace - OUT)
}

function step(block: usize, from: usize, bytes: i32): void {
  const fresh = !open
  mark()
  if (fresh) {
    chooseSeparators(block, from, min(bytes, SAMPLE_BYTES))
    beginStretch()
    open = true
    left = STRETCH_BYTES
  }
  writeMatches(block, from, from + bytes)
  const took = written()
  if (took > bytes << 3) {
    rewind()
    if (!fresh) endStretch()
    open = false
    putStored(from, bytes)
    return
  }
  if (fresh) usual = took
  left -= bytes
  // The last step of a span is shorter, and nothing comes after it.
  if (left <= 0 || took > usual + (usual >> 2) || took < usual - (usual >> 2)) {
    endStretch()
    open = false
  }
}

/** Counts the symbols that encode a sample, with the pair of separators that makes it shorter. */
function chooseSeparators(block: usize, from: usize, bytes: i32): void {
  countSample(block, from, bytes, line0, lead0)
  if (line1 == line0 && lead1 == lead0) return
  const before = countedBits()
  countSample(block, from, bytes, line1, lead1)
  if (countedBits() > before) countSample(block, from, bytes, line0, lead0)
}

function countSample(block: usize, from: usize, bytes: i32, line: i32, lead: i32): void {
  separate(line, lead)
  forgetCounts()
  countMatches(block, from, from + bytes)
  countEnd()
}
