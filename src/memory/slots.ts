/**
 * Slots: fixed pieces of shared memory in which spans are planned and encoded. They bound what all scrapes together
 * can use.
 *
 * Assumes: only the thread that took a slot, and the pool tasks it waits for, touch it.
 * Guarantees: a slot has one owner (compare-exchange); the slots of a thread that ended are free again once its
 * 'exit' was seen, when its pool has ended too (a Worker's Workers end before it does).
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { announce, endedWith } from './lineage.js'

/**
 * A free slot's first word, now the calling thread's; 0 when all are in use. Lowest first: fewest pages touched; the
 * first few are left alone by who says so. `ancestors` are the threads whose end is the caller's too, nearest last.
 */
export function takeSlot(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[] = [],
  leave = 0,
): number {
  announce(arena, threadId, ancestors)
  for (const slot of allSlots(arena, leave)) {
    if (Atomics.compareExchange(arena.i32, slot * 2 + L.SLOT_OWNER, 0, threadId + 1) === 0) return slot
  }
  return 0
}

export function giveSlot(arena: Arena, slot: number): void {
  Atomics.store(arena.i32, slot * 2 + L.SLOT_OWNER, 0)
}

/** How many slots are in use, by any thread. */
export function slotsTaken(arena: Arena): number {
  let taken = 0
  for (const slot of allSlots(arena)) if (Atomics.load(arena.i32, slot * 2 + L.SLOT_OWNER) !== 0) taken++
  return taken
}

/** Gives back the slots of a thread that has ended, and of those that it had started. */
export function freeSlots(arena: Arena, threadId: number): void {
  const ended = endedWith(arena, threadId)
  for (const slot of allSlots(arena)) {
    const owner = Atomics.load(arena.i32, slot * 2 + L.SLOT_OWNER)
    if (owner === 0 || !ended.has(owner - 1)) continue
    Atomics.compareExchange(arena.i32, slot * 2 + L.SLOT_OWNER, owner, 0)
  }
}

/** The slot whose scratch sweeps use; H_SWEEPER guards it. */
export function sweepSlot(arena: Arena): number {
  return arena.slots + arena.i32[L.H_SLOT_COUNT] * arena.slotWords
}

/** A span of at most so many bytes fits a slot of `room` even if it cannot be compressed. */
export function compressible(room: number): number {
  // Ours stores 32 KiB at a time, with 7 bytes more; zlib 16 KiB at least, with 5. Then comes a flush.
  return room - 5 * (Math.ceil(room / 16_384) + 2)
}

function* allSlots(arena: Arena, first = 0): Generator<number> {
  for (let n = first; n < arena.i32[L.H_SLOT_COUNT]; n++) yield arena.slots + n * arena.slotWords
}
