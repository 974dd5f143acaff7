/**
 * Counts of 64 bits that any thread may add to. 32 bits are too few: 2^32 dropped updates can come together in an hour.
 *
 * Guarantees: A count is one word and is changed by one atomic add, so no reader sees half of it, and no death leaves
 * half of it. It costs what an Int32 does (10 to 18 ns), because V8 makes no BigInt if the result is not used.
 */
import type { Arena } from './arena.js'

/** Adds to the count at an Int32 index, which is even. */
export function addWide(arena: Arena, at: number, more = 1): void {
  if (more === 1) Atomics.add(arena.i64, at >> 1, 1n)
  else Atomics.add(arena.i64, at >> 1, BigInt(more))
}

/** The count; exact up to 2^53. */
export function readWide(arena: Arena, at: number): number {
  return Number(Atomics.load(arena.i64, at >> 1))
}
