import type { Chunk } from '../../exposition/types.js'

/** One part of a shared scrape: in a slot, or in private memory once it was copied. */
export class Part {
  bytes: Uint8Array
  /** How many readers have not released it. */
  holders: number
  /** The slot's bytes; undefined once `bytes` is a private copy. */
  chunk: Chunk | undefined
  /** When it was encoded, ms on the clock of SharedScrapes. */
  readonly since: number

  constructor(chunk: Chunk, holders: number, since: number) {
    this.bytes = chunk.bytes
    this.chunk = chunk
    this.holders = holders
    this.since = since
  }
}
