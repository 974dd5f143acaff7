/**
 * A registry as a thread sees it: makes metrics, tells them, and looks after what threads leave behind.
 */
import { isMainThread, setEnvironmentData, threadId, type Worker } from 'node:worker_threads'
import { DROP_REASONS } from './catalogue/drops.js'
import {
  AGGREGATE_NAMES,
  conflict,
  Families,
  type Family,
  type Identity,
  longestSuffix,
} from './catalogue/families.js'
import { foldPlace, places, resetPlace } from './catalogue/fold.js'
import { LabelWriter } from './catalogue/labels.js'
import { checkHelp, checkLabelNames, checkMetricName } from './catalogue/names.js'
import { seriesBytes } from './catalogue/pages.js'
import { reserveDrops } from './catalogue/self-metrics.js'
import { SeriesTable } from './catalogue/series.js'
import { type CollectedGauge, Collectors } from './collectors.js'
import { createScraper } from './encode/scraper.js'
import type { Scraper } from './encode/types.js'
import { ANCESTORS_KEY, environmentKey, forget } from './environment.js'
import { badOption, knownOptions, outOfRange } from './errors.js'
import { checkBuckets } from './instruments/buckets.js'
import type { Context } from './instruments/context.js'
import { Counter } from './instruments/counter.js'
import { Gauge } from './instruments/gauge.js'
import { Histogram } from './instruments/histogram.js'
import type { LabelValue } from './instruments/metric.js'
import { type Log, say } from './log.js'
import type { Arena } from './memory/arena.js'
import type { RegistryHandle } from './memory/handle.js'
import * as L from './memory/layout.js'
import { markWatched, orphanThread } from './memory/shards.js'
import { freeSlots } from './memory/slots.js'
import type { GaugeOptions, HistogramOptions, MetricOptions } from './metric-options.js'
import { duration, mostSeries, type SharedOptions, wholeNumber } from './options.js'
import { endSweep, hasSweepWork } from './pool/sweep.js'
import { checkTell, type StreamOptions, type TellOptions, tell, whole } from './tell.js'

export interface HistogramValue {
  count: number
  sum: number
  /** Upper bound and cumulative count, +Inf last. */
  buckets: [number, number][]
}

const METRIC_OPTIONS = ['name', 'help', 'labelNames', 'maxSeries', 'expireAfter']

/** What differs from thread to thread. */
interface Own {
  /** Threads that started this one, nearest last. */
  readonly ancestors: readonly number[]
  readonly collectEvery: number
  readonly log: Log
  /** Whether this thread made the registry, and so sweeps where no front does. */
  readonly maker: boolean
}

/** How often a thread looks whether it should let go of series, ms at most. */
const CHORES_EVERY = 1_000

