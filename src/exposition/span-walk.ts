/**
 * An exposition span by span, each planned and encoded at once in the thread that asks. For what is pushed: a receiver
 * takes one span after the other, and what it is sent is not in a slot any more. So a slot is held only while a span is
 * made, and the walk needs no pool.
 */
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import { giveSlot } from '../memory/slots.js'
import { spanBytes } from './span.js'

/** All slots are in use: ask again in a moment. */
export const BUSY = Symbol('busy')

export interface SpanWalk {
  /**
   * Calls `take` with the bytes of the next span, which are valid until it returns; returns what it returns. undefined
   * after the last span. @throws Error if encoding failed: what came so far is then not all.
   */
  next<T>(take: (bytes: Uint8Array) => T): T | undefined | typeof BUSY
}

export interface WalkTools {
  readonly arena: Arena
  readonly kernel: Kernel
  /** A free slot; 0 if there is none. */
  slot(): number
  /** Plans the next span into a slot; false if there is none. */
  plan(slot: number): boolean
  /** Called with a slot that was planned, before it is encoded and after. */
  note(slot: number): void
}

export class Spans implements SpanWalk {
  readonly #tools: WalkTools

  constructor(tools: WalkTools) {
    this.#tools = tools
  }

  next<T>(take: (bytes: Uint8Array) => T): T | undefined | typeof BUSY {
    const { arena, kernel } = this.#tools
    const slot = this.#tools.slot()
    if (slot === 0) return BUSY
    try {
      while (this.#tools.plan(slot)) {
        this.#tools.note(slot)
        kernel.encode(slot)
        this.#tools.note(slot)
        const bytes = spanBytes(arena, slot)
        if (bytes.length > 0) return take(bytes)
      }
      return undefined
    } finally {
      giveSlot(arena, slot)
    }
  }
}
