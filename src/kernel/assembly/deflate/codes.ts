// Deflate's alphabets: what lengths and distances are spelled with. RFC 1951, 3.2.5.

const LENGTH_BASE: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
])
const LENGTH_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
])
export const LENGTH_CODES = 29
export const DISTANCE_CODES = 30
export const END_OF_BLOCK = 256
export const FIRST_LENGTH = 257
export const SYMBOLS = FIRST_LENGTH + LENGTH_CODES
export const MAX_MATCH = 258

/** By length: its code, from 0. */
const CODE_OF_LENGTH: usize = memory.data(260)
let filled = false

/** Fills the table of lengths; to be called before it is used. */
export function fillLengths(): void {
  if (filled) return
  filled = true
  for (let code = 0; code < LENGTH_CODES; code++) {
    const base = lengthBase(code)
    const last = code == LENGTH_CODES - 1 ? base : min(base + (1 << lengthExtra(code)) - 1, MAX_MATCH - 1)
    for (let length = base; length <= last; length++) store<u8>(CODE_OF_LENGTH + length, <u8>code)
  }
}

// @ts-ignore: decorator
@inline
export function lengthCode(length: i32): i32 {
  return load<u8>(CODE_OF_LENGTH + length)
}

// @ts-ignore: decorator
@inline
export function lengthBase(code: i32): i32 {
  return load<u16>(LENGTH_BASE + (code << 1))
}

// @ts-ignore: decorator
@inline
export function lengthExtra(code: i32): i32 {
  return load<u8>(LENGTH_EXTRA + code)
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