export class Registry {
  /** What another thread, started before this registry, needs for `getRegistry(handle)`. */
  readonly handle: RegistryHandle
  readonly #arena: Arena
  readonly #families: Families
  readonly #series: SeriesTable
  readonly #context: Context
  readonly #shared: SharedOptions
  readonly #defaults: readonly string[]
  #log: Log
  readonly #collectors: Collectors
  readonly #metrics = new Map<string, Counter<string> | Gauge<string> | Histogram<string>>()
  readonly #closing = new Set<() => Promise<void> | void>()
  readonly #said = new Set<string>()
  readonly #onWorker = (worker: Worker) => this.watch(worker)
  /** Ids of the threads whose end this one will see. */
  readonly #watched = new Set<number>(isMainThread ? [threadId] : [])
  #scraper: Scraper | undefined
  readonly #chores: NodeJS.Timeout
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(handle: RegistryHandle, arena: Arena, own: Own) {
    this.handle = handle
    this.#arena = arena
    this.#log = own.log
    this.#families = new Families(arena)
    const now = Date.now
    this.#series = new SeriesTable({
      arena,
      threadId,
      ancestors: own.ancestors,
      now,
    })
    this.#shared = JSON.parse(handle.options)
    this.#defaults = Object.keys(this.#shared.labels)
    this.#collectors = new Collectors(own.collectEvery, event => this.#log(event))
    this.#context = {
      arena,
      families: this.#families,
      series: this.#series,
      now,
      elapsed: () => performance.now() / 1000,
      refused: (family, reason) => this.#refused(family, reason),
      reset: family => this.#reset(family),
      clear: family => {
        for (const place of places(arena, family)) this.#series.removePlace(family, place)
      },
    }
    setEnvironmentData(environmentKey(handle.name), handle)
    setEnvironmentData(ANCESTORS_KEY, [...own.ancestors, threadId])
    process.on('worker', this.#onWorker)
    const every = Math.min(CHORES_EVERY, this.#shared.sweepEvery)
    this.#chores = setInterval(() => this.#doChores(own.maker), every).unref()
  }

  get name(): string {
    return this.handle.name
  }

  /** A count that only rises; the one of that name if any thread made it before. @throws if that one differs. */
  counter<const N extends string = never>(options: MetricOptions<N>): Counter<N> {
    knownOptions('counter', options, METRIC_OPTIONS)
    const make = (identity: Identity, family?: Family) => new Counter<N>(this.#context, identity, family)
    return this.#metric({ kind: 'counter', bounds: [], aggregate: 'sum', expire: 'zero' }, options, make)
  }

  /** A value that goes up and down; the one of that name if any thread made it before. @throws if that one differs. */
  gauge<const N extends string = never>(options: GaugeOptions<N>): Gauge<N> {
    knownOptions('gauge', options, [...METRIC_OPTIONS, 'aggregate', 'expire', 'collect'])
    const { aggregate = 'sum', expire = 'zero', collect } = options
    if (!AGGREGATE_NAMES.includes(aggregate)) {
      throw badOption('aggregate', aggregate, `is none of ${AGGREGATE_NAMES.join(', ')}`)
    }
    if (expire !== 'zero' && expire !== 'untouched')
      throw badOption('expire', expire, 'is none of zero, untouched')
    if (collect !== undefined && typeof collect !== 'function') {
      throw badOption('collect', collect, 'is not a function')
    }
    const make = (identity: Identity, family?: Family) => new Gauge<N>(this.#context, identity, family)
    const gauge = this.#metric({ kind: 'gauge', bounds: [], aggregate, expire }, options, make)
    if (collect !== undefined) {
      this.#collectors.add(gauge as CollectedGauge, collect as (gauge: CollectedGauge) => void)
    }
    return gauge
  }

  /** Values counted into buckets; the one of that name if any thread made it before. @throws if that one differs. */
  histogram<const N extends string = never>(options: HistogramOptions<N>): Histogram<N> {
    knownOptions('histogram', options, [...METRIC_OPTIONS, 'buckets'])
    const bounds = checkBuckets(String(options.name), options.buckets)
    const make = (identity: Identity, family?: Family) => new Histogram<N>(this.#context, identity, family)
    return this.#metric({ kind: 'histogram', bounds, aggregate: 'sum', expire: 'zero' }, options, make)
  }

  #metric<N extends string, M extends Counter<N> | Gauge<N> | Histogram<N>>(
    own: Pick<Identity, 'kind' | 'bounds' | 'aggregate' | 'expire'>,
    options: MetricOptions<N>,
    make: (identity: Identity, family?: Family) => M,
  ): M {
    this.#checkOpen()
    const name = checkMetricName(options.name, false)
    const help = checkHelp(name, options.help)
    const labelNames = checkLabelNames(name, own.kind, options.labelNames, this.#defaults)
    const limits = {
      maxSeries: wholeNumber('maxSeries', options.maxSeries, 0, 1, mostSeries(this.#shared.memory)),
      expireAfter: duration('expireAfter', options.expireAfter, this.#shared.expireAfter),
    }
    const asked: Identity = { name, ...own, labelNames, self: false }
    const known = this.#metrics.get(name)
    if (known !== undefined) {
      checkSame(known.identity, asked)
      return known as unknown as M
    }
    this.#checkFits(asked)
    const family = this.#families.register(asked, help, limits, this.#context.now())
    if (family === undefined) this.#refused(asked, L.DROP_MEMORY)
    else {
      checkSame(family, asked)
      reserveDrops(this.#arena, this.#families, family)
    }
    const metric = make(family ?? asked, family)
    this.#metrics.set(name, metric as unknown as Counter<string>)
    return metric
  }

  /** A series is never divided over slots, so the bounds alone must leave room in one. */
  #checkFits(asked: Identity): void {
    const slot = this.#arena.i32[L.H_SLOT_TEXT]
    if (seriesBytes(this.#arena, asked, longestSuffix(asked), 0, 0) <= slot) return
    const why = `bounds of metric "${asked.name}" take more than ${slot} bytes in a scrape, all that option "memory" of createRegistry allows`
    throw outOfRange('buckets', asked.bounds.length, why)
  }

  /**
   * The whole exposition in text format 0.0.4. Runs this thread's `collect` callbacks first. For large registries
   * use `stream`, which needs no memory for the whole.
   */
  async metrics(options: TellOptions = {}): Promise<string> {
    return (await whole(this.stream({ ...options, format: 'text' }))).toString('utf8')
  }

  /** What `/metrics.json` tells, parsed. */
  async json(options: TellOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse((await whole(this.stream({ ...options, format: 'json' }))).toString('utf8'))
  }

  /**
   * The exposition in parts of at most 4 MiB, encoded by the pool as they are taken. Parts are copies on
   * memory that is not shared, which is what a Response and other consumers take.
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = checkTell(options)
    this.#checkOpen()
    await this.#collectors.run()
    this.#scraper ??= createScraper(this.handle)
    yield* tell(this.#scraper, asked)
  }

  /** The value of one series, folded over all threads; undefined where there is none. For tests and for looking. */
  value(
    name: string,
    labels: Readonly<Record<string, LabelValue>> = {},
  ): number | HistogramValue | undefined {
    const family = this.#families.get(name)
    if (family === undefined) return undefined
    const cells = this.#cells(family, labels)
    if (cells === undefined) return undefined
    if (family.kind !== 'histogram') return cells[0]
    const buckets: [number, number][] = []
    let count = 0
    ;[...family.bounds, Number.POSITIVE_INFINITY].forEach((bound, n) => {
      count += cells[n]
      buckets.push([bound, count])
    })
    return { count, sum: cells[family.bounds.length + 1], buckets }
  }

  #cells(family: Family, labels: Readonly<Record<string, LabelValue>>): Float64Array | undefined {
    for (;;) {
      const epoch = Atomics.load(this.#arena.i32, L.H_EPOCH)
      const place = this.#place(family, labels)
      const cells = place === 0 ? undefined : foldPlace(this.#arena, family, place)
      // What could be found is used again for another series in a later epoch at the earliest.
      if (Atomics.load(this.#arena.i32, L.H_EPOCH) === epoch) return cells
    }
  }

  #place(family: Family, labels: Readonly<Record<string, LabelValue>>): number {
    if (family.labelNames.length === 0) return places(this.#arena, family).next().value ?? 0
    const values = family.labelNames.map(name => (Object.hasOwn(labels, name) ? labels[name] : undefined))
    if (values.includes(undefined)) return 0
    const writer = new LabelWriter(family.labelNames, family.ref, this.#arena.i32[L.H_MAX_LABEL_BYTES])
    if (!writer.write(values.map(value => String(value).toWellFormed()))) return 0
    return this.#series.find(family, writer)
  }

  /** Has what is noticed in this thread from now on told to `log`; a Worker's own hook, as createRegistry's is the maker's. */
  setLog(log: Log): void {
    if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
    this.#log = log
  }

  /** Sets all series of all metrics to zero. As reset() on each. */
  resetMetrics(): void {
    for (const metric of this.#metrics.values()) metric.reset()
  }

  /** The metric of that name that this thread registered. */
  getSingleMetric(name: string): Counter<string> | Gauge<string> | Histogram<string> | undefined {
    return this.#metrics.get(name)
  }

  /**
   * Looks after a Worker that was started before this registry was made: when it ends, what it counted goes on being
   * told, and its place among the threads is free for another. Workers started later need no call.
   */
  watch(worker: Worker): void {
    // At 'exit' the id reads -1.
    const id = worker.threadId
    if (id < 0) return
    this.#watched.add(id)
    worker.once('exit', () => {
      this.#watched.delete(id)
      orphanThread(this.#arena, id)
      freeSlots(this.#arena, id)
      endSweep(this.#arena, id)
      Atomics.add(this.#arena.i32, L.H_ROOM, 1)
    })
  }

  /** Calls back when this registry is closed in this thread; returns a function that takes the callback back. */
  onClose(callback: () => Promise<void> | void): () => void {
    this.#closing.add(callback)
    return () => this.#closing.delete(callback)
  }

  /**
   * Ends its front and its pool, and frees the name for another registry. To record after it is an error in this
   * thread; other threads, which may still be ending, go on storing to memory that nobody tells. Can be awaited twice.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    Atomics.store(this.#arena.i32, L.H_CLOSED, 1)
    this.#context.closed = new Error(`registry "${this.name}" is closed`)
    this.#series.releaseAll()
    process.off('worker', this.#onWorker)
    this.#collectors.stop()
    clearInterval(this.#chores)
    setEnvironmentData(environmentKey(this.name), undefined as never)
    forget(this)
    await Promise.all([...this.#closing].map(callback => callback()))
    await this.#scraper?.close()
  }

  #doChores(maker: boolean): void {
    // Bounded batches: between them the thread does its own work.
    if (this.#series.answerRequests()) setImmediate(() => this.#doChores(maker)).unref()
    markWatched(this.#arena, this.#watched)
    if (!maker || !hasSweepWork(this.#arena)) return
    this.#scraper ??= createScraper(this.handle)
    this.#scraper.startSweeping()
  }

  #checkOpen(): void {
    if (this.#closed !== undefined || Atomics.load(this.#arena.i32, L.H_CLOSED) !== 0) {
      throw new Error(`registry "${this.name}" is closed`)
    }
  }

  /** Says once for each family and reason that updates are dropped. */
  #refused(family: Identity, reason: number): void {
    const key = `${family.name} ${reason}`
    if (this.#said.has(key)) return
    this.#said.add(key)
    const why = {
      memory: 'memory is full (option "memory" of createRegistry)',
      series: 'there are as many series as allowed (option "maxSeries")',
      label: 'a label value is too long (option "maxLabelLength" of createRegistry)',
      threads: 'more threads record than allowed (option "maxThreads" of createRegistry)',
    }[DROP_REASONS[reason]]
    const message = `metric "${family.name}": updates are dropped and counted: ${why}`
    say(this.#log, {
      level: 'warn',
      code: `dropped-${DROP_REASONS[reason]}`,
      message,
    })
  }

  #reset(family: Family): void {
    // Inside an epoch no place is used again for another series.
    this.#series.inEpoch(() => {
      for (const place of places(this.#arena, family, true)) resetPlace(this.#arena, family, place)
    })
  }
}

function checkSame(family: Identity, asked: Identity): void {
  const why = conflict(family, asked)
  if (why !== undefined) throw new Error(why)
}
