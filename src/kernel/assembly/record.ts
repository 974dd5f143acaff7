// Fields of records in the shared memory: a reference is a word index, a field an Int32 in the record.
import { WORD_BYTES } from './layout'

// @ts-ignore: decorator
@inline
export function address(ref: u32): usize {
  return <usize>ref * WORD_BYTES
}

// @ts-ignore: decorator
@inline
export function field(ref: u32, n: i32): i32 {
  return load<i32>(address(ref) + (<usize>n << 2))
}

// @ts-ignore: decorator
@inline
export function setField(ref: u32, n: i32, value: i32): void {
  store<i32>(address(ref) + (<usize>n << 2), value)
}

/** A field that other threads change while it is read. */
// @ts-ignore: decorator
@inline
export function shared(ref: u32, n: i32): i32 {
  return atomic.load<i32>(address(ref) + (<usize>n << 2))
}

/** A field of the header. */
// @ts-ignore: decorator
@inline
export function header(n: i32): i32 {
  return load<i32>(<usize>n << 2)
}
