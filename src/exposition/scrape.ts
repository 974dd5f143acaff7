/**
 * One exposition, told through slots: a few spans are encoded ahead by the pool, and handed out in order. A slot that
 * was handed out is planned again only when the reader has released it.
 *
 * Assumes: one reader, which calls `next` again when it has its answer.
 * Guarantees: never more than `ahead` slots at once; a slot goes back only when no task writes to it; after the first
 * failure nothing more is told.
 */
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
  /** A free slot, or undefined, also while others wait; `wait` calls back when one may be free. */
  take(scrape: object): number | undefined
  give(slot: number): void
  /** From then on it has its turn, until it takes a slot or leaves. */
  wait(scrape: object, callback: () => void): void
  leave(scrape: object): void
  /** Has the pool encode a slot, plainly or compressed. */
  encode(task: EncodeTask | GzipTask): Promise<void>
  /** Bytes that a span may take. */
  readonly budget: number
  /** Spans in work at once. */
  readonly ahead: number
}

interface Work {
  readonly slot: number
  /** Where the plan was before it. */
  readonly mark: Mark
  readonly planned: Planned
  readonly encoded: Promise<void>
}

const encoder = new TextEncoder()

/** What stands at the end of a whole document. */
const ENDS: Record<Format, string> = { text: '', json: '}\n', openmetrics: '# EOF\n', protobuf: '' }

export class SlotScrape implements Scrape {
  readonly #tools: ScrapeTools
  readonly #plan: Plan
  readonly #options: ScrapeOptions
  readonly #budget: number
  /** What the parts are put together to, if they are compressed. */
  readonly #member: GzipMember | undefined
  readonly #work: Work[] = []
  /** To be told next: a span, and what stands around it. */
  readonly #ready: Chunk[] = []
  /** Slots that the reader holds. */
  #held = 0
  #begun = false
  #finished = false
  #ended = false
  /** Slots to use at once. One after a rest, with nothing encoded ahead, and one more each time the reader asks. */
  #pace: number
  /** Whether a series of the divided family was told. */
  #some = false
  #wake: (() => void) | undefined

  constructor(tools: ScrapeTools, plan: Plan, options: ScrapeOptions) {
    this.#tools = tools
    this.#pace = tools.ahead
    this.#plan = plan
    this.#options = options
    this.#member = options.gzip === undefined ? undefined : new GzipMember()
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
        else this.#tell(work, spanBytes(this.#tools.arena, work.slot))
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

  /** What is told next, the rest of a divided family's part, is copied: its slot is others' meanwhile. */
  #keepReady(memory?: CopyMemory): boolean {
    let size = 0
    for (const { bytes } of this.#ready) size += bytes.length
    if (size === 0) return true
    if (memory?.reserve(size) === false) return false
    // Whom it took to make room may have been the last reader of this.
    if (this.#ended) memory?.free(size)
    for (const [n, { bytes, release }] of this.#ready.entries()) {
      this.#ready[n] = { bytes: new Uint8Array(bytes), release: once(() => memory?.free(bytes.length)) }
      release()
    }
    return true
  }

  #dropWork(): void {
    // A slot may be taken again only when its task is over, whatever became of it.
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
      let planned = WHOLE
      let encoded: Promise<void>
      try {
        planned = this.#planInto(slot)
        encoded = this.#tools.encode(this.#task(slot, planned))
      } catch (error) {
        // Fails the scrape when it comes to it, not whoever gave a slot back.
        encoded = Promise.reject(error)
      }
      encoded.catch(() => {})
      this.#work.push({ slot, mark, planned, encoded })
    }
  }

  #planInto(slot: number): Planned {
    const planned = this.#plan.next(slot, this.#budget)
    if (planned !== undefined) return planned
    throw new Error(`metric "${this.#plan.family}": a series does not fit a slot`)
  }

  #task(slot: number, planned: Planned): number | GzipTask {
    const { gzip } = this.#options
    if (gzip === undefined) return slot
    // The comma before the first series: whether it is wanted is not known before the spans ahead are done.
    return { slot, level: gzip.level, skip: planned.divided === undefined ? 0 : 1 }
  }

  #begin(): void {
    this.#begun = true
    if (this.#member !== undefined) this.#push(this.#member.header())
    if (this.#options.format === 'json') this.#pushText('{')
  }

  #finish(): void {
    this.#finished = true
    this.#pushText(ENDS[this.#options.format])
    if (this.#member !== undefined) this.#push(this.#member.trailer())
  }

  /** Makes a span ready, and in JSON what stands around a part of a divided family. */
  #tell({ slot, planned }: Work, bytes: Uint8Array): void {
    const { arena } = this.#tools
    const { divided } = planned
    if (divided === undefined) {
      this.#pushSpan(slot, bytes)
      return
    }
    let before = ''
    if (planned.first) {
      this.#some = false
      before = `${planned.comma ? ',' : ''}${familyHead(arena, divided, this.#options.prefix)}`
    }
    // A part begins with a comma; in a compressed one it was left out.
    const parted = this.#member === undefined ? bytes.subarray(1) : bytes
    if (parted.length > 0) {
      before += this.#some ? ',' : familyOpen(arena, divided)
      this.#some = true
    }
    this.#pushText(before)
    this.#pushSpan(slot, parted)
    if (planned.last) this.#pushText(familyClose(arena, divided, this.#some))
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
        // The pool goes on while the reader is busy with what it has.
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
