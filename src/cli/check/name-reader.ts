/** Names of metrics and labels in the bytes of a line: most are those of the line before, and need no look-up. */

import type { HashKey } from '../bytes/hash.js'
import { DIGIT, KINDS, LABEL, NAME, startsWith } from '../bytes/kinds.js'
import type { Families, Family, Label, Name } from './families.js'

export class NameReader {
  readonly #key: HashKey
  readonly #families: Families
  #last: Name | undefined
  #hash1 = 0
  #hash2 = 0

  constructor(key: HashKey, families: Families) {
    this.#key = key
    this.#families = families
  }

  /** The metric's name, which mostly is that of the line before; `undefined` if there is none. */
  readName(bytes: Uint8Array, start: number): Name | undefined {
    const last = this.#last
    if (last !== undefined && startsWith(bytes, start, last.bytes, NAME)) return last
    const to = this.#hashName(bytes, start, NAME)
    if (to === start || (KINDS[bytes[start]!]! & DIGIT) !== 0) return undefined
    this.#last = this.#families.name(this.#hash1, this.#hash2, bytes, start, to)
    return this.#last
  }

  /** A label's name, which mostly is the one that stood there in the line before; `undefined` if there is none. */
  readLabel(bytes: Uint8Array, from: number, family: Family, n: number): Label | undefined {
    const last = family.labels[n]
    if (last !== undefined && startsWith(bytes, from, last.bytes, LABEL)) return last
    const to = this.#hashName(bytes, from, LABEL)
    if (to === from || (KINDS[bytes[from]!]! & DIGIT) !== 0) return undefined
    return this.#families.label(family, this.#hash1, this.#hash2, bytes, from, to)
  }

  /** Hashes bytes of one kind, and says where they end. */
  #hashName(bytes: Uint8Array, from: number, kind: number): number {
    const { multiplier1, multiplier2 } = this.#key
    let h1 = this.#key.seed1
    let h2 = this.#key.seed2
    let at = from
    for (let c = bytes[at]!; (KINDS[c]! & kind) !== 0; c = bytes[++at]!) {
      h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
      h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
    }
    this.#hash1 = h1
    this.#hash2 = h2
    return at
  }
}
