/** How many processes use a memory that several share: see processes/attachments.ts. */
import type { Arena } from './arena.js'
import * as L from './layout.js'

export function attachedProcesses(arena: Arena): number {
  const { i32 } = arena
  // Who only reads does not bury the dead, and has asked which they are.
  if (arena.reader) return i32[L.P_LIVING]
  let count = 0
  for (let n = 0; n < arena.shardCount - 1; n++) {
    const at = (arena.attachments + n * L.ATTACHMENT_WORDS) * 2
    if (Atomics.load(i32, at + L.ATTACHMENT_NUMBER) !== 0) count++
  }
  return count
}
