/**
 * Counts of 64 bits, which any thread may add to: 2^32 dropped updates come together in an hour.
 *
 * Guarantees: a count is one word, changed by one atomic add, so that no reader sees a part of it, and no death leaves
 * one. It costs what an Int32 does (10 to 18 ns): V8 makes no BigInt where the result is not used.
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
