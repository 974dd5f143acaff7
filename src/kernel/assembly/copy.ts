// Copies for short texts: whole 16-byte steps, which may read and write up to 15 bytes past the end. All memory that
// is copied from or to has that slack (SLACK_BYTES), and what was written past the end is overwritten by what follows.

// @ts-ignore: decorator
@inline
export function copy(to: usize, from: usize, bytes: i32): usize {
  let n: i32 = 0
  do {
    v128.store(to + n, v128.load(from + n))
    n += 16
  } while (n < bytes)
  return to + bytes
}

// @ts-ignore: decorator
@inline
export function byte(to: usize, value: i32): usize {
  store<u8>(to, <u8>value)
  return to + 1
}
