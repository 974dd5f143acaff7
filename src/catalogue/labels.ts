/**
 * Label sets as text. A thread renders, escapes and hashes a label set once, when it first looks it up.
 *
 * A writer is for one thread: it has scratch of its own, which is valid until its next call.
 */

import type { HashKey } from '../common/half-sip-hash.js'
import type { Arena } from '../memory/arena.js'
import { PLACE_TEXT, PLACE_TEXT_BYTES, TEXT_CONTROL_BIT } from '../memory/layout.js'
import { KeyedHash } from './keyed-hash.js'

const BACKSLASH = 0x5c
const QUOTE = 0x22
const LINE_FEED = 0x0a

export class LabelWriter {
  /** `a="x",b="y"} `: `length` bytes, and the two after them. */
  bytes: Uint8Array = new Uint8Array(1024)
  length = 0
  hash = 0
  /** TEXT_CONTROL_BIT if the text has control characters, else 0. */
  control = 0

  readonly #names: readonly Uint8Array[]
  readonly #hash: KeyedHash
  readonly #maxValueBytes: number
  readonly #one = ['']

  /** `family` is the reference of the family. With it, equal label sets of different families have different hashes. */
  constructor(key: HashKey, labelNames: readonly string[], family: number, maxValueBytes: number) {
    this.#names = labelNames.map((name, n) => Buffer.from(`${n === 0 ? '' : ','}${name}="`))
    this.#hash = new KeyedHash(key, family)
    this.#maxValueBytes = maxValueBytes
  }

  /** Renders values, which are well-formed, one for each label name. False if one is longer than allowed. */
  write(values: readonly string[]): boolean {
    let at = 0
    this.control = 0
    for (let n = 0; n < values.length; n++) {
      at = this.#label(n, values[n], at)
      if (at < 0) return false
    }
    this.bytes[at] = 0x7d
    this.bytes[at + 1] = 0x20
    this.length = at
    this.hash = this.#hash.of(values)
    return true
  }

  /** As write, for one label. */
  writeOne(value: string): boolean {
    this.#one[0] = value
    return this.write(this.#one)
  }

  /**
   * Copies the rendered text, with its `} `. It is a loop because a call of set() costs more for some dozens of bytes.
   */
  copyTo(memory: Uint8Array, at: number): void {
    const { bytes } = this
    const end = this.length + 2
    for (let n = 0; n < end; n++) memory[at + n] = bytes[n]
  }

  #label(n: number, value: string, at: number): number {
    // A code unit takes at least one byte. Checked first, so that no scratch is reserved for a refused value.
    if (value.length > this.#maxValueBytes) return -1
    const name = this.#names[n]
    // UTF-8 takes at most three bytes for a code unit, and escapes take two. The name, the quotes and `} ` are added.
    this.#reserve(at + name.length + value.length * 3 + 4)
    for (let i = 0; i < name.length; i++) this.bytes[at++] = name[i]
    const end = this.#value(value, at)
    if (end >= 0) this.bytes[end] = QUOTE
    return end < 0 ? -1 : end + 1
  }

  /** Writes one escaped value; -1 if it is too long. */
  #value(value: string, at: number): number {
    const { bytes } = this
    const start = at
    let escapes = 0
    for (let n = 0; n < value.length; n++) {
      const code = value.charCodeAt(n)
      if (code >= 0x80) return this.#encoded(value, start)
      if (code === BACKSLASH || code === QUOTE || code === LINE_FEED) {
        bytes[at++] = BACKSLASH
        bytes[at++] = code === LINE_FEED ? 0x6e : code
        escapes++
      } else {
        if (code < 0x20) this.control = TEXT_CONTROL_BIT
        bytes[at++] = code
      }
    }
    return at - start - escapes > this.#maxValueBytes ? -1 : at
  }

  #encoded(value: string, start: number): number {
    const utf8 = Buffer.from(value)
    if (utf8.length > this.#maxValueBytes) return -1
    this.#reserve(start + utf8.length * 2 + 4)
    const { bytes } = this
    let at = start
    for (const byte of utf8) {
      if (byte === BACKSLASH || byte === QUOTE || byte === LINE_FEED) {
        bytes[at++] = BACKSLASH
        bytes[at++] = byte === LINE_FEED ? 0x6e : byte
      } else {
        if (byte < 0x20) this.control = TEXT_CONTROL_BIT
        bytes[at++] = byte
      }
    }
    return at
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(size, this.bytes.length * 2))
    grown.set(this.bytes)
    this.bytes = grown
  }
}

/** The labels of a place's series, as the catalogue spells them: all, in order. The caller is within an epoch. */
export function textOf(arena: Arena, place: number): string {
  const bytes = arena.i32[place * 2 + PLACE_TEXT_BYTES] & ~TEXT_CONTROL_BIT
  return arena.text(arena.i32[place * 2 + PLACE_TEXT], bytes)
}
