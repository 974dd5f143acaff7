/** How many processes use a memory that several share: see processes/attachments.ts. */
import type { Arena } from './arena.js'
import * as L from './layout.js'

export function attachedProcesses(arena: Arena): number {
  const { i32 } = arena
  // Who only reads does not bury the dead, and has asked which they are.
  if (arena.reader) return i32[L.P_LIVING]
  let count = 0
  for (let n = 0; n < i32[L.H_SHARD_COUNT] - 1; n++) {
    const at = (i32[L.H_ATTACHMENTS] + n * L.ATTACHMENT_WORDS) * 2
    if (Atomics.load(i32, at + L.ATTACHMENT_NUMBER) !== 0) count++
  }
  return count
}
