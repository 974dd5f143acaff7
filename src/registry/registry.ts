/** A registry as a thread sees it: the calls of programs. */
import { isAscii } from 'node:buffer'
import { threadId, type Worker } from 'node:worker_threads'
import { Families } from '../catalogue/families.js'
import { badOption, knownOptions, plainError, show, typeError } from '../common/errors.js'
import { notLoaded } from '../common/files.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import { type Log, logEvent } from '../common/log.js'
import { CONTENT_TYPES } from '../exposition/content-types.js'
import {
  checkExposeOptions,
  type ExposeOptions,
  type FormatOptions,
  type StreamOptions,
  whole,
} from '../exposition/options.js'
import type { Scraper } from '../exposition/types.js'
import { Collectors } from '../instruments/collectors.js'
import type { Context } from '../instruments/context.js'
import type { Counter } from '../instruments/counter.js'
import type { Gauge } from '../instruments/gauge.js'
import type { Histogram } from '../instruments/histogram.js'
import type { Info } from '../instruments/info.js'
import type { LabelValue } from '../instruments/metric.js'
import type {
  CounterOptions,
  GaugeOptions,
  HistogramOptions,
  InfoOptions,
  StatesetOptions,
  SummaryOptions,
} from '../instruments/metric-options.js'
import type { Stateset } from '../instruments/stateset.js'
import type { Summary } from '../instruments/summary.js'
import { type Kernel, loadKernel } from '../kernel/loader.js'
import { leaveAncestors } from '../memory/ancestors.js'
import type { Arena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'
import { asDamage } from '../memory/damage.js'
import type { RegistryHandle } from '../memory/handle.js'
import * as L from '../memory/layout.js'
import { leave } from '../processes/sharing.js'
import { removeWhere } from '../series/remove-where.js'
import { resetFamily } from '../series/reset.js'
import { SeriesTable } from '../series/series.js'
import { places } from '../series/walk.js'
import { bequeath, forget, withdraw } from './environment.js'
import { Notices } from './notices.js'
import type { SharedOptions } from './options.js'
import { type HistogramValue, SeriesReader, type SummaryValue } from './reading.js'
import { Registration } from './registration.js'
import { ThreadCare } from './thread-care.js'
import { hasStarted } from './workers.js'

/** What differs from thread to thread. */
interface ThreadOptions {
  /** Threads that started this one, nearest last. */
  readonly ancestors: readonly number[]
  readonly collectEvery: number
  readonly log: Log
  /** Whether this thread made the registry. If it did, it sweeps unless a front does. */
  readonly maker: boolean
}

/** A registry's inside, as this thread has it. */
export interface RegistryParts {
  /** Of the memory. */
  readonly id: string
  readonly context: Context
  readonly registration: Registration
  readonly shared: SharedOptions
  /** The calling thread's kernel, which the first call loads. */
  readonly kernel: () => Kernel
  /** Whether this thread made it. */
  readonly maker: boolean
  /** Whether no other thread or process has it. */
  readonly alone: () => boolean
  readonly log: Log
  /** Loads what expositions and sweeps need, if this thread has not. */
  readonly preload: () => void
  /** Has this thread sweep, soon. */
  readonly sweep: () => void
}

export class Registry {
  /** What another thread, started before this registry, needs for `getRegistry(handle)`. */
  declare readonly handle: RegistryHandle
  readonly #handle: RegistryHandle
  /** Whether a thread that was started before the registry may have it. */
  #given = false
  readonly #arena: Arena
  readonly #series: SeriesTable
  readonly #context: Context
  readonly #shared: SharedOptions
  readonly #notices: Notices
  readonly #collectors: Collectors
  readonly #registration: Registration
  readonly #reader: SeriesReader
  readonly #care: ThreadCare
  readonly #maker: boolean
  readonly #closing = new Set<() => Promise<void> | void>()
  #scraper: Promise<Scraper> | undefined
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(handle: RegistryHandle, arena: Arena, own: ThreadOptions) {
    this.#handle = handle
    // A property for its readers; who reads it may send it to a thread that this one does not know of.
    Object.defineProperty(this, 'handle', {
      enumerable: true,
      get: () => {
        this.#given = true
        return handle
      },
    })
    this.#arena = arena
    const shared: SharedOptions = JSON.parse(handle.options)
    this.#shared = shared
    this.#maker = own.maker
    this.#notices = new Notices(own.log)
    const families = new Families(arena)
    const now = Date.now
    const uptime = uptimeOf(arena)
    const kernel = () => loadKernel(arena, handle.kernel)
    const series = new SeriesTable({ arena, threadId, ancestors: own.ancestors, kernel, now, uptime })
    this.#series = series
    this.#collectors = new Collectors(own.collectEvery, event => this.#notices.log(event))
    const tools = { arena, series, kernel, alone: () => this.#alone() }
    this.#context = {
      arena,
      families,
      series,
      conflicts: new Set(),
      closed: false,
      now,
      elapsed: () => performance.now() / 1000,
      uptime,
      refused: (family, reason) => this.#notices.refused(family, reason),
      conflict: (family, error) => this.#notices.conflict(family, error),
      badValue: (family, mistake) => {
        if (shared.onBadValue !== 'drop') throw mistake()
        this.#notices.badValue(family, mistake)
      },
      leftOut: (family, why) => this.#notices.leftOut(family, why),
      guarded: (work, instead) => {
        try {
          return work()
        } catch (error) {
          this.#notices.damaged(this.name, asDamage(arena, error))
          return instead
        }
      },
      reset: (family, place) => {
        const reset = () => resetFamily(tools, family, uptime(), place)
        const kept = this.#context.guarded(reset, 0)
        if (kept > 0) this.#notices.notReset(family, kept)
      },
      removeWhere: (family, fits) => removeWhere(tools, family, fits),
      clear: family => {
        this.#context.guarded(() => {
          for (const place of places(arena, family)) series.removePlace(family, place)
        }, undefined)
      },
    }
    this.#registration = new Registration(this.#context, shared, this.#collectors, () => this.#checkOpen())
    this.#reader = new SeriesReader(arena, families, series, kernel, shared.labels, uptime)
    bequeath(handle)
    leaveAncestors(own.ancestors)
    this.#care = new ThreadCare({
      arena,
      series,
      uptime,
      sweepEvery: shared.sweepEvery,
      maker: own.maker,
      startSweeping: () => void this.#startSweeping(),
      // An error here comes again when the module is needed, and is reported there.
      preload: () => void exposition().catch(() => {}),
      guarded: this.#context.guarded,
      file: handle.file,
      fileLost: how => this.#notices.fileLost(this.name, handle.file!, how),
      // What callbacks throw then is for who calls close().
      follow: () => void this.close().catch(() => {}),
    })
  }

  get name(): string {
    return this.#handle.name
  }

  /** What logs show of it: its name, the bytes that it reserved, its default labels. */
  toJSON(): { name: string; memory: number; labels: Readonly<Record<string, string>> } {
    const { memory, labels } = this.#shared
    return { name: this.name, memory, labels }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('Registry', this.toJSON(), options, inspect)
  }

  /**
   * A count that only rises. Returns the metric of that name if any thread registered it before. @throws if that one
   * has other options.
   */
  counter<const N extends string = never>(options: CounterOptions<N>): Counter<N> {
    return this.#registration.counter(options)
  }

  /**
   * A value that goes up and down. Returns the metric of that name if any thread registered it before. @throws if that
   * one has other options.
   */
  gauge<const N extends string = never>(options: GaugeOptions<N>): Gauge<N> {
    return this.#registration.gauge(options)
  }

  /**
   * Values counted in buckets. Returns the metric of that name if any thread registered it before. @throws if that one
   * has other options.
   */
  histogram<const N extends string = never>(options: HistogramOptions<N>): Histogram<N> {
    return this.#registration.histogram(options)
  }

  /**
   * Quantiles of what was observed lately. Returns the metric of that name if any thread registered it before. @throws
   * if that one has other options.
   */
  summary<const N extends string = never>(options: SummaryOptions<N>): Summary<N> {
    return this.#registration.summary(options)
  }

  /**
   * Facts, as labels of a series that is 1; its name ends with `_info`. Returns the metric of that name if any thread
   * registered it before. @throws if that one has other options.
   */
  info<const N extends string = never>(options: InfoOptions<N>): Info<N> {
    return this.#registration.info(options)
  }

  /**
   * Which of a few states something is in. Returns the metric of that name if any thread registered it before. @throws
   * if that one has other options.
   */
  stateset<const S extends string, const N extends string = never>(
    options: StatesetOptions<S, N>,
  ): Stateset<S, N> {
    return this.#registration.stateset(options)
  }

  /**
   * Takes a metric out, in all threads, as for a part of a program that is reloaded with other metrics; false if there is
   * none of that name. It is not exposed any more, its series are removed (without labels: set to zero), and its name is
   * free, for the same definition or another one. What threads record that still hold the old metric is not
   * exposed, until they register it again. Blocks the calling thread for a few microseconds a series.
   */
  unregister(name: string): boolean {
    return this.#registration.unregister(name)
  }

  /** Whether no other thread can have it, nor can one get it while this thread is in a call. */
  #alone(): boolean {
    return this.#maker && !this.#given && !hasStarted() && this.#arena.attachment === 0
  }

  /** What entries with classes of their own (src/prom-client/) stand on. @internal */
  get parts(): RegistryParts {
    const kernel = () => loadKernel(this.#arena, this.#handle.kernel)
    return {
      id: this.#handle.id,
      context: this.#context,
      registration: this.#registration,
      shared: this.#shared,
      kernel,
      maker: this.#maker,
      alone: () => this.#alone(),
      log: event => this.#notices.log(event),
      preload: () => this.#care.preload(),
      sweep: () => void this.#startSweeping(),
    }
  }

  /** Runs `make`, which registers metrics of the library's own, whose names are reserved. @internal */
  ownMetrics<T>(make: () => T): T {
    return this.#registration.ownMetrics(make)
  }

  /**
   * The whole exposition: text as a string, protobuf as bytes. The format is text 0.0.4 unless another is asked for.
   * Runs this thread's `collect` callbacks first, and waits for them for one second at most. For large registries use
   * `stream`, which needs no memory for the whole: this call joins all parts, which blocks the calling thread for a
   * millisecond or two a megabyte.
   */
  metrics(options?: FormatOptions & { format?: 'text' | 'openmetrics' | 'json' }): Promise<string>
  metrics(options: FormatOptions & { format: 'protobuf' }): Promise<Uint8Array>
  async metrics(options: StreamOptions = {}): Promise<string | Uint8Array> {
    knownOptions('metrics', options, ['format', 'prefix', 'selfMetrics', 'created'])
    const all = await whole(this.stream(options))
    return options.format === 'protobuf' ? new Uint8Array(all) : textOf(all)
  }

  /** The content type of what metrics() returns by default, as an HTTP header has it. */
  get contentType(): string {
    return CONTENT_TYPES.text
  }

  /**
   * What `/metrics.json` serves, parsed. Parsing blocks the calling thread for about a microsecond a series. Runs
   * `collect` callbacks as metrics() does.
   */
  async json(options: ExposeOptions = {}): Promise<Record<string, unknown>> {
    knownOptions('json', options, ['prefix', 'selfMetrics'])
    return JSON.parse(textOf(await whole(this.stream({ ...options, format: 'json' }))))
  }

  /**
   * The exposition, in parts of at most 4 MiB, which the pool encodes as they are taken. Each part is a copy on memory
   * that is not shared, as a Response and other consumers need it. Runs `collect` callbacks first, as metrics() does.
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = checkExposeOptions(options)
    this.#checkOpen()
    // Called before anything is awaited: a callback that asks for an exposition is known by the turn in which it asks.
    const collected = this.#collectors.run()
    const { expose } = await exposition()
    await collected
    // The callbacks may take long.
    this.#checkOpen()
    try {
      yield* expose(await this.#scrapes(), asked)
    } catch (error) {
      // What the end of the pool looks like from here depends on the moment.
      if (this.#closed !== undefined) throw this.#closedError(error)
      throw error
    }
  }

  /**
   * The value of one series, folded over all threads; undefined if there is none of exactly these labels (default
   * labels may be left out). It is meant for tests and for a look at one series. It can be called after close().
   *
   * @throws Error if what is recorded is damaged: see `ERR_POSTMETER_DAMAGED`.
   */
  value(
    name: string,
    labels: Readonly<Record<string, LabelValue>> = {},
  ): number | HistogramValue | SummaryValue | undefined {
    try {
      return this.#reader.value(name, labels)
    } catch (error) {
      throw asDamage(this.#arena, error)
    }
  }

  /**
   * Has the events of this thread sent to `log` from now on. A Worker has a hook of its own, as the thread that made
   * the registry has that of createRegistry.
   */
  setLog(log: Log): void {
    if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
    this.#notices.log = log
  }

  /**
   * Sets all series of all metrics to zero, as reset() on each metric does. Blocks the calling thread for about a
   * microsecond a series.
   */
  resetMetrics(): void {
    for (const metric of this.#registration.all()) metric.reset()
  }

  /** The metric of that name that this thread registered. */
  getSingleMetric(
    name: string,
  ):
    | Counter<string>
    | Gauge<string>
    | Histogram<string>
    | Info<string>
    | Stateset<string, string>
    | Summary<string>
    | undefined {
    return this.#registration.get(name) as Counter<string> | undefined
  }

  /**
   * Watches a Worker that was started before this registry was made. When the Worker ends, what it counted is still
   * exposed, and its shard is free for another thread. Workers that are started later need no call.
   */
  watch(worker: Worker): void {
    if (typeof worker?.threadId !== 'number' || typeof worker.once !== 'function') {
      throw typeError('ERR_POSTMETER_CALL', `watch: ${show(worker)} is not a Worker`)
    }
    this.#care.watch(worker)
  }

  /**
   * Calls back when this registry is closed in this thread. Returns a function that removes the callback. If a callback
   * throws, close() rejects with that error when all has ended.
   */
  onClose(callback: () => Promise<void> | void): () => void {
    if (typeof callback !== 'function')
      throw typeError('ERR_POSTMETER_CALL', `onClose: ${show(callback)} is not a function`)
    this.#closing.add(callback)
    return () => this.#closing.delete(callback)
  }

  /** Whether any thread has closed it. @internal */
  get closed(): boolean {
    return this.#closed !== undefined || Atomics.load(this.#arena.i32, L.P_CLOSED) !== 0
  }

  /**
   * Ends the registry's front and its pool, and frees the name for another registry. What this thread records after it
   * is dropped and counted: value() still has postmeter_dropped_updates_total (reason `closed`), and it is logged once.
   * Other threads, which may still be ending, go on storing to memory that is not exposed any more. To register a metric
   * after it, or to ask for an exposition, is an error. Can be awaited twice. Lets go of all series that this thread
   * holds, in one go: about a microsecond each.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    Atomics.store(this.#arena.i32, L.P_CLOSED, 1)
    this.#context.closed = true
    this.#context.guarded(() => this.#series.releaseAll(), undefined)
    const isShared = this.#arena.attachment !== 0
    if (isShared) this.#care.leave()
    else this.#care.close()
    this.#collectors.stop()
    if (isShared) this.#context.guarded(() => leave(this.#arena, this.name, this.#handle.id), undefined)
    withdraw(this.#handle)
    forget(this)
    const ended = await Promise.allSettled([...this.#closing].map(async callback => callback()))
    // A callback that fails does not keep the others or the pool from ending.
    await (await this.#scraper?.catch(() => undefined))?.close()
    // Not before: fronts and pools take something, and give it back when they have ended.
    if (isShared) this.#care.leaveForGood()
    const failed = ended.find(end => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** The scraper of this thread, made when it is needed. */
  #scrapes(): Promise<Scraper> {
    this.#scraper ??= this.#makeScraper().catch(error => {
      // Not kept: perhaps its files are gone for a moment.
      this.#scraper = undefined
      throw error
    })
    return this.#scraper
  }

  async #makeScraper(): Promise<Scraper> {
    const { createGuestScraper } = await exposition()
    return createGuestScraper(this.#handle, event => this.#notices.log(event))
  }

  /** The next turn tries again if it fails. */
  async #startSweeping(): Promise<void> {
    try {
      const scraper = await this.#scrapes()
      if (this.#closed === undefined) scraper.startSweeping(event => logEvent(this.#notices.log, event))
    } catch (error) {
      this.#notices.cannotSweep(error)
    }
  }

  #checkOpen(): void {
    if (this.closed) throw this.#closedError()
  }

  #closedError(cause?: unknown): Error {
    const message = `registry "${this.name}" is closed`
    return plainError('ERR_POSTMETER_CLOSED', message, cause === undefined ? undefined : { cause })
  }
}

let loaded: Promise<typeof import('../exposition/on-demand.js')> | undefined

/** Loaded only when it is needed: a thread that only records does not need it. */
function exposition(): Promise<typeof import('../exposition/on-demand.js')> {
  loaded ??= import('../exposition/on-demand.js').catch(error => {
    // Tried again: perhaps it is there later.
    loaded = undefined
    throw notLoaded(error)
  })
  return loaded
}

/** Most expositions are ASCII, of which Node 20 makes a string ten times as fast as of UTF-8. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}
