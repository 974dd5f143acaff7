import { threadId } from 'node:worker_threads'
import { Families, type Family, linesOf } from '../catalogue/families.js'
import { SelfMetrics } from '../catalogue/self-metrics.js'
import { defaultLog, type Log, logEvent } from '../common/log.js'
import { privateCopy } from '../common/private-copy.js'
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
import { lookForDead, prepareToBury } from '../processes/sharing.js'
import { type ListedFamily, listFamilies } from './family-list.js'
import { Plan } from './plan.js'
import { type ScrapeTools, SlotScrape } from './scrape.js'
import { flagPiece, pieceCount, spanBytes } from './span.js'
import type { Joint, Scrape, ScrapeOptions, Scraper } from './types.js'

/** Smaller expositions are encoded by the thread that asks, because a trip to the pool would take longer. */
export const SMALL_BYTES = 64 * 1024
/**
 * What a front encodes itself of each scrape before it asks the pool: half a millisecond's work, in parts of a tenth. The
 * trips would take it longer.
 */
const FRONT_BYTES = 2 * 1024 * 1024

/**
 * Makes a scraper of a registry for the calling thread. Its pool starts its threads with the first large scrape. If they
 * cannot start, that is logged once. `inOrder` says that nobody terminates this thread.
 */
export function createScraper(handle: RegistryHandle, log = defaultLog, inOrder = false): Scraper {
  const arena = openArena(handle)
  if (inOrder) prepareToBury(arena)
  return new PoolScraper(handle, arena, { threads: DEFAULT_THREADS, leave: 0, here: FRONT_BYTES }, log)
}

/**
 * The same for a program that scrapes in its own thread. It may block that thread, so the scraper leaves slots to
 * fronts.
 */
export function createGuestScraper(handle: RegistryHandle, log = defaultLog): Scraper {
  const shares = { threads: DEFAULT_THREADS, leave: L.FRONT_SLOTS, here: 0 }
  return new PoolScraper(handle, openArena(handle), shares, log)
}

interface Shares {
  /** Of the pool. */
  readonly threads: number
  /** How many slots it leaves to fronts. */
  readonly leave: number
  /** See ScrapeTools. */
  readonly here: number
}

class PoolScraper implements Scraper {
  readonly #arena: Arena
  readonly #kernel: Kernel
  readonly #families: Families
  readonly #selfMetrics: SelfMetrics
  readonly #pool: Pool
  readonly #tools: ScrapeTools
  /** Scrapes that wait for a slot, in order, each with what wakes it. */
  readonly #waiting = new Map<object, () => void>()
  /** How many slots it leaves to fronts. */
  readonly #leave: number
  starving: (() => void) | undefined
  #sorted: readonly Family[] = []
  /** Those of them that OpenMetrics can tell apart, once they were asked for. */
  #apart: readonly Family[] | undefined
  readonly #saidLeftOut = new Set<string>()
  #version = 0n
  readonly #uptime: () => number
  readonly #ancestors = ancestors()
  readonly #sweeper: Sweeper
  readonly #log: Log
  #closed = false
  #saidAlone = false
  readonly #saidTooLarge = new Set<string>()
  /** The memory of which its own metrics tell. */
  #observed: Arena
  /** The run of which the default labels were read. */
  #labelsOf = ''

