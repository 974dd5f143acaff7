// The codes that a stretch is written in: each as it is written, and from bit 24 on how many bits it is.
import {
  DISTANCE_CODES,
  distanceCode,
  distanceExtra,
  FIRST_LENGTH,
  LENGTH_CODES,
  lengthBase,
  lengthCode,
  lengthExtra,
  MAX_MATCH,
  SYMBOLS,
} from './codes'

/** Four of them and seven bits fit 64; so do a length, a distance and their extra bits. */
export const MAX_CODE_BITS = 14
export const CODES: usize = memory.data(SYMBOLS * 4)
export const DISTANCES: usize = memory.data(DISTANCE_CODES * 4)
/** By length of a match: its code with its extra bits. */
export const MATCHES: usize = memory.data((MAX_MATCH + 1) * 4)
/** By distance: its code with its extra bits, and from bit 27 on how many bits that is. */
export const NEARS: usize = memory.data(1024 * 4)
/** Distances from here on are not in it. */
export const NEAR = 1024

/** Fills what is made of CODES and DISTANCES. */
export function fillBook(): void {
  for (let code = 0; code < LENGTH_CODES; code++) {
    const own = load<u32>(CODES + (<usize>(FIRST_LENGTH + code) << 2))
    const bits = own >> 24
    const extra = lengthExtra(code)
    const base = lengthBase(code)
    for (let rest = 0; rest < 1 << extra; rest++) {
      if (base + rest > MAX_MATCH || lengthCode(base + rest) != code) break
      store<u32>(MATCHES + (<usize>(base + rest) << 2), (own & 0xff_ffff) | (rest << bits) | ((bits + extra) << 24))
    }
  }
  for (let distance = 1; distance < NEAR; distance++) store<u32>(NEARS + (<usize>distance << 2), farOf(distance))
}

/** As NEARS has it, of any distance. */
export function farOf(distance: i32): u32 {
  const code = distanceCode(distance)
  const own = load<u32>(DISTANCES + (<usize>code << 2))
  const bits = own >> 24
  const extra = distanceExtra(code)
  return (own & 0xffff) | (((distance - 1) & ((1 << extra) - 1)) << bits) | ((bits + extra) << 27)
}
