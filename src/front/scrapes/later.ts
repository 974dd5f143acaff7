import type { Chunk } from '../../exposition/types.js'
import type { Reading } from './reader.js'

/** An answer of one part that is still being made. */
export class LaterReading implements Reading {
  #bytes: Promise<Uint8Array> | undefined
  readonly #leave: () => void

  /** `leave` is called when it is not waited for any more, and may be called again. */
  constructor(bytes: Promise<Uint8Array>, leave: () => void) {
    this.#bytes = bytes
    this.#leave = leave
  }

  async next(): Promise<Chunk | undefined> {
    const coming = this.#bytes
    this.#bytes = undefined
    if (coming === undefined) return undefined
    return { bytes: await coming, release() {} }
  }

  abort(): void {
    this.#bytes = undefined
    this.#leave()
  }

  /** It is small, and others may have it, too: there is nothing to hold or to give back. */
  rest(): boolean {
    return true
  }

  keep(): void {}
  drop(): void {}
  progress(): void {}
}
