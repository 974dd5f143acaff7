/**
 * Several threads of one registry, simulated in one thread: each has its own table of series and its own instruments
 * over one memory, and the clock and the sweeps are the test's. So every order of calls can be forced, and, through
 * `interrupt`, every step within a call.
 */
import { randomUUID } from 'node:crypto'
import {
  type AgeWindow,
  type Aggregate,
  type ExpireRule,
  Families,
  type Identity,
  type Native,
} from '../../src/catalogue/families.js'
import { writeSelfMetrics } from '../../src/catalogue/self-metrics.js'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Scraper } from '../../src/exposition/types.js'
import type { Context } from '../../src/instruments/context.js'
import { Counter } from '../../src/instruments/counter.js'
import { Gauge } from '../../src/instruments/gauge.js'
import { Histogram } from '../../src/instruments/histogram.js'
import { Info } from '../../src/instruments/info.js'
import { Summary } from '../../src/instruments/summary.js'
import { compileKernel, type Kernel, loadKernel } from '../../src/kernel/loader.js'
import { sweep } from '../../src/lifecycle/sweep.js'
import { type Arena, createArena } from '../../src/memory/arena.js'
import type { RegistryHandle } from '../../src/memory/handle.js'
import * as L from '../../src/memory/layout.js'
import { orphanThread } from '../../src/memory/shards.js'
import { removeWhere } from '../../src/series/remove-where.js'
import { resetFamily } from '../../src/series/reset.js'
import { SeriesTable } from '../../src/series/series.js'
import { places } from '../../src/series/walk.js'
import { hookedKernel } from '../support/hooked-kernel.js'

export const EXPIRE = 1_000

export interface FamilyOptions {
  readonly labelNames?: readonly string[]
  readonly maxSeries?: number
  /** ms; 0 for never. */
  readonly expireAfter?: number
  readonly aggregate?: Aggregate
  readonly expire?: ExpireRule
  readonly buckets?: readonly number[]
  readonly native?: Native
  readonly quantiles?: readonly number[]
  readonly window?: AgeWindow
  /** One of the library's own. */
  readonly self?: boolean
}

export class Sim {
  readonly arena: Arena
  readonly kernel: Kernel
  readonly scraper: Scraper
  readonly handle: RegistryHandle
  #threadKernel: Kernel | undefined
  /** ms since the epoch. */
  now = 1_000_000

  constructor({ mib = 4, maxThreads = 8, maxSeries = 0 } = {}) {
    const bytes = mib * 2 ** 20
    this.arena = createArena({
      bytes,
      maxThreads,
      maxLabelBytes: 4_096,
      maxSeries,
      now: this.now,
      started: 0,
      hashKey: [0x0123_4567, 0x89ab_cdef],
    })
    writeSelfMetrics(this.arena, this.now)
    this.kernel = loadKernel(this.arena, compileKernel(), () => this.uptime())
    const options = JSON.stringify({ sweepEvery: EXPIRE })
    this.handle = {
      postmeter: L.LAYOUT_VERSION,
      name: 'sim',
      id: randomUUID(),
      memory: this.arena.memory,
      kernel: compileKernel(),
      options,
    }
    this.scraper = createScraper(this.handle)
  }

  thread(id: number, ancestors: readonly number[] = []): SimThread {
    return new SimThread(this, id, ancestors)
  }

  /**
   * The kernel of the threads. Between two shards' cells it does a step, so that `interrupt` can do something else there;
   * the kernel's own steps are none of JavaScript's Atomics.
   */
  threadKernel(): Kernel {
    this.#threadKernel ??= hookedKernel(this.arena, () => void Atomics.load(this.arena.i32, L.H_MAGIC))
    return this.#threadKernel
  }

  uptime(): number {
    return this.now - this.arena.f64[L.H_BIRTH_WORD]
  }

  /** Lets time pass, then sweeps once. */
  sweep(after = 0): void {
    this.now += after
    sweep(this.arena, this.kernel, this.uptime(), () => 0)
  }

  /** What a scrape exposes, by line without its value; throws if a line comes twice. */
  scrape(): Map<string, number> {
    const bytes = this.scraper.small({ format: 'text', prefix: '', selfMetrics: false })
    if (bytes === undefined) throw new Error('a scrape too large for this')
    const exposed = new Map<string, number>()
    for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const at = line.lastIndexOf(' ')
      const key = line.slice(0, at)
      if (exposed.has(key)) throw new Error(`exposed twice: ${key}`)
      exposed.set(key, Number(line.slice(at + 1)))
    }
    return exposed
  }

  /** A thread's death, as who watches it sees it. */
  bury(thread: SimThread): void {
    orphanThread(this.arena, thread.id)
  }

  /** Places of a family by state. */
  states(name: string): number[] {
    const { i32 } = this.arena
    const family = new Families(this.arena).get(name)
    const counts = new Array<number>(8).fill(0)
    if (family === undefined) return counts
    for (let page = i32[family.ref * 2 + L.F_FIRST_PAGE]; page !== 0; page = i32[page * 2 + L.PAGE_NEXT]) {
      for (let n = 0; n < i32[page * 2 + L.PAGE_CAPACITY]; n++) {
        const place = page + L.PAGE_HEADER_WORDS + n * L.PLACE_WORDS
        counts[i32[place * 2 + L.PLACE_STATE] & L.STATE_MASK]++
      }
    }
    return counts
  }

  /** Series counted against limits. */
  series(): number {
    return this.arena.i32[L.H_SERIES]
  }
}

