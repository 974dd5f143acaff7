/**
 * Workspaces: pieces at the end of a registry's memory, behind all that an Arena shows, in which spans are compressed. A
 * memory of its own would do as well, but V8 reserves 8 or 10 GiB of address space for each. Their pages become resident
 * when they are first used: about 0.3 MiB and what a span takes compressed, for each span that is compressed at once.
 *
 * Assumes: who takes a workspace for a slot owns the slot (slots.ts), or works for who does; so no two do at once.
 * Guarantees: there is always one, as there is one for each slot and a slot has one at most; it has one user. What a
 * thread that died has left is the slot's next user's, so nothing need be freed.
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { workspaceBytes } from './workspace-size.js'

/** A workspace for the span in this slot, by its address. */
export function takeWorkspace(arena: Arena, slot: number): number {
  const owners = new Int32Array(arena.memory.buffer)
  const all = Array.from({ length: L.SLOT_COUNT }, (_, n) => workspaceAt(arena, n))
  // First: with two, another slot would find none.
  for (const at of all) if (Atomics.load(owners, at / 4) === slot) return at
  // Lowest first: fewest pages are touched.
  for (const at of all) if (Atomics.compareExchange(owners, at / 4, 0, slot) === 0) return at
  throw new Error('no workspace is free')
}

export function giveWorkspace(arena: Arena, at: number): void {
  Atomics.store(new Int32Array(arena.memory.buffer), at / 4, 0)
}

function workspaceAt(arena: Arena, n: number): number {
  return arena.u8.length + n * workspaceBytes(arena.slotText)
}
