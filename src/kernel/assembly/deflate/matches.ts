// Finds what a block repeats, and counts it or writes it. A line is laid beside the one before it twice, at its beginning
// and at its value, 64 bytes at a time: bits show where they are the same, and four in a row are a match. Where there is
// none for long, it is looked for where the same bytes were seen last.
import { out, pendingBits, pendingCount, resume } from './bits'
import { farOf, NEAR } from './book'
import { fillLengths, MAX_MATCH } from './codes'
import { count, countMatch } from './counts'
import { endsLine, lineAt, lineEnd, reach, valueOf } from './lines'
import { CODES, HISTORY_BYTES, MATCHES, NEARS, workspace } from './map'
import { forgetSeen, MIN_MATCH, same, search } from './seen'

/** Fewer bytes than these between two matches are spelled: found elsewhere they took more bits than that. */
const LONG_GAP = 5
/** Searches in vain after which few are made, as for names that are alike in nothing; and how many a found one makes up for. */
const PATIENCE = 16
const FOUND = 5
/** Of so many gaps one is still searched then. */
const SELDOM = 8

/** Position in the span where the block begins: positions outlive a block, addresses do not. */
let origin: u32 = 0
/** Where the line begins that is being read; where the one before it does, and its value. */
let lineBegin: u32 = 0
let beginBefore: u32 = 0
let valueBefore: u32 = 0
let patience: i32 = 0
let unsearched: i32 = 0

/** A new span. */
export function beginMatches(): void {
  fillLengths()
  forgetSeen()
  origin = HISTORY_BYTES
  lineBegin = HISTORY_BYTES
  beginBefore = HISTORY_BYTES
  valueBefore = HISTORY_BYTES
  patience = PATIENCE
  unsearched = 0
}

/** The next block begins so many bytes further on. */
export function passed(bytes: i32): void {
  origin += bytes
}

/** Counts the symbols that the bytes from `from` to `end`, of a block that begins at `block`, are encoded with. */
export function countMatches(block: usize, from: usize, end: usize): void {
  encode(block, from, end, true)
}

/** Writes the bytes with those symbols. */
export function writeMatches(block: usize, from: usize, end: usize): void {
  encode(block, from, end, false)
}

/** Which of 64 bytes are the same so far back. */
// @ts-ignore: decorator
@inline
function sames(at: usize, distance: i32): u64 {
  if (distance == 0) return 0
  const from = at - distance
  return (
    <u64>i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(from))) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(at, 16), v128.load(from, 16))) << 16) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(at, 32), v128.load(from, 32))) << 32) |
    (<u64>i8x16.bitmask(i8x16.eq(v128.load(at, 48), v128.load(from, 48))) << 48)
  )
}

/** Where four bits in a row begin. */
// @ts-ignore: decorator
@inline
function foursOf(bits: u64): u64 {
  const twos = bits & (bits >> 1)
  return twos & (twos >> 2)
}

/** Inlined twice: writing keeps its state in locals all the way, and counting has none of that. */
// @ts-ignore: decorator
@inline
function encode(block: usize, from: usize, end: usize, counting: bool): void {
  const tables = workspace
  let to = out()
  let pending = pendingBits()
  let bits = pendingCount()
  const base = <u32>block - origin
  const oldest = block - min(HISTORY_BYTES, origin - HISTORY_BYTES)
  let begin = <usize>(lineBegin + base)
  let earlier = <usize>(beginBefore + base)
  let earlierValue = <usize>(valueBefore + base)
  let at = from
  let next = lineEnd(at, end)
  let value = valueOf(next)
  let left = reach(<i32>(begin - earlier), begin, oldest)
  let right = reach(<i32>(value - earlierValue), begin, oldest)
  while (at < end) {
    while (at >= next) {
      earlier = begin
      earlierValue = value
      begin = next
      next = lineAt(begin, end)
      value = valueOf(next)
      left = reach(<i32>(begin - earlier), begin, oldest)
      right = reach(<i32>(value - earlierValue), begin, oldest)
    }
    const sameLeft = sames(at, left)
    const sameRight = right == left ? 0 : sames(at, right)
    const room = <i32>min<usize>(next - at, 64)
    // They may go on in the next line, but begin in this one.
    const fours = (foursOf(sameLeft) | foursOf(sameRight)) & (<u64>-1 >> <u64>(64 - room))
    let pos = 0
    do {
      const rest = fours >> <u64>pos
      let stop = rest == 0 ? room : pos + <i32>ctz(rest)
      let length = 0
      let distance = left
      if (stop - pos >= LONG_GAP && (patience > 0 || (++unsearched & (SELDOM - 1)) == 0)) {
        const found = search(at + pos, at + stop, end, base, oldest)
        if (found == 0) patience = max(patience - 1, 0)
        else {
          patience = min(patience + FOUND, PATIENCE)
          stop = pos + <i32>(found & 0xffff)
          length = <i32>(found >> 16) & 0xffff
          distance = <i32>(found >> 32) + 1
        }
      }
      if (length == 0 && rest != 0) {
        length = <i32>ctz(~(sameLeft >> <u64>stop))
        const other = <i32>ctz(~(sameRight >> <u64>stop))
        if (other > length) {
          length = other
          distance = right
        }
        if (stop + length >= 64) length = same(at + stop, at + stop - distance, length, MAX_MATCH)
        length = min(length, <i32>min<usize>(end - at - stop, MAX_MATCH))
        if (length < MIN_MATCH) {
          length = 0
          stop = <i32>(end - at)
        }
      }
      if (counting) for (; pos < stop; pos++) count(load<u8>(at + pos))
      while (pos < stop) {
        // So many fit between two stores.
        const few = min(pos + 4, stop)
        for (; pos < few; pos++) {
          const code = load<u32>(tables + (<usize>load<u8>(at + pos) << 2), CODES)
          pending |= <u64>(code & 0xff_ffff) << <u64>bits
          bits += code >> 24
        }
        store<u64>(to, pending)
        to += bits >> 3
        pending >>= <u64>(bits & ~7)
        bits &= 7
      }
      if (length == 0) continue
      pos += length
      if (counting) {
        countMatch(length, distance)
        continue
      }
      const match = load<u32>(tables + (<usize>length << 2), MATCHES)
      const matchBits = match >> 24
      const back = distance < NEAR ? load<u32>(tables + (<usize>distance << 2), NEARS) : farOf(distance)
      pending |= (<u64>(match & 0xff_ffff) | (<u64>(back & 0x7ff_ffff) << <u64>matchBits)) << <u64>bits
      bits += matchBits + (back >> 27)
      store<u64>(to, pending)
      to += bits >> 3
      pending >>= <u64>(bits & ~7)
      bits &= 7
    } while (pos < room)
    at += pos
  }
  if (counting) return
  resume(to, pending, bits)
  if (endsLine(next)) {
    earlier = begin
    earlierValue = value
    begin = next
  }
  lineBegin = <u32>begin - base
  beginBefore = <u32>earlier - base
  valueBefore = <u32>earlierValue - base
}
