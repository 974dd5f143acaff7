/**
 * Who owns something in the shared memory: a thread, of an attachment. An attachment is one process' use of this memory
 * (attachments.ts); in a registry that is not shared there is one, 0. Thread ids are the same in every process, so an
 * owner is both, in one word that is exchanged as a whole. Were they two, who gives back what a dead thread owned could
 * take it from a thread of the same id in another process, or from the thread that has it since.
 *
 *     bits  63..32      31..3       2..0
 *           attachment  thread id   state
 *
 * What is owned has states of its own; state 0 is that of what nobody owns.
 *
 * A process that closes a registry gives its attachment up once its threads own nothing. A word that a thread writes
 * after that would name nobody, and nobody would ever take it back. So a thread counts itself in P_TAKING before it looks
 * at P_CLOSED and takes something, and who gives the attachment up looks at P_TAKING after P_CLOSED is set.
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'

export interface Owner {
  readonly attachment: number
  readonly threadId: number
}

const STATE_BITS = BigInt(L.OWNER_STATE_BITS)
const STATE_MASK = BigInt(L.OWNER_STATE_MASK)

export const NOBODY = 0n

/** A thread of this process in a state. */
export function ownWord(arena: Arena, threadId: number, state: number): bigint {
  return ownerWord({ attachment: arena.attachment, threadId }, state)
}

export function ownerWord({ attachment, threadId }: Owner, state: number): bigint {
  return (BigInt(attachment) << 32n) | (BigInt(threadId) << STATE_BITS) | BigInt(state)
}

export function stateOf(word: bigint): number {
  return Number(word & STATE_MASK)
}

export function ownerOf(word: bigint): Owner {
  return { attachment: Number(word >> 32n), threadId: Number((word & 0xffff_ffffn) >> STATE_BITS) }
}

/**
 * Runs `take`, which makes the calling thread the owner of something, unless the process has closed a registry that it
 * shares with others: then it gives `undefined`. A thread that dies in it keeps the attachment until the process ends.
 */
export function taking<T>(arena: Arena, take: () => T): T | undefined {
  const { i32 } = arena
  if (arena.attachment === 0) return take()
  Atomics.add(i32, L.P_TAKING, 1)
  try {
    return Atomics.load(i32, L.P_CLOSED) === 0 ? take() : undefined
  } finally {
    Atomics.sub(i32, L.P_TAKING, 1)
  }
}

/** Index in the memory's BigInt64s of a field that begins on a word. */
export function wordAt(field: number): number {
  return field / 2
}
