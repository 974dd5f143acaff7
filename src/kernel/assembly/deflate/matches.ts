// Finds what a block repeats. Three places are looked at for each position that no match covers: as far into the line
// before, from its beginning (which is as far back as that line is long); as far from its end (as far back as this line is
// long); and where its four bytes were seen last.
import { distanceCode, END_OF_BLOCK, FIRST_LENGTH, fillLengths, lengthCode, MAX_MATCH } from './codes'
import { count, countDistance, forgetCounts } from './counts'
import { HEAD_BITS, HEADS, HISTORY_BYTES, TOKENS } from './map'

const MIN_MATCH = 4
const LINE_FEED: u8 = 0x0a
/** The first position whose four bytes are not all among 16. */
const LOOKED_AT = 1 << 13
/** A match of so many bytes is taken without a look for a longer one. */
const GOOD_MATCH = 8
/** Fewer bytes than these between two matches are spelled: found elsewhere they took more bits than that. */
const SHORT_GAP = 5

/** Position in the span of the byte at address 0, were it there: heads keep positions, which outlive a block. */
let origin: u32 = 0
let lineBytesBefore: i32 = 0

/** Forgets what was seen: a new span. */
export function forget(): void {
  fillLengths()
  // Position 0 is never where anything was seen.
  memory.fill(HEADS, 0, 8 << HEAD_BITS)
  origin = HISTORY_BYTES
  lineBytesBefore = 0
}

// @ts-ignore: decorator
@inline
function headOf(four: u32): usize {
  return HEADS + (<usize>((four * 0x9e37_79b1) >> (32 - HEAD_BITS)) << 3)
}

/** Bytes that are the same from `a` and `b` on, up to `most`. Looks 15 bytes further. */
// @ts-ignore: decorator
@inline
function same(a: usize, b: usize, most: i32): i32 {
  let n = 0
  do {
    const differ = ~i8x16.bitmask(i8x16.eq(v128.load(a + n), v128.load(b + n))) & 0xffff
    if (differ != 0) return min(n + ctz(differ), most)
    n += 16
  } while (n < most)
  return most
}

/** Where the line that begins at `from` ends, after its line feed; `end` if it has none. */
// @ts-ignore: decorator
@inline
function lineEnd(from: usize, end: usize): usize {
  const wanted = i8x16.splat(LINE_FEED)
  while (from < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(from), wanted))
    if (found != 0) return min(from + ctz(found) + 1, end)
    from += 16
  }
  return end
}

/** The first byte that is known, of what was before a block. */
// @ts-ignore: decorator
@inline
function oldestOf(from: usize): usize {
  return from - min(HISTORY_BYTES, origin - HISTORY_BYTES)
}

/** A distance, or 0 where there is nothing so far back. */
// @ts-ignore: decorator
@inline
function reach(distance: i32, from: usize, oldest: usize): i32 {
  return distance <= HISTORY_BYTES && from - distance >= oldest ? distance : 0
}

/** Where four bits in a row begin. */
// @ts-ignore: decorator
@inline
function foursOf(bits: i32): i32 {
  const twos = bits & (bits >> 1)
  return twos & (twos >> 2)
}

/** Bytes that are the same so far back, of which the first 16 were compared. */
// @ts-ignore: decorator
@inline
function matchLength(bits: i32, at: usize, distance: i32, most: i32): i32 {
  return bits == 0xffff ? same(at, at - distance, most) : min(ctz(~bits), most)
}

/** Whether it is shorter as a match: digits that are far away cost more than they are spelled with. */
// @ts-ignore: decorator
@inline
function worth(length: i32, distance: i32): bool {
  return length > 5 || (length >= MIN_MATCH && distance < 1024)
}

// @ts-ignore: decorator
@inline
function literal(token: usize, at: usize): usize {
  const byte = load<u8>(at)
  store<u32>(token, byte)
  count(byte)
  return token + 4
}

