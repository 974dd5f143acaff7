/**
 * The timer that sweeps. It may run in any thread; a registry has one sweep at a time (sweep.ts). If there are few
 * series, this thread sweeps them at once. If there are many, a thread of the pool does, or, if there is no pool, this
 * thread does it in steps.
 */
import { threadId } from 'node:worker_threads'
import { type Log, logEvent } from '../common/log.js'
import type { Arena } from '../memory/arena.js'
import { MAX_PAGE_PLACES } from '../memory/layout.js'
import { beginSweep, brokeOff, endSweep, type SweepKernel, sweepableSeries, sweepInSteps } from './sweep.js'

/** A sweep over so many series takes well under a millisecond. */
const SMALL_SWEEP = 20_000
/** The same number of series in full pages: what this thread sweeps in one step. */
const STEP_PAGES = Math.floor(SMALL_SWEEP / MAX_PAGE_PLACES)
/** A pool that failed, perhaps for lack of a permission, is tried again after so many sweeps. */
const SWEEPS_WITHOUT_POOL = 100

export interface SweeperTools {
  readonly arena: Arena
  readonly kernel: SweepKernel
  /** ms. */
  readonly every: number
  /** ms since the registry was made. */
  readonly uptime: () => number
  /** Threads that this one ends with, nearest last. */
  readonly ancestors: readonly number[]
  /** Has a thread of the pool sweep; `now` is in ms since the registry was made. */
  readonly pooled: (now: number) => Promise<void>
}

export class Sweeper {
  readonly #tools: SweeperTools
  #timer: NodeJS.Timeout | undefined
  /** How many more sweeps this thread does itself, because the pool failed. */
  #withoutPool = 0
  #reportedFailure = false
  #closed = false

  constructor(tools: SweeperTools) {
    this.#tools = tools
  }

  /** Sweeps from now on, on a timer that keeps no process alive. Only the first failure is logged. */
  start(log: Log): void {
    const sweep = () => void this.#sweep(log).catch(error => this.#reportFailure(log, error, false))
    this.#timer ??= setInterval(sweep, this.#tools.every).unref()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  async #sweep(log: Log): Promise<void> {
    const { arena, every, uptime, ancestors, pooled } = this.#tools
    const now = uptime()
    // A little less than `every`, so that a timer that fires early does not wait for another turn.
    if (!beginSweep(arena, threadId, ancestors, now, every * 0.9)) return
    const inPool = sweepableSeries(arena) > SMALL_SWEEP && this.#withoutPool === 0
    if (this.#withoutPool > 0) this.#withoutPool--
    try {
      if (inPool) await pooled(now)
      else await this.#sweepHere(now)
    } catch (error) {
      // The next sweep finishes what this one left. It is not run at once, because a thread of the pool may be about to
      // end, and still write.
      brokeOff(arena)
      if (inPool) this.#withoutPool = SWEEPS_WITHOUT_POOL
      this.#reportFailure(log, error, inPool)
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

  /**
   * Logs only the first failure, because each sweep may fail from now on. The metric of failed sweeps counts them all.
   */
  #reportFailure(log: Log, error: unknown, inPool: boolean): void {
    if (this.#reportedFailure || this.#closed) return
    this.#reportedFailure = true
    const what = inPool ? 'this thread sweeps instead, step by step' : 'it is tried again'
    const message = `a sweep for idle series failed, and ${what}: ${(error as Error)?.message ?? String(error)}`
    logEvent(log, { level: 'warn', code: 'sweep-failed', message })
  }
}