export class SimThread {
  readonly id: number
  readonly table: SeriesTable
  readonly context: Context
  readonly refused: string[] = []
  readonly #families: Families

  constructor(sim: Sim, id: number, ancestors: readonly number[]) {
    const { arena } = sim
    const now = () => sim.now
    this.id = id
    this.#families = new Families(arena)
    const kernel = () => sim.threadKernel()
    this.table = new SeriesTable({ arena, threadId: id, ancestors, kernel, now, uptime: () => sim.uptime() })
    const tools = { arena, series: this.table, kernel, alone: () => false }
    this.context = {
      arena,
      families: this.#families,
      series: this.table,
      conflicts: new Set(),
      conflict: (_family: Identity, error: Error) => {
        throw error
      },
      closed: false,
      now,
      elapsed: () => sim.now / 1000,
      uptime: () => sim.uptime(),
      badValue: (_family, mistake) => {
        throw mistake()
      },
      refused: (family, reason) => this.refused.push(`${family.name} ${reason}`),
      leftOut: (family, why) => this.refused.push(`${family.name} exemplar: ${why}`),
      guarded: work => work(),
      reset: family => void resetFamily(tools, family, sim.uptime()),
      removeWhere: (family, fits) => removeWhere(tools, family, fits),
      clear: family => {
        for (const place of places(arena, family)) this.table.removePlace(family, place)
      },
    }
  }

  counter(name: string, options: FamilyOptions = {}): Counter<string> {
    return new Counter<string>(this.context, ...this.#family('counter', name, options))
  }

  gauge(name: string, options: FamilyOptions = {}): Gauge<string> {
    return new Gauge<string>(this.context, ...this.#family('gauge', name, options))
  }

  histogram(name: string, options: FamilyOptions = {}): Histogram<string> {
    return new Histogram<string>(this.context, ...this.#family('histogram', name, options))
  }

  info(name: string): Info<string> {
    const options = { aggregate: 'last', expireAfter: 0 } as const
    return new Info<string>(new Gauge<string>(this.context, ...this.#family('info', name, options)))
  }

  summary(name: string, options: FamilyOptions = {}): Summary<string> {
    return new Summary<string>(this.context, ...this.#family('summary', name, options))
  }

  /** What its timer does: lets go of what it was asked for. */
  letGo(): void {
    while (this.table.answerRequests()) {}
  }

  #family(kind: Identity['kind'], name: string, options: FamilyOptions) {
    const { self = false } = options
    const { labelNames = ['x'], maxSeries = 0, expireAfter = EXPIRE, aggregate = 'sum' } = options
    const { expire = 'zero', buckets = [1, 2], native, quantiles = [0.5, 1] } = options
    const { window = { maxAge: 5_000, ageBuckets: 5, significantDigits: 2 } } = options
    const bounds = kind === 'histogram' ? buckets : kind === 'summary' ? quantiles : []
    const identity: Identity = {
      ...{ name, kind, labelNames, bounds, aggregate, expire, unit: '', self },
      ...(native === undefined ? {} : { native }),
      ...(kind === 'summary' ? { window } : {}),
    }
    const limits = { maxSeries, expireAfter }
    const family = this.#families.register(identity, 'h', limits, 0)
    return [family ?? identity, family] as const
  }
}

const OPERATIONS = ['load', 'store', 'add', 'sub', 'and', 'or', 'compareExchange', 'exchange'] as const

/** What a thread that was killed does: nothing more. */
export class Killed extends Error {}

/**
 * Runs a call, and before its nth step on shared memory (an operation of Atomics) something else, whole; the call
 * then goes on, or, if that throws Killed, ends there without another step. Returns whether there was such a step.
 */
export function interrupt(step: number, other: () => void, call: () => void): boolean {
  const atomics = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>
  const real = Object.fromEntries(OPERATIONS.map(name => [name, atomics[name]]))
  let steps = 0
  let dead = false
  let inside = false
  for (const name of OPERATIONS) {
    atomics[name] = (...args) => {
      if (dead) throw new Killed()
      if (!inside && steps++ === step) {
        inside = true
        try {
          other()
        } catch (error) {
          dead = error instanceof Killed
          throw error
        } finally {
          inside = false
        }
      }
      return real[name](...args)
    }
  }
  try {
    call()
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  } finally {
    Object.assign(atomics, real)
  }
  return steps > step
}

/** As interrupt, with each step in turn; `make` gives a new world for each. */
export function interruptEach(
  make: () => { other: () => void; call: () => void; check: (step: number) => void },
): number {
  for (let step = 0; ; step++) {
    const { other, call, check } = make()
    if (!interrupt(step, other, call)) return step
    check(step)
  }
}
