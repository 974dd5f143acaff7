/**
 * Counts the updates that could not be recorded, by family and reason.
 *
 * The counts are in the family's own record and are changed with Atomics, so counting needs neither a shard nor new
 * memory, which are what is missing when updates are dropped. It costs 10 to 20 ns a dropped update, and no thread ever
 * waits.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addWide, readWide } from '../memory/wide-counter.js'

export type DropReason = 'memory' | 'series' | 'label' | 'threads' | 'closed' | 'value' | 'conflict'

/** Names of the reasons; a reason's index is its number in the memory. */
export const DROP_REASONS: readonly DropReason[] = [
  ...(['memory', 'series', 'label', 'threads', 'closed', 'value', 'conflict'] as const),
]

/** Int32 index of a family's counts, or of the registry's if there is no family. */
function dropsAt(family: number): number {
  return family === 0 ? L.H_DROPS : family * 2 + L.F_DROPS
}

export function countDrop(arena: Arena, family: number, reason: number): void {
  addWide(arena, dropsAt(family) + reason * 2)
}

/** Number of updates dropped so far. */
export function dropped(arena: Arena, family: number, reason: number): number {
  return readWide(arena, dropsAt(family) + reason * 2)
}
