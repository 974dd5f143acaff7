// Deflate's alphabets: what lengths and distances are spelled with. RFC 1951, 3.2.5.
import { CODE_OF_LENGTH, workspace } from './map'

export const LENGTH_CODES = 29
export const DISTANCE_CODES = 30
export const END_OF_BLOCK = 256
export const FIRST_LENGTH = 257
export const SYMBOLS = FIRST_LENGTH + LENGTH_CODES
export const MAX_MATCH = 258
const MIN_LENGTH = 3

/** Fills the table CODE_OF_LENGTH, by length its code from 0 on; to be called before it is used. */
export function fillLengths(): void {
  for (let code = 0; code < LENGTH_CODES; code++) {
    const base = lengthBase(code)
    const last = code == LENGTH_CODES - 1 ? base : min(base + (1 << lengthExtra(code)) - 1, MAX_MATCH - 1)
    for (let length = base; length <= last; length++) store<u8>(workspace + length, <u8>code, CODE_OF_LENGTH)
  }
}

// @ts-ignore: decorator
@inline
export function lengthCode(length: i32): i32 {
  return load<u8>(workspace + length, CODE_OF_LENGTH)
}

/** The shortest length of a code: eight codes have one length, then four codes each one bit more, and 258 its own. */
export function lengthBase(code: i32): i32 {
  if (code < 8) return MIN_LENGTH + code
  return code == LENGTH_CODES - 1 ? MAX_MATCH : MIN_LENGTH + ((4 + (code & 3)) << lengthExtra(code))
}

export function lengthExtra(code: i32): i32 {
  return code < 8 || code == LENGTH_CODES - 1 ? 0 : (code >> 2) - 1
}

/** Two codes for each power of two, from 4 on. */
// @ts-ignore: decorator
@inline
export function distanceCode(distance: i32): i32 {
  const d = distance - 1
  if (d < 4) return d
  const bits = 31 - clz(d)
  return (bits << 1) | ((d >> (bits - 1)) & 1)
}

// @ts-ignore: decorator
@inline
export function distanceExtra(code: i32): i32 {
  return code < 4 ? 0 : (code >> 1) - 1
}
