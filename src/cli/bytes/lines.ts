/** Cuts chunks into whole lines, without copying more than the lines that two chunks share. */
import { LF } from './kinds.js'

/** A longer line is no exposition's. Held whole, it could take all memory. */
export const LONGEST_LINE = 4 * 2 ** 20

export interface LineReader {
  /** Whole lines: the last byte is a line feed. */
  lines(bytes: Uint8Array, from: number, to: number): void
  /** A line that is too long, and is left out. */
  long(): void
}

export class Lines {
  readonly #reader: LineReader
  #rest: Uint8Array[] = []
  #held = 0
  #skipping = false

  constructor(reader: LineReader) {
    this.#reader = reader
  }

  write(chunk: Uint8Array): void {
    let from = 0
    if (this.#held > 0 || this.#skipping) {
      const first = chunk.indexOf(LF) + 1
      if (first === 0) {
        this.#hold(chunk, 0)
        return
      }
      this.#hold(chunk.subarray(0, first), 0)
      this.#flush()
      from = first
    }
    const to = chunk.lastIndexOf(LF) + 1
    if (to > from) this.#reader.lines(chunk, from, to)
    this.#hold(chunk, Math.max(from, to))
  }

  /** What stands behind the last line feed. */
  end(): Uint8Array {
    return this.#skipping ? new Uint8Array() : Buffer.concat(this.#rest)
  }

  #hold(chunk: Uint8Array, from: number): void {
    if (from >= chunk.length) return
    if (this.#skipping) return
    // Its owner may use the chunk's memory again.
    this.#rest.push(Uint8Array.from(chunk.subarray(from)))
    this.#held += chunk.length - from
    if (this.#held <= LONGEST_LINE) return
    this.#reader.long()
    this.#rest = []
    this.#held = 0
    this.#skipping = true
  }

  #flush(): void {
    if (!this.#skipping) {
      const line = Buffer.concat(this.#rest)
      this.#reader.lines(line, 0, line.length)
    }
    this.#skipping = false
    this.#rest = []
    this.#held = 0
  }
}
