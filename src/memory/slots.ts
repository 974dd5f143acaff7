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

/** A free slot's first word, now the calling thread's; 0 when all are in use. Lowest first: fewest pages touched. */
export function takeSlot(arena: Arena, threadId: number): number {
  const count = arena.i32[L.H_SLOT_COUNT]
  for (let n = 0; n < count; n++) {
    const slot = arena.slots + n * arena.slotWords
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
  for (let n = 0; n < arena.i32[L.H_SLOT_COUNT]; n++) {
    const slot = arena.slots + n * arena.slotWords
    if (Atomics.load(arena.i32, slot * 2 + L.SLOT_OWNER) !== 0) taken++
  }
  return taken
}

/** Gives back the slots of a thread that has ended. */
export function freeSlots(arena: Arena, threadId: number): void {
  for (let n = 0; n < arena.i32[L.H_SLOT_COUNT]; n++) {
    const slot = arena.slots + n * arena.slotWords
    Atomics.compareExchange(arena.i32, slot * 2 + L.SLOT_OWNER, threadId + 1, 0)
  }
}
