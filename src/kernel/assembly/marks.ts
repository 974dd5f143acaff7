// Where label values end: text that is escaped as the text formats want it.

/**
 * Where the next quote or backslash is; `end` or behind it where there is none before: a text may be overwritten while
 * it is read.
 */
// @ts-ignore: decorator
@inline
export function nextMark(from: usize, end: usize): usize {
  let mask = marks(from)
  while (mask == 0) {
    from += 16
    if (from >= end) return end
    mask = marks(from)
  }
  return from + ctz(mask)
}

/** Bytes of a label name, up to its `=`; as many as there are up to `end`, or more, where there is none before. */
// @ts-ignore: decorator
@inline
export function nameBytes(text: usize, end: usize): i32 {
  let from = text
  let mask = equals(from)
  while (mask == 0) {
    from += 16
    if (from >= end) return <i32>(from - text)
    mask = equals(from)
  }
  return <i32>(from - text) + ctz(mask)
}

// @ts-ignore: decorator
@inline
function equals(from: usize): i32 {
  return i8x16.bitmask(i8x16.eq(v128.load(from), i8x16.splat(0x3d)))
}

/** A bit for each of 16 bytes that is one. */
// @ts-ignore: decorator
@inline
function marks(from: usize): i32 {
  const some = v128.load(from)
  return i8x16.bitmask(v128.or(i8x16.eq(some, i8x16.splat(0x22)), i8x16.eq(some, i8x16.splat(0x5c))))
}
