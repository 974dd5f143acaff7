/**
 * The order in which series are made. A scrape exposes those that were made before it began: others could be told twice
 * (a series that was freed and made again meanwhile), or have no room in a span that was planned without them. Whoever
 * makes a series raises a number, and notes it there. A scrape only reads the number: a process that may read the memory,
 * and not write to it, can make one.
 *
 * Assumes: No scrape lasts for 2^30 births.
 * Guarantees: A series that was made before a scrape began is told from one that was made since, however many are made in
 * a registry's life. The numbers are Int32s that overflow; sweeps raise those of series that would soon look new
 * (lifecycle/aging.ts).
 */
import type { Arena } from './arena.js'
import { H_BIRTHS } from './layout.js'

/** The number of a series that is being made. */
export function nextBirth(arena: Arena): number {
  return (Atomics.add(arena.i32, H_BIRTHS, 1) + 1) | 0
}

/** A scrape that begins now exposes the series whose number is no later than this. */
export function birthsSoFar(arena: Arena): number {
  return Atomics.load(arena.i32, H_BIRTHS)
}
