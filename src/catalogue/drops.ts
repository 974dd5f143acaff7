/**
 * Updates that could not be recorded, counted by family and reason.
 *
 * Counted with Atomics in the family's own record, so that it needs neither a shard nor memory, the two things whose
 * lack it tells of: 10 to 20 ns a dropped update, and no thread ever waits.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addWide, readWide } from '../memory/wide-counter.js'

export type DropReason = 'memory' | 'series' | 'label' | 'threads'

/** By number, as in the memory. */
export const DROP_REASONS: readonly DropReason[] = ['memory', 'series', 'label', 'threads']

/** Int32 index of a family's counts; of the registry's where there is no family. */
function dropsAt(family: number): number {
  return family === 0 ? L.H_DROPS : family * 2 + L.F_DROPS
}

export function countDrop(arena: Arena, family: number, reason: number): void {
  addWide(arena, dropsAt(family) + reason * 2)
}

/** Updates dropped so far. */
export function dropped(arena: Arena, family: number, reason: number): number {
  return readWide(arena, dropsAt(family) + reason * 2)
}
