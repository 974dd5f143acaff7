/**
 * The hash that label sets are found by: in what a thread has looked up, and in the chains that all threads share.
 *
 * Senders choose label values, and know this file. Without the key they must not find many values that collide. A seed
 * that FNV and its like begin with does not do: two values can collide whatever the seed is, or for a good part of all
 * seeds, and 2^n more follow from n such pairs. Sums of characters times secret numbers do not for long: from one
 * collision that shows in a delay, others follow by addition. HalfSipHash was made for this: SipHash for words of 32
 * bits, with a key of 64. One round for each word and three at the end are what Linux has for its tables. With four
 * characters in a word it takes about as long as FNV, which waits for a multiplication at each.
 *
 * Assumes: the key is random, the same in all threads of a registry, and told to nobody.
 * Guarantees: different lists of values are different messages. A word with its top bit set ends each value; a list
 * that is not all ASCII begins with a word that no other list has.
 */

/** Two halves of a registry's key. */
export type HashKey = readonly [number, number]

/** What is longer is kept nowhere (option "maxLabelLength"), so its rest need not be read. */
const MAX_UNITS = 65_536
/** Ends a value; how many characters it has above a multiple of four is added. */
const END = 0x80
const WIDE = -1

/** Scratch: the state of the hash that is being reckoned. */
const state = new Int32Array(4)

export class KeyedHash {
  /** The state that each hash begins with: the key and the domain are in it. */
  readonly #start = new Int32Array(4)

  /** Hashes of different domains have nothing to do with each other. */
  constructor([low, high]: HashKey, domain: number) {
    this.#start.set([low, high, low ^ 0x6c79_6765, high ^ 0x7465_6462])
    absorb(this.#start, domain)
  }

  /** The 32-bit hash of a list of values. */
  of(values: readonly string[]): number {
    const start = this.#start
    // The rounds of absorb() once more, on locals: they stay in registers.
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

/** One round of HalfSipHash. */
function absorb(state: Int32Array, word: number): void {
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3] ^ word
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
  state[0] = a ^ word
  state[1] = b
  state[2] = c
  state[3] = d
}
