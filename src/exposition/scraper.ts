import { threadId } from 'node:worker_threads'
import { Families, type Family } from '../catalogue/families.js'
import { SelfMetrics } from '../catalogue/self-metrics.js'
import type { Log } from '../common/log.js'
import { type Kernel, loadKernel } from '../kernel/loader.js'
import { Sweeper } from '../lifecycle/sweeper.js'
import { ancestors } from '../memory/ancestors.js'
import { type Arena, openArena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'
import type { RegistryHandle } from '../memory/handle.js'
import * as L from '../memory/layout.js'
import { giveSlot, takeSlot } from '../memory/slots.js'
import { DEFAULT_THREADS, Pool, PoolCannotStart } from '../pool/pool.js'
import { type EncodeTask, type GzipTask, work } from '../pool/work.js'
import { Plan } from './plan.js'
import { type ScrapeTools, SlotScrape } from './scrape.js'
import { flagPiece, pieceCount, spanBytes } from './span.js'
import type { Scrape, ScrapeOptions, Scraper } from './types.js'

/** Smaller expositions are encoded at once by the thread that asks: a trip to the pool costs more. */
export const SMALL_BYTES = 64 * 1024
/** A scraper of a registry for the calling thread. Threads of its pool start with its first large scrape. */
export function createScraper(handle: RegistryHandle): Scraper {
  return new PoolScraper(handle, openArena(handle), DEFAULT_THREADS, 0)
}

/** The same where the program itself scrapes, in a thread that it may block: it leaves slots to the fronts. */
export function createGuestScraper(handle: RegistryHandle): Scraper {
  return new PoolScraper(handle, openArena(handle), DEFAULT_THREADS, L.FRONT_SLOTS)
}

class PoolScraper implements Scraper {
  readonly #arena: Arena
  readonly #kernel: Kernel
  readonly #families: Families
  readonly #selfMetrics: SelfMetrics
  readonly #pool: Pool
  readonly #tools: ScrapeTools
  /** Scrapes that wait for a slot, in order, and what wakes them. */
  readonly #waiting = new Map<object, () => void>()
  /** Slots that are left to others. */
  readonly #leave: number
  starving: (() => void) | undefined
  #sorted: readonly Family[] = []
  #version = 0
  readonly #uptime: () => number
  readonly #ancestors = ancestors()
  readonly #sweeper: Sweeper

  constructor(handle: RegistryHandle, arena: Arena, threads: number, leave: number) {
    this.#arena = arena
    this.#leave = leave
    this.#uptime = uptimeOf(arena)
    this.#kernel = loadKernel(arena)
    this.#families = new Families(arena)
    this.#selfMetrics = new SelfMetrics(arena, this.#families, this.#uptime)
    this.#pool = new Pool(handle, threads)
    this.#sweeper = new Sweeper({
      arena,
      kernel: this.#kernel,
      every: JSON.parse(handle.options).sweepEvery,
      uptime: this.#uptime,
      ancestors: this.#ancestors,
      pooled: now => this.#pool.run({ now }),
    })
    this.#tools = {
      arena,
      take: scrape => this.#take(scrape),
      give: slot => {
        giveSlot(arena, slot)
        for (const wake of this.#waiting.values()) wake()
      },
      wait: (scrape, callback) => this.#wait(scrape, callback),
      leave: scrape => this.#waiting.delete(scrape),
      encode: task => this.#encode(task),
      budget: arena.i32[L.H_SLOT_TEXT],
      // One being written, one waiting, and one for each thread.
      ahead: threads + 2,
    }
  }

  small(options: ScrapeOptions): Uint8Array | undefined {
    const slot = this.#slot()
    if (slot === 0) return undefined
    try {
      const plan = this.#plan(options)
      if (!plan.done) {
        const planned = plan.next(slot, SMALL_BYTES)
        if (!plan.done || planned?.divided !== undefined) return undefined
      }
      const pieces = pieceCount(this.#arena, slot)
      if (pieces === 0) return undefined
      flagPiece(this.#arena, slot, 0, L.PIECE_OPEN)
      flagPiece(this.#arena, slot, pieces - 1, L.PIECE_CLOSE)
      this.#kernel.encode(slot)
      return spanBytes(this.#arena, slot).slice()
    } finally {
      giveSlot(this.#arena, slot)
    }
  }

  open(options: ScrapeOptions): Scrape {
    return new SlotScrape(this.#tools, this.#plan(options), options)
  }

  /** By the pool; where none can be had, in this thread: what is slow is better than nothing. */
  async #encode(task: EncodeTask | GzipTask): Promise<void> {
    try {
      await this.#pool.run(task)
    } catch (error) {
      if (!(error instanceof PoolCannotStart)) throw error
      const { compressSpan } = await import('../pool/compress.js')
      work(this.#arena, this.#kernel, task, compressSpan)
    }
  }

  startSweeping(log: Log): void {
    this.#sweeper.start(log)
  }

  close(): Promise<void> {
    this.#sweeper.close()
    return this.#pool.close()
  }

  #plan(options: ScrapeOptions): Plan {
    if (options.selfMetrics) this.#selfMetrics.refresh()
    const version = this.#families.version()
    if (version !== this.#version) {
      this.#sorted = this.#families.sorted()
      this.#version = version
    }
    return new Plan(this.#arena, this.#kernel, this.#sorted, options)
  }

  #slot(): number {
    return takeSlot(this.#arena, threadId, this.#ancestors, this.#leave)
  }

  /** Who waits is first: those that have slots would take what they give back at once, again and again. */
  #take(scrape: object): number | undefined {
    const [first = scrape] = this.#waiting.keys()
    const slot = first === scrape ? this.#slot() : 0
    if (slot === 0) return undefined
    this.#waiting.delete(scrape)
    return slot
  }

  /** Slots can be given back by other threads, which cannot call here: so it is also looked at again after a while. */
  #wait(scrape: object, callback: () => void): void {
    const wake = () => {
      clearTimeout(timer)
      callback()
    }
    const timer = setTimeout(wake, 5)
    // Whoever waited before keeps its turn.
    this.#waiting.set(scrape, wake)
    this.starving?.()
  }
}
