// Shortens what a CRC-32 is to be reckoned of. Modulo its polynomial, and with y = x^128,
//
//     1 = y^-145 + y^-183 + y^-211 + y^-300
//
// (the four of least reach, found by trying all), so that 16 bytes can be left out if they are added, without carry, to
// those 145, 183, 211 and 300 times 16 bytes after them. All but the last 300 times 16 are left out: the rest has the same
// checksum, and the caller computes its CRC-32. That is three times as fast as a table.
import { REMAINDER, SUMS, workspace } from './map'

const NEAREST = 145 << 4
const NEAR = 183 << 4
const FAR = 211 << 4
const FARTHEST = 300 << 4

/** Fewer bytes than these are not shortened. */
export function shortest(): i32 {
  return 2 * FARTHEST
}

/** Where the remainder is, from the workspace's beginning: as an address it could be negative outside of here. */
export function remainder(): usize {
  return REMAINDER
}

/** The block's 16 bytes at `n`, with all that was left out before; `sums` is where FARTHEST bytes of zeros end. */
// @ts-ignore: decorator
@inline
function added(from: usize, sums: usize, n: i32): v128 {
  const sum = sums + n
  const two = v128.xor(v128.load(sum - NEAREST), v128.load(sum - NEAR))
  const more = v128.xor(v128.load(sum - FAR), v128.load(sum - FARTHEST))
  return v128.xor(v128.load(from + n), v128.xor(two, more))
}

/**
 * Shortens the block at `from`, of at least `shortest` bytes, which follows what `register` (not inverted) is the CRC of.
 * Returns how many bytes remain; their CRC from a register of 0 on is that of all.
 */
export function shorten(from: usize, bytes: i32, register: u32): i32 {
  const sums = workspace + SUMS + FARTHEST
  const rest = workspace + REMAINDER
  const all = bytes & ~15
  const end = all - FARTHEST
  // A register is what the next bytes are added to.
  const first = load<u32>(from)
  store<u32>(from, first ^ register)
  memory.fill(workspace + SUMS, 0, FARTHEST)
  let n = 0
  for (; n < end; n += 16) v128.store(sums + n, added(from, sums, n))
  store<u32>(from, first)
  // From here on nothing is left out.
  memory.fill(sums + n, 0, FARTHEST)
  for (; n < all; n += 16) v128.store(rest + (n - end), added(from, sums, n))
  memory.copy(rest + FARTHEST, from + all, bytes - all)
  return FARTHEST + bytes - all
}
