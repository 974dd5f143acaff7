// Where things are in the module's memory. Statics end below WINDOW, or the build fails.

/** Deflate refers back so far at most. RFC 1951, 'Compressed blocks'. */
export const HISTORY_BYTES = 32_768
export const BLOCK_BYTES = 262_144
/** Copies and compares may look so far past the end. */
const SLACK = 512

export const WINDOW: usize = 65_536
export const HEAD_BITS = 12
/** Of eight bytes each: the position where four bytes were seen last, and above it those four. */
export const HEADS: usize = WINDOW + HISTORY_BYTES + BLOCK_BYTES + SLACK
/** What checksum.ts adds up, with as much before it as it looks back; and what remains. */
export const SUMS: usize = HEADS + (8 << HEAD_BITS)
const REACH = 8_192
export const REMAINDER: usize = SUMS + REACH + BLOCK_BYTES
export const OUT_BEGIN: usize = REMAINDER + REACH
