// Where four bytes were seen last: for what neighbouring lines do not have in common.
import { MAX_MATCH } from './codes'
import { HEAD_BITS, HEADS, HISTORY_BYTES, workspace } from './map'

export const MIN_MATCH = 4
/** Found farther away, four or five bytes take more bits than they are spelled with. */
const NEAR_ENOUGH: u32 = 1024
/** A match that is as good as two or three. */
const LONG = 32

/** Position 0 is never where anything was seen. */
export function forgetSeen(): void {
  memory.fill(workspace + HEADS, 0, 8 << HEAD_BITS)
}

/** Bytes that are the same from `a` and `b` on, `n` of which are known, up to `most`. Looks 15 bytes further. */
export function same(a: usize, b: usize, n: i32, most: i32): i32 {
  while (n < most) {
    const differ = ~i8x16.bitmask(i8x16.eq(v128.load(a + n), v128.load(b + n))) & 0xffff
    if (differ != 0) return min(n + ctz(differ), most)
    n += 16
  }
  return most
}

/**
 * Looks at bytes from `from` on, ever fewer, for the first that were seen; notes those it looks at. Returns how far on
 * they are, from bit 16 on how many, and from bit 32 on how far back less one; or 0. `base` is an address less its
 * position in the span.
 */
export function search(from: usize, stop: usize, end: usize, base: u32, oldest: usize): u64 {
  const heads = workspace + HEADS
  let step = 4
  for (let at = from; at < stop; at += step++ >> 2) {
    const four = load<u32>(at)
    const head = heads + (<usize>((four * 0x9e37_79b1) >> (32 - HEAD_BITS)) << 3)
    const seen = load<u64>(head)
    const place = <usize>(<u32>seen + base)
    store<u64>(head, <u64>(<u32>at - base) | (<u64>four << 32))
    const back = <u32>(at - place) - 1
    if (<u32>(seen >> 32) != four || place < oldest || back >= <u32>HISTORY_BYTES) continue
    const length = same(at, place, 0, <i32>min<usize>(end - at, MAX_MATCH))
    // Most of one that begins late is what the line before has, too, and nearer.
    const worth = at + MIN_MATCH > stop ? length >= LONG : length > MIN_MATCH + 1 || (length >= MIN_MATCH && back < NEAR_ENOUGH)
    if (worth) {
      return <u64>(at - from) | (<u64>length << 16) | (<u64>back << 32)
    }
  }
  return 0
}
