/**
 * Keyed hashes of 2 x 32 bits over names and label values. Key and multipliers are drawn for each process, so nobody can
 * write a text whose series collide.
 *
 * A series' hash is the sum of its labels' hashes and its name's: the same in whatever order the labels stand, and without
 * a label by one subtraction. Two of n series collide with a chance of about n²/2⁶⁵.
 */
import { randomBytes } from 'node:crypto'

export interface HashKey {
  readonly seed1: number
  readonly seed2: number
  /** Odd. */
  readonly multiplier1: number
  readonly multiplier2: number
}

export function hashKey(random: Uint8Array = randomBytes(16)): HashKey {
  const words = new Int32Array(random.slice(0, 16).buffer)
  return {
    seed1: words[0]!,
    seed2: words[1]!,
    multiplier1: words[2]! | 1,
    multiplier2: words[3]! | 1,
  }
}

/** Spreads each bit over all: the last step of a hash. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Both halves as a key of a Map. 53 bits are enough for names: there are few. */
export function mapKey(h1: number, h2: number): number {
  return (h1 >>> 0) * 0x200000 + (h2 >>> 11)
}
