/** Spans of series that are gone: runs of places, as many as fit a slot. */
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import { birthsSoFar } from '../memory/births.js'
import * as L from '../memory/layout.js'
import { giveSlot } from '../memory/slots.js'
import type { GoneRun } from './pushed-series.js'
import { addPiece, beginSpan } from './span.js'
import { BUSY, type EncodedSpan, encodedSpan, type SpanWalk } from './span-walk.js'
import type { Pushed, SpanOptions } from './types.js'

export interface GoneTools {
  readonly arena: Arena
  readonly kernel: Kernel
  slot(): number
  options(series: Pushed['series']): SpanOptions
  readonly runs: Iterator<GoneRun>
  /** Called with a slot that was encoded: it may compress the span. */
  compress(slot: number): void
}

/** Runs of a span at first: with few labels, more fit a slot. */
const MOST_RUNS = L.MAX_PIECES / 4

export class GoneSpans implements SpanWalk {
  readonly #tools: GoneTools
  /** Taken, and not told of. */
  #waiting: GoneRun[] = []

  constructor(tools: GoneTools) {
    this.#tools = tools
  }

  next<T>(take: (span: EncodedSpan) => T): T | undefined | typeof BUSY {
    while (this.#fill()) {
      const slot = this.#tools.slot()
      if (slot === 0) return BUSY
      try {
        const runs = this.#encode(slot)
        if (runs === undefined) continue
        this.#tools.compress(slot)
        const span = encodedSpan(this.#tools.arena, slot)
        if (span.bytes.length > 0) return take({ ...span, runs })
      } finally {
        giveSlot(this.#tools.arena, slot)
      }
    }
    return undefined
  }

  /** Whether there is anything to tell. */
  #fill(): boolean {
    while (this.#waiting.length < MOST_RUNS) {
      const { done, value } = this.#tools.runs.next()
      if (done) break
      this.#waiting.push(value)
    }
    return this.#waiting.length > 0
  }

  /** Encodes as many runs as fit, which are taken off those that wait; undefined where the first was left out. */
  #encode(slot: number): readonly GoneRun[] | undefined {
    const { arena, kernel } = this.#tools
    for (let count = this.#alike(); ; count = count >> 1) {
      const runs = this.#waiting.slice(0, count)
      this.#plan(slot, runs)
      kernel.encode(slot)
      if (arena.i32[slot * 2 + L.SLOT_STATUS] === L.STATUS_OK) {
        this.#waiting.splice(0, count)
        return runs
      }
      if (count > 1) continue
      this.#divide()
      return undefined
    }
  }

  /** How many of the first runs can be in one span. */
  #alike(): number {
    const { all } = this.#waiting[0]!
    const other = this.#waiting.findIndex(run => run.all !== all)
    return other === -1 ? this.#waiting.length : other
  }

  /** Divides the first run, which is larger than a slot. A single series that is so was never told of. */
  #divide(): void {
    const run = this.#waiting.shift()!
    if (run.count === 1) return
    const half = run.count >> 1
    this.#waiting.unshift(
      { ...run, count: half },
      { ...run, first: run.first + half, count: run.count - half },
    )
  }

  #plan(slot: number, runs: readonly GoneRun[]): void {
    const { arena, options } = this.#tools
    beginSpan(arena, slot, options(runs[0]!.all ? 'all-gone' : 'gone'), birthsSoFar(arena))
    arena.i32[slot * 2 + L.SLOT_PLAN_EXEMPLAR] = 0
    for (const { family, page, first, count } of runs) {
      addPiece(arena, slot, { family: family.ref, page, first, count, flags: 0 })
    }
  }
}
