/**
 * The hash by which label sets are found, in each thread's own index and in the chains that all threads share.
 *
 * Senders choose label values, and can read this file. Without the key they must not be able to find many values that
 * collide. A random seed for FNV or a similar hash is not enough: two values can collide for all seeds, or for a good
 * part of them, and 2^n more collisions follow from n such pairs. Sums of characters times secret numbers are not
 * enough for long: from one collision that shows as a delay, others follow by addition. HalfSipHash was made for this:
 * it is SipHash for words of 32 bits, with a key of 64. It is used with one round for each word and three at the end,
 * as in Linux's tables. With four characters in a word it takes about as long as FNV, which waits for a multiplication
 * for each character.
 *
 * Assumes: The key is random, the same in all threads of a registry, and never exposed.
 * Guarantees: Different lists of values are different messages to the hash. A word whose top bit is set ends each
 * value. A list that is not all ASCII begins with a word that no other list has.
 */
import { absorb, type HashKey, hashState } from '../common/half-sip-hash.js'

/** Values that are longer are refused (option "maxLabelLength"), so their rest need not be read. */
const MAX_UNITS = 65_536
/** Ends a value. The number of characters above a multiple of four is added to it. */
const END = 0x80
const WIDE = -1

/** Scratch: the state of the hash that is being computed. */
const state = new Int32Array(4)

export class KeyedHash {
  /** The state with which each hash begins: it contains the key and the domain. */
  readonly #start: Int32Array

  /** Hashes of different domains are independent of each other. */
  constructor(key: HashKey, domain: number) {
    this.#start = hashState(key)
    absorb(this.#start, domain)
  }

  /** The 32-bit hash of a list of values. */
  of(values: readonly string[]): number {
    const start = this.#start
    // These are the rounds of absorb(), written out over locals, so that they stay in registers.
    let a = start[0]
    let b = start[1]
    let c = start[2]
    let d = start[3]
    let units = 0
    for (let v = 0; v < values.length; v++) {
      const value = values[v]
      const length = Math.min(value.length, MAX_UNITS)
      for (let n = 0, word = 0; word >= 0; n += 4) {
        if (n + 3 < length) {
          const p = value.charCodeAt(n)
          const q = value.charCodeAt(n + 1)
          const r = value.charCodeAt(n + 2)
          const s = value.charCodeAt(n + 3)
          units |= p | q | r | s
          word = (p | (q << 8) | (r << 16) | (s << 24)) & 0x7fff_ffff
        } else {
          word = (END | (length & 3)) << 24
          for (let at = n; at < length; at++) {
            const unit = value.charCodeAt(at)
            units |= unit
            word |= unit << (8 * (at - n))
          }
        }
        d ^= word
        a = (a + b) | 0
        b = ((b << 5) | (b >>> 27)) ^ a
        a = (a << 16) | (a >>> 16)
        c = (c + d) | 0
        d = ((d << 8) | (d >>> 24)) ^ c
        a = (a + d) | 0
        d = ((d << 7) | (d >>> 25)) ^ a
        c = (c + b) | 0
        b = ((b << 13) | (b >>> 19)) ^ c
        c = (c << 16) | (c >>> 16)
        a ^= word
      }
    }
    if (units > 0x7f) return this.#ofWide(values)
    c ^= 0xff
    for (let n = 0; n < 3; n++) {
      a = (a + b) | 0
      b = ((b << 5) | (b >>> 27)) ^ a
      a = (a << 16) | (a >>> 16)
      c = (c + d) | 0
      d = ((d << 8) | (d >>> 24)) ^ c
      a = (a + d) | 0
      d = ((d << 7) | (d >>> 25)) ^ a
      c = (c + b) | 0
      b = ((b << 13) | (b >>> 19)) ^ c
      c = (c << 16) | (c >>> 16)
    }
    return b ^ d
  }

  #ofWide(values: readonly string[]): number {
    state.set(this.#start)
    absorb(state, WIDE)
    for (const value of values) {
      const length = Math.min(value.length, MAX_UNITS)
      for (let n = 0; n < length; n++) absorb(state, value.charCodeAt(n))
      absorb(state, END << 24)
    }
    state[2] ^= 0xff
    for (let n = 0; n < 3; n++) absorb(state, 0)
    return state[1] ^ state[3]
  }
}
