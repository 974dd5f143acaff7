// Lines of an exposition, as far as they help to find what they repeat: nothing breaks where what is taken for a line is
// none. A line ends with a byte (text: line feed), and its value begins after the last of another (text: space).
import { HISTORY_BYTES } from './map'

let lineByte: u8 = 0
let leadByte: u8 = 0

export function separate(line: i32, lead: i32): void {
  lineByte = <u8>line
  leadByte = <u8>lead
}

/** Fewer bytes are no line: a length of protobuf may look like its end. */
const SHORTEST = 8

/** Where the line ends that begins at `begin`, after its last byte; `end` if it goes on. */
// @ts-ignore: decorator
@inline
export function lineAt(begin: usize, end: usize): usize {
  return lineEnd(begin + SHORTEST, end)
}

/** The same of a line that goes on at `from`. */
// @ts-ignore: decorator
@inline
export function lineEnd(from: usize, end: usize): usize {
  const wanted = i8x16.splat(lineByte)
  while (from < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(from), wanted))
    if (found != 0) return min(from + ctz(found) + 1, end)
    from += 16
  }
  return end
}

/** Whether a line ends before `at`. */
// @ts-ignore: decorator
@inline
export function endsLine(at: usize): bool {
  return load<u8>(at - 1) == lineByte
}

/** Where the value of a line begins that ends at `end`, if it has 15 bytes at most; else where the line ends. */
// @ts-ignore: decorator
@inline
export function valueOf(end: usize): usize {
  const leads = i8x16.bitmask(i8x16.eq(v128.load(end - 16), i8x16.splat(leadByte)))
  return leads == 0 ? end : end - 15 + (31 - clz(leads))
}

/** A distance from `from` on, or 0 where there is nothing so far back. */
// @ts-ignore: decorator
@inline
export function reach(distance: i32, from: usize, oldest: usize): i32 {
  return distance > 0 && distance <= HISTORY_BYTES && from - distance >= oldest ? distance : 0
}
