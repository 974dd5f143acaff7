/**
 * One exposition, told through slots: a few spans are encoded ahead by the pool, and handed out in order. A slot that
 * was handed out is planned again only when the reader has released it.
 *
 * Assumes: one reader, which calls `next` again when it has its answer.
 * Guarantees: never more than `ahead` slots at once; a slot goes back only when no task writes to it; after the first
 * failure nothing more is told.
 */
import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import { familyClose, familyHead, familyOpen } from './json-glue.js'
import type { Plan, Planned } from './plan.js'
import { spanBytes } from './span.js'
import type { Chunk, Format, Scrape } from './types.js'

export interface ScrapeTools {
  readonly arena: Arena
  /** A free slot, or undefined; `wait` calls back when one may be free. */
  take(): number | undefined
  give(slot: number): void
  wait(callback: () => void): void
  /** Has the pool encode a slot. */
  encode(slot: number): Promise<void>
  /** Bytes that a span may take. */
  readonly budget: number
  /** Spans in work at once. */
  readonly ahead: number
}

interface Work {
  readonly slot: number
  readonly planned: Planned
  readonly encoded: Promise<void>
}

const encoder = new TextEncoder()

export class SlotScrape implements Scrape {
  readonly #tools: ScrapeTools
  readonly #plan: Plan
  readonly #format: Format
  readonly #prefix: string
  readonly #work: Work[] = []
  /** Slots that the reader holds. */
  #held = 0
  #begun = false
  #ended = false
  #some = false
  #wake: (() => void) | undefined

  constructor(tools: ScrapeTools, plan: Plan, format: Format, prefix: string) {
    this.#tools = tools
    this.#plan = plan
    this.#format = format
    this.#prefix = prefix
  }

  async next(): Promise<Chunk | undefined> {
    const json = this.#format === 'json'
    for (;;) {
      if (this.#ended) return undefined
      if (json && !this.#begun) {
        this.#begun = true
        return privateChunk('{')
      }
      this.#fill()
      const work = this.#work.shift()
      if (work === undefined) {
        if (this.#plan.done) {
          this.#ended = true
          return json ? privateChunk('}\n') : undefined
        }
        await new Promise<void>(resolve => {
          this.#wake = resolve
          if (this.#held === 0) this.#tools.wait(resolve)
        })
        continue
      }
      let bytes: Uint8Array
      try {
        await work.encoded
        bytes = spanBytes(this.#tools.arena, work.slot)
      } catch (error) {
        this.#tools.give(work.slot)
        this.abort()
        throw error
      }
      if (this.#ended) {
        this.#tools.give(work.slot)
        return undefined
      }
      const { divided } = work.planned
      if (divided !== undefined) return this.#glued(work, divided, bytes)
      return this.#chunk(work.slot, bytes)
    }
  }

  abort(): void {
    this.#ended = true
    this.#wake?.()
    // A slot may be taken again only when its task is over, whatever became of it.
    for (const { slot, encoded } of this.#work.splice(0)) {
      const give = () => this.#tools.give(slot)
      encoded.then(give, give)
    }
  }

  /** Keeps the pool busy while there are slots. */
  #fill(): void {
    while (!this.#plan.done && this.#work.length + this.#held < this.#tools.ahead) {
      const slot = this.#tools.take()
      if (slot === undefined) return
      const planned = this.#plan.next(slot, this.#tools.budget)
      const encoded = this.#tools.encode(slot)
      encoded.catch(() => {})
      this.#work.push({ slot, planned, encoded })
    }
  }

  #chunk(slot: number, bytes: Uint8Array): Chunk {
    this.#held++
    let released = false
    return {
      bytes,
      release: () => {
        if (released) return
        released = true
        this.#held--
        this.#tools.give(slot)
        // The pool goes on while the reader is busy with what it has.
        if (!this.#ended) this.#fill()
        this.#wake?.()
      },
    }
  }

  /** A span of a divided family in JSON, with what stands around it. */
  #glued(work: Work, family: Family, bytes: Uint8Array): Chunk {
    const { arena } = this.#tools
    let before = ''
    if (work.planned.first) {
      this.#some = false
      before = `${work.planned.comma ? ',' : ''}${familyHead(arena, family, this.#prefix)}`
    }
    let body = bytes
    if (bytes.length > 0 && !this.#some) {
      this.#some = true
      before += familyOpen(arena, family)
      body = bytes.subarray(1)
    }
    const after = work.planned.last ? familyClose(arena, family, this.#some) : ''
    if (before === '' && after === '') return this.#chunk(work.slot, body)
    const whole = Buffer.concat([encoder.encode(before), body, encoder.encode(after)])
    this.#tools.give(work.slot)
    return { bytes: whole, release: () => {} }
  }
}

function privateChunk(text: string): Chunk {
  return { bytes: encoder.encode(text), release: () => {} }
}
