// The codes that a stretch is written in: each as it is written, and from bit 24 on how many bits it is.
import {
  distanceCode,
  distanceExtra,
  FIRST_LENGTH,
  LENGTH_CODES,
  lengthBase,
  lengthCode,
  lengthExtra,
  MAX_MATCH,
} from './codes'
import { CODES, DISTANCES, MATCHES, NEARS, workspace } from './map'

// CODES and DISTANCES have them by symbol. MATCHES has by length of a match its code with its extra bits; NEARS, by
// distance, its code with its extra bits, and from bit 27 on how many bits that is.

/** Four of them and seven bits fit 64; so do a length, a distance and their extra bits. */
export const MAX_CODE_BITS = 14
/** Distances from here on are not in NEARS. */
export const NEAR = 1024

/** Fills what is made of CODES and DISTANCES. */
export function fillBook(): void {
  for (let code = 0; code < LENGTH_CODES; code++) {
    const own = load<u32>(workspace + (<usize>(FIRST_LENGTH + code) << 2), CODES)
    const bits = own >> 24
    const extra = lengthExtra(code)
    const base = lengthBase(code)
    for (let rest = 0; rest < 1 << extra; rest++) {
      if (base + rest > MAX_MATCH || lengthCode(base + rest) != code) break
      const value = (own & 0xff_ffff) | (rest << bits) | ((bits + extra) << 24)
      store<u32>(workspace + (<usize>(base + rest) << 2), value, MATCHES)
    }
  }
  for (let distance = 1; distance < NEAR; distance++) {
    store<u32>(workspace + (<usize>distance << 2), farOf(distance), NEARS)
  }
}

/** As NEARS has it, of any distance. */
export function farOf(distance: i32): u32 {
  const code = distanceCode(distance)
  const own = load<u32>(workspace + (<usize>code << 2), DISTANCES)
  const bits = own >> 24
  const extra = distanceExtra(code)
  return (own & 0xffff) | (((distance - 1) & ((1 << extra) - 1)) << bits) | ((bits + extra) << 27)
}
