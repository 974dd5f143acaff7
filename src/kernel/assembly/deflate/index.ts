// Raw deflate (RFC 1951) for expositions, where a line mostly repeats the one before it. A module of its own, with a
// memory of its own in each pool thread: its caller copies plain bytes in, block by block, and takes the compressed out.
//
//     WINDOW ─find matches─▶ TOKENS, counted ─Huffman─▶ OUT
//
// The memory, by address:
//
//     0 tables and statics | WINDOW: the 32 KiB before a block, then the block | HEADS: where four bytes were seen last
//     | TOKENS: one for each byte of a block at most | OUT
import { flush, OUT, out, restart } from './bits'
import { findMatches, forget } from './matches'
import { writeBlock } from './block'
import { BLOCK_BYTES, HISTORY_BYTES, WINDOW } from './map'

/** Where a block's bytes are to be put. */
export function input(): usize {
  return WINDOW + HISTORY_BYTES
}

/** Bytes of a block at most. */
export function blockBytes(): i32 {
  return BLOCK_BYTES
}

/** Where the compressed bytes are. */
export function output(): usize {
  return OUT
}

/** A new span, which refers to nothing before it. */
export function begin(): void {
  restart()
  forget()
}

/** Compresses the block of so many bytes at `input`. */
export function block(bytes: i32): void {
  const from = WINDOW + HISTORY_BYTES
  const end = findMatches(from, from + bytes)
  writeBlock(from, bytes, end)
  // What comes next may refer to it.
  memory.copy(WINDOW, from + bytes - HISTORY_BYTES, HISTORY_BYTES)
}

/** Ends the span on a byte; returns its bytes. */
export function end(): i32 {
  flush()
  return <i32>(out() - OUT)
}
