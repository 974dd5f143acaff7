// Protobuf's wire: tags, lengths, numbers, text.
//
// What is not whole until it is written has its length written before it in as many bytes as it can need, which the
// encoding allows (a varint's leading zeros).
import { varint } from './varint'

/** Writes a tag of one byte. */
// @ts-ignore: decorator
@inline
export function put(to: usize, tag: i32): usize {
  store<u8>(to, <u8>tag)
  return to + 1
}

/** Bytes that a length up to `most` takes. */
// @ts-ignore: decorator
@inline
export function lengthBytes(most: i32): i32 {
  return most < 1 << 7 ? 1 : most < 1 << 14 ? 2 : most < 1 << 21 ? 3 : 4
}

/** Writes a length in exactly so many bytes. */
// @ts-ignore: decorator
@inline
export function putLength(to: usize, value: i32, bytes: i32): void {
  for (; bytes > 1; bytes--) {
    store<u8>(to++, <u8>(value | 0x80))
    value >>= 7
  }
  store<u8>(to, <u8>value)
}

/** A tag and a double. */
// @ts-ignore: decorator
@inline
export function double(to: usize, tag: i32, value: f64): usize {
  store<u8>(to, <u8>tag)
  // Plus zero: -0 is 0, as in the formats of text.
  store<f64>(to, value + 0, 1)
  return to + 9
}

/** A tag and a fixed64. */
// @ts-ignore: decorator
@inline
export function fixed64(to: usize, tag: i32, value: u64): usize {
  store<u8>(to, <u8>tag)
  store<u64>(to, value, 1)
  return to + 9
}

// @ts-ignore: decorator
@inline
export function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63))
}

/** A tag, a length and text as it is. */
// @ts-ignore: decorator
@inline
export function bytesField(to: usize, tag: i32, from: usize, bytes: i32): usize {
  to = varint(put(to, tag), bytes)
  memory.copy(to, from, bytes)
  return to + bytes
}

/** The value of a label, without the escapes that it has in a label text. */
export function unescaped(to: usize, from: usize, end: usize): usize {
  while (from < end) {
    let c = load<u8>(from++)
    if (c == 0x5c) {
      c = load<u8>(from++)
      if (c == 0x6e) c = 0x0a
    }
    store<u8>(to++, c)
  }
  return to
}
