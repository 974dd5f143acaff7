/**
 * The timer that sweeps: in whatever thread it runs, one sweep at a time in a registry (sweep.ts). Few series are swept at
 * once by this thread; many by a thread of the pool, or, where none can be had, by this one step by step.
 */
import { threadId } from 'node:worker_threads'
import { type Log, logEvent } from '../common/log.js'
import type { Arena } from '../memory/arena.js'
import { MAX_PAGE_PLACES } from '../memory/layout.js'
import { beginSweep, brokeOff, endSweep, type SweepKernel, sweepableSeries, sweepInSteps } from './sweep.js'

/** Sweeps over so many series take well under a millisecond. */
const SMALL_SWEEP = 20_000
/** As many series, in full pages: what a sweep in this thread does at once. */
const STEP_PAGES = Math.floor(SMALL_SWEEP / MAX_PAGE_PLACES)
/** A pool that failed, for lack of a permission perhaps, is asked again after so many sweeps. */
const SWEEPS_WITHOUT_POOL = 100

export interface SweeperTools {
  readonly arena: Arena
  readonly kernel: SweepKernel
  /** ms. */
  readonly every: number
  /** ms since the registry was made. */
  readonly uptime: () => number
  /** Threads whose end is this one's too, nearest last. */
  readonly ancestors: readonly number[]
  /** Has a thread of the pool sweep; `now` in ms since the registry was made. */
  readonly pooled: (now: number) => Promise<void>
}

export class Sweeper {
  readonly #tools: SweeperTools
  #timer: NodeJS.Timeout | undefined
  /** Sweeps to come that this thread does itself, as the pool could not. */
  #withoutPool = 0
  #saidFailed = false
  #closed = false

  constructor(tools: SweeperTools) {
    this.#tools = tools
  }

  /** Sweeps from now on, on a timer that keeps no process alive. That a sweep failed is told to `log` once. */
  start(log: Log): void {
    this.#timer ??= setInterval(() => this.#sweep(log), this.#tools.every).unref()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async #sweep(log: Log): Promise<void> {
    const { arena, every, uptime, ancestors, pooled } = this.#tools
    const now = uptime()
    // A little less, or a timer that fires early waits for another turn.
    if (!beginSweep(arena, threadId, ancestors, now, every * 0.9)) return
    const inPool = sweepableSeries(arena) > SMALL_SWEEP && this.#withoutPool === 0
    if (this.#withoutPool > 0) this.#withoutPool--
    try {
      if (inPool) await pooled(now)
      else await this.#sweepHere(now)
    } catch (error) {
      // What it left the next one takes up: not at once, as a thread of the pool may be about to end, and still write.
      brokeOff(arena)
      if (inPool) this.#withoutPool = SWEEPS_WITHOUT_POOL
      this.#sayFailed(log, error, inPool)
    } finally {
      endSweep(arena, threadId)
    }
  }

  /** Sweeps in this thread, which does its own work between the steps. */
  async #sweepHere(now: number): Promise<void> {
    const { arena, kernel } = this.#tools
    const steps = sweepInSteps(arena, kernel, now, () => performance.now(), STEP_PAGES)
    while (!steps.next().done && !this.#closed) await new Promise(resolve => setImmediate(resolve))
  }

  /** Once: it may fail each time from now on. The count of them goes on. */
  #sayFailed(log: Log, error: unknown, inPool: boolean): void {
    if (this.#saidFailed || this.#closed) return
    this.#saidFailed = true
    const what = inPool ? 'this thread sweeps instead, step by step' : 'it is tried again'
    const message = `a sweep for idle series failed, and ${what}: ${(error as Error)?.message ?? String(error)}`
    logEvent(log, { level: 'warn', code: 'sweep-failed', message })
  }
}
