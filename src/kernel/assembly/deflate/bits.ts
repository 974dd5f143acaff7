// A stream of bits, lowest first, into OUT.
import { OUT, workspace } from './map'

let to: usize = 0
let pending: u64 = 0
let count: i32 = 0

let markedTo: usize = 0
let markedPending: u64 = 0
let markedCount: i32 = 0

/** Where rewind() goes back to, and written() counts from. */
export function mark(): void {
  markedTo = to
  markedPending = pending
  markedCount = count
}

export function rewind(): void {
  resume(markedTo, markedPending, markedCount)
}

/** Bits since the mark. */
export function written(): i32 {
  return (<i32>(to - markedTo) << 3) + count - markedCount
}

export function restart(): void {
  to = workspace + OUT
  pending = 0
  count = 0
}

/** Where whole bytes end. */
export function out(): usize {
  return to
}

/** Bits that are not a whole byte yet, and how many. */
export function pendingBits(): u64 {
  return pending
}

export function pendingCount(): i32 {
  return count
}

export function resume(at: usize, bits: u64, n: i32): void {
  to = at
  pending = bits
  count = n
}

/** Writes up to 48 bits. */
export function put(bits: u64, n: i32): void {
  pending |= bits << <u64>count
  count += n
  store<u64>(to, pending)
  const bytes = count >> 3
  to += bytes
  pending >>= <u64>(bytes << 3)
  count &= 7
}

export function align(): void {
  if (count > 0) put(0, 8 - count)
}

/** An empty stored block, which ends on a byte. */
export function flush(): void {
  put(0, 3)
  align()
  put(0xffff_0000, 32)
}

/** So many bytes as they are, in stored blocks. */
export function putStored(from: usize, bytes: i32): void {
  while (bytes > 0) {
    const n = min(bytes, 65_535)
    put(0, 3)
    align()
    put(n | (<u64>(~n & 0xffff) << 16), 32)
    memory.copy(to, from, n)
    to += n
    from += n
    bytes -= n
  }
}
