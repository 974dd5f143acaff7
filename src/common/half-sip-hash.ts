/**
 * The round of HalfSipHash, which is SipHash for words of 32 bits, with a key of 64. Strangers choose label values, and
 * can read this file: without the key they cannot find many that collide.
 */

/** The two halves of a key. */
export type HashKey = readonly [number, number]

/** The state of a hash that nothing was given yet. */
export function hashState([low, high]: HashKey): Int32Array {
  const state = new Int32Array(4)
  state.set([low, high, low ^ 0x6c79_6765, high ^ 0x7465_6462])
  return state
}

/** One round with a word; with 0 also one without. */
export function absorb(state: Int32Array, word: number): void {
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
