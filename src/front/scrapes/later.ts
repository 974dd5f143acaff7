import type { Chunk } from '../../exposition/types.js'
import type { Reading } from './reader.js'

/** An answer of one part that is still being made. */
export class LaterReading implements Reading {
  #bytes: Promise<Uint8Array> | undefined

  constructor(bytes: Promise<Uint8Array>) {
    this.#bytes = bytes
  }

  async next(): Promise<Chunk | undefined> {
    const coming = this.#bytes
    this.#bytes = undefined
    if (coming === undefined) return undefined
    return { bytes: await coming, release() {} }
  }

  abort(): void {
    this.#bytes = undefined
  }

  /** It is small, and others may have it, too: there is nothing to hold or to give back. */
  rest(): boolean {
    return true
  }

  keep(): void {}
  drop(): void {}
  progress(): void {}
}
