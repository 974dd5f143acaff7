// A workspace, and where things are in it. It is a piece of the registry's memory that one span is compressed in: so
// compressing needs no memory of its own, each of which would take many GiB of address space. The module has no data
// either, or all its instances would write it to the same place: the build checks that.

/** Deflate refers back so far at most. RFC 1951, 'Compressed blocks'. */
export const HISTORY_BYTES = 32_768
export const BLOCK_BYTES = 262_144

/** Symbols of an alphabet at most, and distance codes, with four bytes each. */
const SYMBOL_WORDS: usize = 288 * 4
const DISTANCE_WORDS: usize = 32 * 4

/** The first 64 bytes are for who gives workspaces out: see src/memory/workspaces.ts. */
export const COUNTS: usize = 64
export const DISTANCE_COUNTS: usize = COUNTS + SYMBOL_WORDS
/** See book.ts. */
export const CODES: usize = DISTANCE_COUNTS + DISTANCE_WORDS
export const DISTANCES: usize = CODES + SYMBOL_WORDS
export const MATCHES: usize = DISTANCES + DISTANCE_WORDS
export const NEARS: usize = MATCHES + 260 * 4
/** See codes.ts. */
export const CODE_OF_LENGTH: usize = NEARS + 1024 * 4
/** See huffman.ts. */
export const WEIGHTS: usize = CODE_OF_LENGTH + 260
export const ORDER: usize = WEIGHTS + SYMBOL_WORDS
export const OF_LENGTH: usize = ORDER + SYMBOL_WORDS
export const NEXT: usize = OF_LENGTH + 36 * 4
/** See stretch.ts. */
export const LENGTHS: usize = NEXT + 20 * 4
export const DISTANCE_LENGTHS: usize = LENGTHS + 320
export const RUNS: usize = DISTANCE_LENGTHS + 32
export const RUN_COUNTS: usize = RUNS + 320 * 2
export const RUN_LENGTHS: usize = RUN_COUNTS + 20 * 4
export const RUN_CODES: usize = RUN_LENGTHS + 20
export const TABLES_END: usize = RUN_CODES + 20 * 4

export const HEAD_BITS = 12
/** Of eight bytes each: the position where four bytes were seen last, and above it those four. */
export const HEADS: usize = 12_288
/** What checksum.ts adds up, with as much before it as it looks back; and what remains. */
export const SUMS: usize = HEADS + (8 << HEAD_BITS)
const REACH = 8_192
export const REMAINDER: usize = SUMS + REACH + BLOCK_BYTES
export const OUT: usize = REMAINDER + REACH

/** Where the workspace in use begins: what is above is counted from here. */
export let workspace: usize = 0

export function enter(at: usize): void {
  workspace = at
}
