/**
 * One exposition that is encoded through slots. The pool encodes a few spans ahead, and they are handed out in order. A
 * slot that was handed out is planned again only when the reader has released it.
 *
 * Assumes: one reader, which calls `next` again only when it has its answer.
 * Guarantees: a scrape never has more than `ahead` slots. A slot is given back only when no task writes to it. After
 * the first failure no more parts are handed out.
 */
import { privateCopy } from '../common/private-copy.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { compressible } from '../memory/slots.js'
import type { EncodeTask, GzipTask } from '../pool/work.js'
import { GzipMember } from './gzip.js'
import { familyClose, familyHead, familyOpen } from './json-glue.js'
import { type Mark, type Plan, type Planned, WHOLE } from './plan.js'
import { spanBytes } from './span.js'
import type { Chunk, CopyMemory, Format, Scrape, ScrapeOptions } from './types.js'

export interface ScrapeTools {
  readonly arena: Arena
  /** Returns a free slot; undefined if there is none, or if other scrapes wait for one. Then see `wait`. */
  take(scrape: object): number | undefined
  give(slot: number): void
  /** Queues a scrape until it takes a slot or leaves. Calls back when a slot may be free. */
  wait(scrape: object, callback: () => void): void
  /** Removes a scrape from the queue. */
  leave(scrape: object): void
  /** Has the pool encode a slot, plainly or compressed; or does so `here`, before it returns. */
  encode(task: EncodeTask | GzipTask, here: boolean): Promise<void>
  /** Called when a series of a family is left out, because it does not fit a slot. */
  tooLarge(family: string): void
  /** The most bytes of a span. */
  readonly budget: number
  /** The most slots of a scrape at once. */
  readonly ahead: number
  /** Bytes at the beginning of a scrape that the thread that asks encodes itself. */
  readonly here: number
}

interface Work {
  readonly slot: number
  /** The position of the plan before it. */
  readonly mark: Mark
  readonly planned: Planned
  readonly encoded: Promise<void>
}

const encoder = new TextEncoder()

/** The end of a document. */
export const ENDS: Record<Format, string> = { text: '', json: '}\n', openmetrics: '# EOF\n', protobuf: '' }

export class SlotScrape implements Scrape {
  readonly #tools: ScrapeTools
  readonly #plan: Plan
  readonly #options: ScrapeOptions
  readonly #budget: number
  /** What joins the parts, if they are compressed. */
  readonly #member: GzipMember | undefined
  /** Spans that the pool encodes, in order. */
  readonly #work: Work[] = []
  /** Parts to hand out next: a span, and what stands around it. */
  readonly #ready: Chunk[] = []
  /** Slots that the reader holds. */
  #held = 0
  #begun = false
  #finished = false
  #ended = false
  /** Slots to use at once. After a rest it is one, so nothing is encoded ahead. It grows each time the reader asks. */
  #pace: number
  /** Bytes that may yet be encoded here. */
  #here: number
  /** Whether a series of the divided family was handed out. */
  #any = false
  #wake: (() => void) | undefined

  constructor(tools: ScrapeTools, plan: Plan, options: ScrapeOptions) {
    this.#tools = tools
    this.#pace = tools.ahead
    this.#here = options.gzip === undefined ? tools.here : 0
    this.#plan = plan
    this.#options = options
    this.#member = options.joint?.member ?? (options.gzip === undefined ? undefined : new GzipMember())
    this.#budget = options.gzip === undefined ? tools.budget : compressible(tools.budget)
  }