// @ts-ignore: decorator
@inline
function match(token: usize, length: i32, distance: i32): usize {
  const code = distanceCode(distance)
  store<u32>(token, (code << 25) | (length << 16) | (distance - 1))
  count(FIRST_LENGTH + lengthCode(length))
  countDistance(code)
  return token + 4
}

/**
 * Writes the block's tokens; returns their end. A token is a byte, or a distance less one, from bit 16 on a length, and
 * from bit 25 on the distance's code.
 */
export function findMatches(from: usize, end: usize): usize {
  forgetCounts()
  let token = TOKENS
  let at = from
  let begin = from
  let next = lineEnd(from, end)
  // How far back the line before is, from its beginning and from its end; 0 where that is too far.
  let left = reach(lineBytesBefore, from, oldestOf(from))
  let right = reach(<i32>(next - begin), from, oldestOf(from))
  // Position in the span is address less this.
  const base = <u32>from - origin
  const oldest = oldestOf(from)
  // Where no four bytes are left, nothing is looked for.
  const lastFour = end - (MIN_MATCH - 1)
  while (at < end) {
    while (at >= next) {
      left = reach(<i32>(next - begin), next, oldest)
      begin = next
      next = lineEnd(begin, end)
      right = reach(<i32>(next - begin), begin, oldest)
      if (right == left) right = 0
    }
    // Where, in the next bytes, four in a row are the same as there: one look for all of them.
    const some = v128.load(at)
    const sameLeft = left == 0 ? 0 : i8x16.bitmask(i8x16.eq(some, v128.load(at - left)))
    const sameRight = right == 0 ? 0 : i8x16.bitmask(i8x16.eq(some, v128.load(at - right)))
    const gap = min(
      ctz(foursOf(sameLeft) | foursOf(sameRight) | LOOKED_AT),
      <i32>min<usize>(next - at, max<usize>(lastFour, at) - at),
    )
    if (gap == 0) {
      const most = <i32>min<usize>(end - at, MAX_MATCH)
      if (most < MIN_MATCH) {
        token = literal(token, at)
        at++
        continue
      }
      let length = matchLength(sameLeft, at, left, most)
      let distance = left
      const other = length < GOOD_MATCH ? matchLength(sameRight, at, right, most) : 0
      if (other > length) {
        length = other
        distance = right
      }
      const four = load<u32>(at)
      const head = headOf(four)
      if (length < GOOD_MATCH) {
        const seen = load<u64>(head)
        const place = <usize>(<u32>seen + base)
        if (<u32>(seen >> 32) == four && place >= oldest && <i32>(at - place) <= HISTORY_BYTES) {
          const other = same(at, place, most)
          if (other > length && worth(other, <i32>(at - place))) {
            length = other
            distance = <i32>(at - place)
          }
        }
      }
      store<u64>(head, <u64>(<u32>at - base) | (<u64>four << 32))
      token = match(token, length, distance)
      at += length
      continue
    }
    const stop = at + gap
    if (gap < SHORT_GAP) {
      for (; at < stop; at++) token = literal(token, at)
      continue
    }
    while (at < stop) {
      const four = load<u32>(at)
      const head = headOf(four)
      const seen = load<u64>(head)
      const place = <usize>(<u32>seen + base)
      store<u64>(head, <u64>(<u32>at - base) | (<u64>four << 32))
      if (<u32>(seen >> 32) == four && place >= oldest && <i32>(at - place) <= HISTORY_BYTES) {
        const length = same(at, place, <i32>min<usize>(end - at, MAX_MATCH))
        if (worth(length, <i32>(at - place))) {
          token = match(token, length, <i32>(at - place))
          at += length
          break
        }
      }
      token = literal(token, at)
      at++
    }
  }
  lineBytesBefore = <i32>(next - begin)
  origin += <u32>(end - from)
  count(END_OF_BLOCK)
  return token
}
