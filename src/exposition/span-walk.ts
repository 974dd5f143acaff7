/**
 * An exposition span by span, each planned and encoded at once in the thread that asks. For what is pushed: a receiver
 * takes one span after the other, and what it is sent is not in a slot any more. So a slot is held only while a span is
 * made, and the walk needs no pool.
 */
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { giveSlot } from '../memory/slots.js'
import type { GoneRun } from './pushed-series.js'
import { spanBytes } from './span.js'

/** All slots are in use: ask again in a moment. */
export const BUSY = Symbol('busy')

export interface EncodedSpan {
  /** Valid until whoever was given them returns. */
  readonly bytes: Uint8Array
  /** What they were before they were compressed, if they are: how many, and their CRC-32. */
  readonly plainBytes: number
  readonly plainCrc: number
  /** Of a span of series that are gone: which. */
  readonly runs?: readonly GoneRun[]
}

export interface SpanWalk {
  /**
   * Calls `take` with the next span; returns what it returns. undefined after the last one. @throws Error if encoding
   * failed: what came so far is then not all.
   */
  next<T>(take: (span: EncodedSpan) => T): T | undefined | typeof BUSY
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
  /** Called last: it may compress the span. */
  compress(slot: number): void
}

/** What a slot has. @throws Error if the kernel could not write all of it. */
export function encodedSpan(arena: Arena, slot: number): EncodedSpan {
  const { i32 } = arena
  return {
    bytes: spanBytes(arena, slot),
    plainBytes: i32[slot * 2 + L.SLOT_PLAIN_BYTES]!,
    plainCrc: i32[slot * 2 + L.SLOT_PLAIN_CRC]! >>> 0,
  }
}

export class Spans implements SpanWalk {
  readonly #tools: WalkTools

  constructor(tools: WalkTools) {
    this.#tools = tools
  }

  next<T>(take: (span: EncodedSpan) => T): T | undefined | typeof BUSY {
    const { arena, kernel } = this.#tools
    const slot = this.#tools.slot()
    if (slot === 0) return BUSY
    try {
      while (this.#tools.plan(slot)) {
        this.#tools.note(slot)
        kernel.encode(slot)
        this.#tools.note(slot)
        this.#tools.compress(slot)
        const span = encodedSpan(arena, slot)
        if (span.bytes.length > 0) return take(span)
      }
      return undefined
    } finally {
      giveSlot(arena, slot)
    }
  }
}
