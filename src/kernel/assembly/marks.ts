// Where label values end: text that is escaped as the text formats want it.

/** Where the next quote or backslash is. */
// @ts-ignore: decorator
@inline
export function nextMark(from: usize): usize {
  let mask = marks(from)
  while (mask == 0) {
    from += 16
    mask = marks(from)
  }
  return from + ctz(mask)
}

/** A bit for each of 16 bytes that is one. */
// @ts-ignore: decorator
@inline
function marks(from: usize): i32 {
  const some = v128.load(from)
  return i8x16.bitmask(v128.or(i8x16.eq(some, i8x16.splat(0x22)), i8x16.eq(some, i8x16.splat(0x5c))))
}
