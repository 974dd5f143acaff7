/**
 * Slots: fixed pieces of shared memory in which spans are planned and encoded. They bound the memory of all scrapes
 * together.
 *
 * Assumes: Only the thread that took a slot, and the pool tasks that it waits for, touch the slot.
 * Guarantees: A slot has one owner, by compare-exchange. The slots of a thread that ended are free again once its
 * 'exit' was seen. Its pool has ended by then, too, because a Worker's Workers end before it does.
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { announce, endedWith } from './lineage.js'

/**
 * The first word of a free slot, which now belongs to the calling thread; 0 when all are in use. It takes the lowest,
 * so that the fewest pages are touched, but leaves the first `leave` slots to others. `ancestors` are the threads that
 * the caller ends with, nearest last.
 */
export function takeSlot(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[] = [],
  leave = 0,
): number {
  // Who only reads leaves no trace in what is shared; what a thread of it had is not used again.
  if (!arena.reader) announce(arena, threadId, ancestors)
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

/** Frees the slots of a thread that has ended, and of those below it. */
export function freeSlots(arena: Arena, threadId: number): void {
  const ended = endedWith(arena, threadId)
  for (const slot of allSlots(arena)) {
    const owner = Atomics.load(arena.i32, slot * 2 + L.SLOT_OWNER)
    if (owner === 0 || !ended.has(owner - 1)) continue
    Atomics.compareExchange(arena.i32, slot * 2 + L.SLOT_OWNER, owner, 0)
  }
}

/** The slot that sweeps use; H_SWEEPER guards it. */
export function sweepSlot(arena: Arena): number {
  return arena.slots + L.SLOT_COUNT * arena.slotWords
}

/** The most bytes of a span that fits a slot of `room` bytes even if it cannot be compressed. */
export function compressible(room: number): number {
  // Our compressor stores 32 KiB at a time, with 7 bytes more; zlib at least 16 KiB, with 5 bytes more. Then comes a
  // flush.
  return room - 5 * (Math.ceil(room / 16_384) + 2)
}

function* allSlots(arena: Arena, first = 0): Generator<number> {
  for (let n = first; n < L.SLOT_COUNT; n++) yield arena.slots + n * arena.slotWords
}
