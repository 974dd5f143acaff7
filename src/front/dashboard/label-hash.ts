/** Hashes of label values, by which a series is known from look to look. */
import { randomBytes } from 'node:crypto'
import { absorb, type HashKey, hashState } from '../../common/half-sip-hash.js'
import type { MetricView } from '../../reading/metric-view.js'

export function randomKey(): HashKey {
  const bytes = randomBytes(8)
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)]
}

/** HalfSipHash-1-3, of 64 bits, of the values of a series' labels. */
export class LabelHash {
  /** Of the series that was hashed last; without sign. */
  low = 0
  high = 0
  readonly #start: Int32Array
  readonly #state = new Int32Array(4)

  constructor(key: HashKey) {
    this.#start = hashState(key)
    this.#start[1] ^= 0xee
  }

  of({ bytes, labels }: MetricView): void {
    const state = this.#state
    state.set(this.#start)
    for (let n = 0; n < labels.length; n++) {
      const to = labels.valueTo[n]!
      let at = labels.valueFrom[n]!
      // Each value begins with its length, so that different lists are different words.
      absorb(state, to - at)
      for (; at + 4 <= to; at += 4)
        absorb(state, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
      let rest = 0
      for (let shift = 0; at < to; at++, shift += 8) rest |= bytes[at]! << shift
      absorb(state, rest)
    }
    state[2] ^= 0xee
    this.low = this.#end(state)
    state[1] ^= 0xdd
    this.high = this.#end(state)
  }

  #end(state: Int32Array): number {
    for (let n = 0; n < 3; n++) absorb(state, 0)
    return (state[1] ^ state[3]) >>> 0
  }
}
