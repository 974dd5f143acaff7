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

/** Index in the memory's BigInt64s of a field that begins on a word. */
export function wordAt(field: number): number {
  return field / 2
}
