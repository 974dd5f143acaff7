/** A registry as a thread sees it: what programs call. */
import { isAscii } from 'node:buffer'
import { threadId, type Worker } from 'node:worker_threads'
import { Families } from '../catalogue/families.js'
import { badOption, knownOptions, plainError, show, typeError } from '../common/errors.js'
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
  GaugeOptions,
  HistogramOptions,
  InfoOptions,
  MetricOptions,
  StatesetOptions,
  SummaryOptions,
} from '../instruments/metric-options.js'
import type { Stateset } from '../instruments/stateset.js'
import type { Summary } from '../instruments/summary.js'
import { loadKernel } from '../kernel/loader.js'
import { leaveAncestors } from '../memory/ancestors.js'
import type { Arena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'
import type { RegistryHandle } from '../memory/handle.js'
import * as L from '../memory/layout.js'
import { resetFamily } from '../series/reset.js'
import { SeriesTable } from '../series/series.js'
import { places } from '../series/walk.js'
import { bequeath, forget, withdraw } from './environment.js'
import { Notices } from './notices.js'
import type { SharedOptions } from './options.js'
import { type HistogramValue, SeriesReader, type SummaryValue } from './reading.js'
import { Registration } from './registration.js'
import { ThreadCare } from './thread-care.js'

/** What differs from thread to thread. */
interface ThreadOptions {
  /** Threads that started this one, nearest last. */
  readonly ancestors: readonly number[]
  readonly collectEvery: number
  readonly log: Log
  /** Whether this thread made the registry, and so sweeps where no front does. */
  readonly maker: boolean
}

export class Registry {
  /** What another thread, started before this registry, needs for `getRegistry(handle)`. */
  readonly handle: RegistryHandle
  readonly #arena: Arena
  readonly #series: SeriesTable
  readonly #context: Context
  readonly #shared: SharedOptions
  readonly #notices: Notices
  readonly #collectors: Collectors
  readonly #registration: Registration
  readonly #reader: SeriesReader
  readonly #care: ThreadCare
  readonly #closing = new Set<() => Promise<void> | void>()
  #scraper: Promise<Scraper> | undefined
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(handle: RegistryHandle, arena: Arena, own: ThreadOptions) {
    this.handle = handle
    this.#arena = arena
    const shared: SharedOptions = JSON.parse(handle.options)
    this.#shared = shared
    this.#notices = new Notices(own.log)
    const families = new Families(arena)
    const now = Date.now
    const uptime = uptimeOf(arena)
    const kernel = () => loadKernel(arena, handle.kernel)
    const series = new SeriesTable({ arena, threadId, ancestors: own.ancestors, kernel, now, uptime })
    this.#series = series
    this.#collectors = new Collectors(own.collectEvery, event => this.#notices.log(event))
    this.#context = {
      arena,
      families,
      series,
      now,
      elapsed: () => performance.now() / 1000,
      uptime,
      refused: (family, reason) => this.#notices.refused(family, reason),
      leftOut: (family, why) => this.#notices.leftOut(family, why),
      reset: family => {
        const kept = resetFamily({ arena, series, kernel }, family, uptime())
        if (kept > 0) this.#notices.notReset(family, kept)
      },
      clear: family => {
        for (const place of places(arena, family)) series.removePlace(family, place)
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
      // What fails here fails again where it is needed, and is reported there.
      preload: () => void exposition().catch(() => {}),
    })
  }

  get name(): string {
    return this.handle.name
  }

  /** What logs tell of it: its name, the bytes that it reserved, its default labels. */
  toJSON(): { name: string; memory: number; labels: Readonly<Record<string, string>> } {
    const { memory, labels } = this.#shared
    return { name: this.name, memory, labels }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('Registry', this.toJSON(), options, inspect)
  }

  /** A count that only rises; the one of that name if any thread made it before. @throws if that one differs. */
  counter<const N extends string = never>(options: MetricOptions<N>): Counter<N> {
    return this.#registration.counter(options)
  }

  /** A value that goes up and down; the one of that name if any thread made it before. @throws if that one differs. */
  gauge<const N extends string = never>(options: GaugeOptions<N>): Gauge<N> {
    return this.#registration.gauge(options)
  }

  /** Values counted into buckets; the one of that name if any thread made it before. @throws if that one differs. */
  histogram<const N extends string = never>(options: HistogramOptions<N>): Histogram<N> {
    return this.#registration.histogram(options)
  }

  /** Quantiles of what was observed lately; the one of that name if any thread made it before. @throws if that one differs. */
  summary<const N extends string = never>(options: SummaryOptions<N>): Summary<N> {
    return this.#registration.summary(options)
  }

  /**
   * Facts as labels of a series that is 1; its name ends with `_info`. The one of that name if any thread made it
   * before. @throws if that one differs.
   */
  info<const N extends string = never>(options: InfoOptions<N>): Info<N> {
    return this.#registration.info(options)
  }

  /** Which of a few states something is in. The one of that name if any thread made it before. @throws if that one differs. */
  stateset<const S extends string, const N extends string = never>(
    options: StatesetOptions<S, N>,
  ): Stateset<S, N> {
    return this.#registration.stateset(options)
  }

  /** Runs `make`; what it registers are the library's own metrics, whose names are reserved. @internal */
  ownMetrics<T>(make: () => T): T {
    return this.#registration.ownMetrics(make)
  }

  /**
   * The whole exposition, in text format 0.0.4 unless another is asked for: text as a string, protobuf as bytes. Runs
   * this thread's `collect` callbacks first, and waits for them one second at most. For large registries use `stream`,
   * which needs no memory for the whole: this joins it at once, and holds up the calling thread for a millisecond or two
   * a megabyte.
   */
  metrics(options?: FormatOptions & { format?: 'text' | 'openmetrics' | 'json' }): Promise<string>
  metrics(options: FormatOptions & { format: 'protobuf' }): Promise<Uint8Array>
  async metrics(options: StreamOptions = {}): Promise<string | Uint8Array> {
    knownOptions('metrics', options, ['format', 'prefix', 'selfMetrics', 'created'])
    const all = await whole(this.stream(options))
    return options.format === 'protobuf' ? new Uint8Array(all) : textOf(all)
  }

  /** What metrics() gives unless it is asked for another format, as an HTTP header says it. */
  get contentType(): string {
    return CONTENT_TYPES.text
  }

  /**
   * What `/metrics.json` tells, parsed at once: that holds up the calling thread for about a microsecond a series. Runs
   * `collect` callbacks as metrics() does.
   */
  async json(options: ExposeOptions = {}): Promise<Record<string, unknown>> {
    knownOptions('json', options, ['prefix', 'selfMetrics'])
    return JSON.parse(textOf(await whole(this.stream({ ...options, format: 'json' }))))
  }

  /**
   * The exposition in parts of at most 4 MiB, encoded by the pool as they are taken. Parts are copies on
   * memory that is not shared, which is what a Response and other consumers take. Runs `collect` callbacks first, as
   * metrics() does.
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = checkExposeOptions(options)
    this.#checkOpen()
    // Before anything is waited for: a callback that asks for an exposition is known by that.
    const collected = this.#collectors.run()
    const { expose } = await exposition()
    await collected
    // They may take their time.
    this.#checkOpen()
    yield* expose(await this.#scrapes(), asked)
  }

  /**
   * The value of one series, folded over all threads; undefined where there is none of exactly these labels (default
   * labels may be left out). For tests and for looking.
   */
  value(
    name: string,
    labels: Readonly<Record<string, LabelValue>> = {},
  ): number | HistogramValue | SummaryValue | undefined {
    return this.#reader.value(name, labels)
  }

  /** Has what is noticed in this thread from now on told to `log`; a Worker's own hook, as createRegistry's is the maker's. */
  setLog(log: Log): void {
    if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
    this.#notices.log = log
  }

  /** Sets all series of all metrics to zero. As reset() on each: about a microsecond a series, all at once. */
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
   * Looks after a Worker that was started before this registry was made: when it ends, what it counted goes on being
   * told, and its place among the threads is free for another. Workers started later need no call.
   */
  watch(worker: Worker): void {
    if (typeof worker?.threadId !== 'number' || typeof worker.once !== 'function') {
      throw typeError('ERR_POSTMETER_CALL', `watch: ${show(worker)} is not a Worker`)
    }
    this.#care.watch(worker)
  }

  /**
   * Calls back when this registry is closed in this thread; returns a function that takes the callback back. What it
   * throws, close() rejects with when all has ended.
   */
  onClose(callback: () => Promise<void> | void): () => void {
    if (typeof callback !== 'function')
      throw typeError('ERR_POSTMETER_CALL', `onClose: ${show(callback)} is not a function`)
    this.#closing.add(callback)
    return () => this.#closing.delete(callback)
  }

  /** Whether any thread has closed it. @internal */
  get closed(): boolean {
    return this.#closed !== undefined || Atomics.load(this.#arena.i32, L.H_CLOSED) !== 0
  }

  /**
   * Ends its front and its pool, and frees the name for another registry. To record after it is an error in this
   * thread; other threads, which may still be ending, go on storing to memory that nobody tells. Can be awaited twice.
   * Lets go of all series that this thread holds at once: about a microsecond each.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    Atomics.store(this.#arena.i32, L.H_CLOSED, 1)
    this.#context.closed = plainError('ERR_POSTMETER_CLOSED', `registry "${this.name}" is closed`)
    this.#series.releaseAll()
    this.#care.close()
    this.#collectors.stop()
    withdraw(this.handle)
    forget(this)
    const ended = await Promise.allSettled([...this.#closing].map(async callback => callback()))
    // One that fails keeps neither the others nor the pool from ending.
    await (await this.#scraper?.catch(() => undefined))?.close()
    const failed = ended.find(end => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** What encodes for this thread, made when it is needed. */
  #scrapes(): Promise<Scraper> {
    this.#scraper ??= exposition().then(({ createGuestScraper }) =>
      createGuestScraper(this.handle, event => this.#notices.log(event)),
    )
    return this.#scraper
  }

  async #startSweeping(): Promise<void> {
    try {
      const scraper = await this.#scrapes()
      if (this.#closed === undefined) scraper.startSweeping(event => logEvent(this.#notices.log, event))
    } catch (error) {
      // Its files are gone, perhaps: the next turn tries again.
      this.#scraper = undefined
      this.#notices.cannotSweep(error)
    }
  }

  #checkOpen(): void {
    if (this.closed) {
      throw plainError('ERR_POSTMETER_CLOSED', `registry "${this.name}" is closed`)
    }
  }
}

/** Not before it is needed: a thread that only records does without. */
function exposition(): Promise<typeof import('../exposition/on-demand.js')> {
  return import('../exposition/on-demand.js')
}

/** Most expositions are ASCII, of which Node 20 makes a string ten times as fast as of UTF-8. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}
