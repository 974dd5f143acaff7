// Records in the shared memory, as the classes of records.ts, which the build writes. A reference is a word index; a
// view is the pointer to what it refers to, made by a shift. A record of reference 0 does not exist, and is not looked
// into.
import { HEADER_AT, PROCESS_AT, WORD_BYTES } from './layout'
import { Header, Process } from './records'

// @ts-ignore: decorator
@inline
export function address(ref: u32): usize {
  return <usize>ref * WORD_BYTES
}

/** What a reference refers to. */
// @ts-ignore: decorator
@inline
export function view<T>(ref: u32): T {
  return changetype<T>(address(ref))
}

// @ts-ignore: decorator
@inline
export function refOf<T>(record: T): u32 {
  return <u32>(changetype<usize>(record) / WORD_BYTES)
}

// @ts-ignore: decorator
@inline
export function exists<T>(record: T): bool {
  return changetype<usize>(record) != 0
}

/** The nth of records that stand one behind the other. */
// @ts-ignore: decorator
@inline
export function nth<T>(first: usize, n: i32): T {
  return changetype<T>(first + <usize>n * offsetof<T>())
}

// @ts-ignore: decorator
@inline
export function header(): Header {
  return changetype<Header>(HEADER_AT)
}

// @ts-ignore: decorator
@inline
export function ownProcess(): Process {
  return changetype<Process>(PROCESS_AT)
}

/**
 * The addition of nothing: what is read before it stays before what is read after. `own` is where an Int32 is that is
 * the caller's own.
 */
// @ts-ignore: decorator
@inline
export function fence(own: usize): void {
  atomic.add<i32>(own, 0)
}