  constructor(handle: RegistryHandle, arena: Arena, { threads, leave, here }: Shares, log: Log) {
    this.#arena = arena
    this.#observed = arena
    this.#log = log
    this.#leave = leave
    this.#uptime = uptimeOf(arena)
    this.#kernel = loadKernel(arena, handle.kernel)
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
      encode: (task, here) => this.#encode(task, here),
      tooLarge: family => this.#sayTooLarge(family),
      budget: arena.slotText,
      // One is being written, one waits, and one is for each thread.
      ahead: threads + 2,
      here,
    }
  }

  small(options: ScrapeOptions): Uint8Array | undefined {
    const slot = this.#slot()
    if (slot === 0) return undefined
    try {
      const run = this.#run()
      const plan = this.#plan(options)
      // Nothing would be planned, and the slot has what was planned in it last.
      if (plan.done) return undefined
      const planned = plan.next(slot, SMALL_BYTES)
      if (!plan.done || planned?.divided !== undefined) return undefined
      const pieces = pieceCount(this.#arena, slot)
      const { joint } = options
      if (joint?.first !== false) flagPiece(this.#arena, slot, 0, L.PIECE_OPEN)
      if (joint?.last !== false) flagPiece(this.#arena, slot, pieces - 1, L.PIECE_CLOSE)
      if (joint !== undefined) joint.begun = true
      this.#kernel.encode(slot)
      if (this.#run() !== run) return undefined
      return privateCopy(spanBytes(this.#arena, slot))
    } finally {
      giveSlot(this.#arena, slot)
    }
  }

  open(options: ScrapeOptions): Scrape {
    const run = this.#run()
    const encode: ScrapeTools['encode'] = async (task, here) => {
      await this.#encode(task, here)
      if (this.#run() !== run)
        throw new Error('the service has started again meanwhile, with a memory begun anew')
    }
    const tools = this.#arena.reader ? { ...this.#tools, encode } : this.#tools
    return new SlotScrape(tools, this.#plan(options), options)
  }

  /**
   * Changes when the memory begins anew, which a process that only reads lives through: what was planned before, labels
   * and help included, is not what is there after it.
   */
  #run(): string {
    return `${this.#arena.f64[L.H_STARTED_WORD]} ${Atomics.load(this.#arena.i32, L.H_BEGINNING)}`
  }

  #readLabels(): void {
    const run = this.#run()
    if (run === this.#labelsOf) return
    this.#arena.keepDefaults()
    this.#labelsOf = run
  }

  /** Encodes in the pool; if the pool cannot start, in this thread, because slow is better than not at all. */
  async #encode(task: EncodeTask | GzipTask, here: boolean): Promise<void> {
    if (here && typeof task === 'number') {
      if (this.#closed) throw new Error('the scraper is closed')
      this.#kernel.encode(task)
      return
    }
    try {
      await this.#pool.run(task)
    } catch (error) {
      if (!(error instanceof PoolCannotStart)) throw error
      this.#sayAlone(error)
      const { compressSpan } = await import('../pool/compress.js')
      work(this.#arena, this.#kernel, task, compressSpan)
    }
  }

  #sayAlone({ message }: PoolCannotStart): void {
    if (this.#saidAlone) return
    this.#saidAlone = true
    logEvent(this.#log, {
      level: 'warn',
      code: 'pool-failed',
      message: `large scrapes are encoded by the thread that serves them: ${message}`,
    })
  }

  /** Every series fitted when it was made; since then labels or help may have become longer, where a memory began anew. */
  #sayTooLarge(family: string): void {
    if (this.#saidTooLarge.has(family)) return
    this.#saidTooLarge.add(family)
    logEvent(this.#log, {
      level: 'warn',
      code: 'series-too-large',
      message:
        `metric "${family}": series are left out, which were made before labels or help became longer: with these, a ` +
        `series has more than ${this.#tools.budget} bytes in a scrape, all that option "memory" of createRegistry allows`,
    })
  }

  startSweeping(log: Log): void {
    if (!this.#arena.reader) this.#sweeper.start(log)
  }

  close(): Promise<void> {
    this.#closed = true
    this.#sweeper.close()
    return this.#pool.close()
  }

  #plan(options: ScrapeOptions): Plan {
    if (this.#arena.reader) this.#readLabels()
    lookForDead(this.#observed)
    // A process that only reads cannot bring them up to date: it has those of a registry of its own tell of this memory.
    const selfMetrics = options.selfMetrics && !this.#arena.reader
    if (selfMetrics) this.#selfMetrics.refresh()
    if (options.families !== undefined)
      return new Plan(this.#arena, this.#kernel, options.families, { ...options, selfMetrics: true })
    this.#sort()
    return new Plan(this.#arena, this.#kernel, this.#wanted(options), { ...options, selfMetrics })
  }

  #sort(): void {
    const version = this.#families.version()
    if (version === this.#version) return
    this.#sorted = this.#families.sorted()
    this.#apart = undefined
    this.#version = version
  }

  families(selfMetrics: boolean): readonly ListedFamily[] {
    this.#sort()
    const own = selfMetrics && !this.#arena.reader
    return listFamilies(this.#arena, own ? this.#sorted : this.#sorted.filter(family => !family.self))
  }

  /** The families that are asked for, but those whose names a part before has taken. */
  #wanted({ joint, names, prefix, format }: ScrapeOptions): readonly Family[] {
    let wanted = format === 'openmetrics' ? this.#forOpenMetrics() : this.#sorted
    if (names !== undefined) {
      const bare = names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
      const asked = new Set(bare.map(name => this.#families.ofLine(name)))
      wanted = wanted.filter(family => asked.has(family))
    }
    return joint === undefined ? wanted : behind(wanted, joint)
  }

  #forOpenMetrics(): readonly Family[] {
    if (this.#apart !== undefined) return this.#apart
    const { apart, leftOut } = this.#families.sortedForOpenMetrics()
    for (const { name } of leftOut) {
      if (this.#saidLeftOut.has(name)) continue
      this.#saidLeftOut.add(name)
      const message = `metric "${name}" is left out in OpenMetrics: another one has lines of the same name there`
      logEvent(this.#log, { level: 'warn', code: 'openmetrics-clash', message })
    }
    this.#apart = apart
    return apart
  }

  observe(handle: RegistryHandle): void {
    this.#observed = openArena(handle)
    this.#selfMetrics.observe(this.#observed, Date.now())
  }

  #slot(): number {
    return takeSlot(this.#arena, threadId, this.#ancestors, this.#leave)
  }

  /**
   * Scrapes that wait come first: those that have slots would else take the slots that they give back, again and again.
   */
  #take(scrape: object): number | undefined {
    const [first = scrape] = this.#waiting.keys()
    const slot = first === scrape ? this.#slot() : 0
    if (slot === 0) return undefined
    this.#waiting.delete(scrape)
    return slot
  }

  /** Other threads can give slots back, too, but cannot call this thread. So the scrape also wakes after a while. */
  #wait(scrape: object, callback: () => void): void {
    const wake = () => {
      clearTimeout(timer)
      callback()
    }
    const timer = setTimeout(wake, 5)
    // A scrape that waits already keeps its turn: Map.set() does not move a key.
    this.#waiting.set(scrape, wake)
    this.starving?.()
  }
}

/** Those of a part's families that have no lines of names that parts before it have. */
function behind(families: readonly Family[], { first, lines, clashes }: Joint): readonly Family[] {
  const mine = families.filter(family => {
    // Each registry has the library's own metrics; those of the first are exposed.
    if (family.self) return first
    const clash = linesOf(family).some(line => lines.has(line))
    if (clash) clashes(family.name)
    return !clash
  })
  for (const family of mine) for (const line of linesOf(family)) lines.add(line)
  return mine
}