  async next(): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#ended) return undefined
      if (!this.#begun) this.#begin()
      const ready = this.#ready.shift()
      if (ready !== undefined) return ready
      this.#pace = Math.min(this.#pace + 1, this.#tools.ahead)
      this.#fill()
      const work = this.#work.shift()
      if (work === undefined) {
        if (this.#finished) {
          this.#ended = true
          return undefined
        }
        if (this.#plan.done) {
          this.#finish()
          continue
        }
        await new Promise<void>(resolve => {
          this.#wake = resolve
          if (this.#held < this.#pace) this.#tools.wait(this, resolve)
        })
        continue
      }
      try {
        await work.encoded
        if (this.#ended) this.#tools.give(work.slot)
        else this.#prepare(work, spanBytes(this.#tools.arena, work.slot))
      } catch (error) {
        this.#tools.give(work.slot)
        this.abort()
        throw error
      }
    }
  }

  rest(memory?: CopyMemory): boolean {
    const pace = this.#pace
    this.#pace = 0
    if (!this.#keepReady(memory)) {
      this.#pace = pace
      return false
    }
    if (this.#ended) return true
    const ahead = this.#work[0]
    if (ahead !== undefined) this.#plan.rewind(ahead.mark)
    this.#dropWork()
    return true
  }

  abort(): void {
    this.#ended = true
    this.#tools.leave(this)
    this.#wake?.()
    for (const chunk of this.#ready.splice(0)) chunk.release()
    this.#dropWork()
  }

  /**
   * Copies the parts that are ready, such as the rest of a divided family's span, so that others can use the slot.
   * False if there is no memory.
   */
  #keepReady(memory?: CopyMemory): boolean {
    let size = 0
    for (const { bytes } of this.#ready) size += bytes.length
    if (size === 0) return true
    if (memory?.reserve(size) === false) return false
    // reserve() may have cut a reader to make room. If that was the last reader of this scrape, the scrape was aborted.
    if (this.#ended) memory?.free(size)
    for (const [n, { bytes, release }] of this.#ready.entries()) {
      this.#ready[n] = { bytes: privateCopy(bytes), release: once(() => memory?.free(bytes.length)) }
      release()
    }
    return true
  }

  #dropWork(): void {
    // A slot may be taken again only when its task is over, even if the task failed.
    for (const { slot, encoded } of this.#work.splice(0)) {
      const give = () => this.#tools.give(slot)
      encoded.then(give, give)
    }
  }

  /** Keeps the pool busy while there are slots. */
  #fill(): void {
    while (!this.#plan.done && this.#work.length + this.#held < this.#pace) {
      const slot = this.#tools.take(this)
      if (slot === undefined) return
      const mark = this.#plan.mark()
      const here = this.#here > 0
      let planned = WHOLE
      let encoded: Promise<void>
      try {
        planned = this.#planInto(slot)
        encoded = this.#tools.encode(this.#task(slot, planned), here)
        if (here) this.#here -= this.#tools.arena.i32[slot * 2 + L.SLOT_BYTES]
      } catch (error) {
        // The error must fail this scrape when it reaches the span, and not the caller that gave a slot back.
        encoded = Promise.reject(error)
      }
      encoded.catch(() => {})
      this.#work.push({ slot, mark, planned, encoded })
    }
  }

  #planInto(slot: number): Planned {
    return this.#plan.next(slot, this.#budget, this.#tools.tooLarge)!
  }

  #task(slot: number, planned: Planned): number | GzipTask {
    const { gzip } = this.#options
    if (gzip === undefined) return slot
    // A divided part begins with a comma. Whether it is needed is known only when the spans before are done: skip it.
    return { slot, level: gzip.level, skip: planned.divided === undefined ? 0 : 1 }
  }

  #begin(): void {
    this.#begun = true
    if (this.#options.joint?.first === false) return
    if (this.#member !== undefined) this.#push(this.#member.header())
    if (this.#options.format === 'json') this.#pushText('{')
  }

  #finish(): void {
    this.#finished = true
    const { joint } = this.#options
    if (joint !== undefined) joint.begun = this.#plan.begun
    if (joint?.last === false) return
    this.#pushText(ENDS[this.#options.format])
    if (this.#member !== undefined) this.#push(this.#member.trailer())
  }

  /** Makes a span ready to hand out; in JSON with what stands around a part of a divided family. */
  #prepare({ slot, planned }: Work, bytes: Uint8Array): void {
    const { arena } = this.#tools
    const { divided } = planned
    if (divided === undefined) {
      this.#pushSpan(slot, bytes)
      return
    }
    let before = ''
    if (planned.first) {
      this.#any = false
      before = `${planned.comma ? ',' : ''}${familyHead(arena, divided, this.#options.prefix)}`
    }
    // A part begins with a comma, which was left out of a compressed one.
    const parted = this.#member === undefined ? bytes.subarray(1) : bytes
    if (parted.length > 0) {
      before += this.#any ? ',' : familyOpen(arena, divided)
      this.#any = true
    }
    this.#pushText(before)
    this.#pushSpan(slot, parted)
    if (planned.last) this.#pushText(familyClose(arena, divided, this.#any))
  }

  #pushText(text: string): void {
    const bytes = encoder.encode(text)
    this.#push(this.#member === undefined ? bytes : this.#member.stored(bytes))
  }

  #push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#ready.push({ bytes, release: () => {} })
  }

  #pushSpan(slot: number, bytes: Uint8Array): void {
    if (bytes.length === 0) {
      this.#tools.give(slot)
      return
    }
    if (this.#member !== undefined) {
      const { i32 } = this.#tools.arena
      this.#member.add(i32[slot * 2 + L.SLOT_PLAIN_CRC] >>> 0, i32[slot * 2 + L.SLOT_PLAIN_BYTES])
    }
    this.#held++
    this.#ready.push({
      bytes,
      release: once(() => {
        this.#held--
        this.#tools.give(slot)
        // So that the pool goes on while the reader is busy with other parts.
        if (!this.#ended && this.#pace > 1) this.#fill()
        this.#wake?.()
      }),
    })
  }
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}
