/**
 * A registry as a thread sees it: makes metrics, tells them, and looks after what threads leave behind.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads'
import { DROP_REASONS } from '../catalogue/drops.js'
import {
  AGGREGATE_NAMES,
  conflict,
  Families,
  type Family,
  type Identity,
  longestSuffix,
} from '../catalogue/families.js'
import { LabelWriter } from '../catalogue/labels.js'
import {
  checkHelp,
  checkLabelName,
  checkLabelNames,
  checkMetricName,
  checkStates,
  checkUnit,
  labelText,
} from '../catalogue/names.js'
import { fitsSpan } from '../catalogue/pages.js'
import { reserveDrops } from '../catalogue/self-metrics.js'
import { expiry, wholeNumber } from '../common/checks.js'
import { badOption, isNamed, knownOptions, outOfRange, show } from '../common/errors.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import { type Log, say } from '../common/log.js'
import { CONTENT_TYPES } from '../exposition/negotiation.js'
import { createGuestScraper } from '../exposition/scraper.js'
import {
  checkTell,
  type FormatOptions,
  type StreamOptions,
  type TellOptions,
  tell,
  whole,
} from '../exposition/tell.js'
import type { Scraper } from '../exposition/types.js'
import { foldPlace, places, resetPlace } from '../folds/fold.js'
import { type NativeValue, nativeValue } from '../folds/native-fold.js'
import { SummaryFold } from '../folds/summary-fold.js'
import { checkBuckets } from '../instruments/buckets.js'
import { type CollectedGauge, Collectors } from '../instruments/collectors.js'
import type { Context } from '../instruments/context.js'
import { Counter } from '../instruments/counter.js'
import { Gauge } from '../instruments/gauge.js'
import { Histogram } from '../instruments/histogram.js'
import { Info } from '../instruments/info.js'
import type { LabelValue } from '../instruments/metric.js'
import type {
  GaugeOptions,
  HistogramOptions,
  InfoOptions,
  MetricOptions,
  StatesetOptions,
  SummaryOptions,
} from '../instruments/metric-options.js'
import { checkNative } from '../instruments/native-histogram.js'
import { Stateset } from '../instruments/stateset.js'
import { checkQuantiles, checkWindow, Summary } from '../instruments/summary.js'
import { makeRoom } from '../lifecycle/room.js'
import { endSweepOf, hasSweepWork, isSweepDue } from '../lifecycle/sweep.js'
import { leaveAncestors } from '../memory/ancestors.js'
import type { Arena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'
import type { RegistryHandle } from '../memory/handle.js'
import * as L from '../memory/layout.js'
import { forgetLineage } from '../memory/lineage.js'
import { markWatched, orphanThread } from '../memory/shards.js'
import { freeSlots } from '../memory/slots.js'
import { SeriesTable } from '../series/series.js'
import { bequeath, forget, withdraw } from './environment.js'
import { mostSeries, type SharedOptions } from './options.js'
import { lookForEnds, onWorker, onWorkerEnd } from './workers.js'

export interface HistogramValue {
  count: number
  sum: number
  /** Upper bound and cumulative count, +Inf last. */
  buckets: [number, number][]
  /** Exponential buckets, of a native histogram. */
  native?: NativeValue
}

export interface SummaryValue {
  count: number
  sum: number
  /** Quantile and value, ascending; NaN where nothing was observed lately. */
  quantiles: [number, number][]
}

const METRIC_OPTIONS = ['name', 'help', 'labelNames', 'unit', 'maxSeries', 'expireAfter']
const SUMMARY_OPTIONS = ['quantiles', 'maxAge', 'ageBuckets', 'significantDigits']

/** What differs from thread to thread. */
interface Own {
  /** Threads that started this one, nearest last. */
  readonly ancestors: readonly number[]
  readonly collectEvery: number
  readonly log: Log
  /** Whether this thread made the registry, and so sweeps where no front does. */
  readonly maker: boolean
}

/** What the registry itself does with a metric. */
interface AnyMetric {
  readonly identity: Identity
  reset(): void
}

/** One cell for all threads: what was set last holds. */
const LAST_SET = <K extends Identity['kind']>(kind: K) =>
  ({ kind, bounds: [], aggregate: 'last', expire: 'zero' }) as const

/** How often a thread looks whether it should let go of series, ms at most. */
const CHORES_EVERY = 1_000
/** After so many sweeps that did not come, another thread sweeps. */
const SWEEPS_MISSED = 3

export class Registry {
  /** What another thread, started before this registry, needs for `getRegistry(handle)`. */
  readonly handle: RegistryHandle
  readonly #arena: Arena
  readonly #families: Families
  readonly #series: SeriesTable
  readonly #context: Context
  readonly #shared: SharedOptions
  readonly #summaries: SummaryFold
  readonly #defaults: readonly string[]
  #log: Log
  readonly #collectors: Collectors
  readonly #metrics = new Map<string, AnyMetric>()
  readonly #closing = new Set<() => Promise<void> | void>()
  readonly #said = new Set<string>()
  /** Whether what is registered now is the library's own. */
  #own = false
  readonly #unwatch: () => void
  /** Take back what is to be called when a Worker ends: a closed registry's memory is not to be kept for it. */
  readonly #offs = new Set<() => void>()
  /** Ids of the threads whose end this one will see. */
  readonly #watched = new Set<number>(isMainThread ? [threadId] : [])
  #scraper: Scraper | undefined
  readonly #chores: NodeJS.Timeout
  /** When a sweep was first seen to be due that nobody has begun. */
  #dueSince: number | undefined
  /** Whether an immediate will go on with it. */
  #lettingGo = false
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(handle: RegistryHandle, arena: Arena, own: Own) {
    this.handle = handle
    this.#arena = arena
    this.#log = own.log
    this.#families = new Families(arena)
    const now = Date.now
    const uptime = uptimeOf(arena)
    this.#series = new SeriesTable({
      arena,
      threadId,
      ancestors: own.ancestors,
      now,
      uptime,
    })
    this.#shared = JSON.parse(handle.options)
    this.#summaries = new SummaryFold(arena, uptime)
    this.#defaults = Object.keys(this.#shared.labels)
    this.#collectors = new Collectors(own.collectEvery, event => this.#log(event))
    this.#context = {
      arena,
      families: this.#families,
      series: this.#series,
      now,
      elapsed: () => performance.now() / 1000,
      uptime,
      refused: (family, reason) => this.#refused(family, reason),
      leftOut: (family, why) => this.#leftOut(family, why),
      reset: family => this.#reset(family),
      clear: family => {
        for (const place of places(arena, family)) this.#series.removePlace(family, place)
      },
    }
    bequeath(handle)
    leaveAncestors(own.ancestors)
    this.#unwatch = onWorker(worker => this.watch(worker))
    const every = Math.min(CHORES_EVERY, this.#shared.sweepEvery)
    this.#chores = setInterval(() => this.#doChores(own.maker), every).unref()
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
      this.#collectors.add(gauge as CollectedGauge, collect as Parameters<Collectors['add']>[1])
    }
    return gauge
  }

  /** Values counted into buckets; the one of that name if any thread made it before. @throws if that one differs. */
  histogram<const N extends string = never>(options: HistogramOptions<N>): Histogram<N> {
    knownOptions('histogram', options, [...METRIC_OPTIONS, 'buckets', 'native'])
    const name = checkMetricName(options.name, this.#own)
    const native = checkNative(name, options.native)
    // Whoever asks for exponential buckets alone has no use for others.
    const classic = native === undefined || options.buckets !== undefined
    const bounds = classic ? checkBuckets(name, options.buckets) : []
    const make = (identity: Identity, family?: Family) => new Histogram<N>(this.#context, identity, family)
    return this.#metric(
      { kind: 'histogram', bounds, aggregate: 'sum', expire: 'zero', native },
      options,
      make,
    )
  }

  /** Quantiles of what was observed lately; the one of that name if any thread made it before. @throws if that one differs. */
  summary<const N extends string = never>(options: SummaryOptions<N>): Summary<N> {
    knownOptions('summary', options, [...METRIC_OPTIONS, ...SUMMARY_OPTIONS])
    const name = checkMetricName(options.name, this.#own)
    const bounds = checkQuantiles(name, options.quantiles)
    const window = checkWindow(name, options)
    const make = (identity: Identity, family?: Family) => new Summary<N>(this.#context, identity, family)
    return this.#metric({ kind: 'summary', bounds, aggregate: 'sum', expire: 'zero', window }, options, make)
  }

  /**
   * Facts as labels of a series that is 1; its name ends with `_info`. The one of that name if any thread made it
   * before. @throws if that one differs.
   */
  info<const N extends string = never>(options: InfoOptions<N>): Info<N> {
    knownOptions('info', options, ['name', 'help', 'labelNames'])
    const name = checkMetricName(options.name, false)
    if (!/._info$/.test(name)) throw badOption('name', name, 'of an info does not end with "_info"')
    const make = (identity: Identity, family?: Family) =>
      new Info<N>(new Gauge<string>(this.#context, identity, family))
    return this.#metric(LAST_SET('info'), options, make, false)
  }

  /** Which of a few states something is in. The one of that name if any thread made it before. @throws if that one differs. */
  stateset<const S extends string, const N extends string = never>(
    options: StatesetOptions<S, N>,
  ): Stateset<S, N> {
    knownOptions('stateset', options, ['name', 'help', 'labelNames', 'states', 'maxSeries'])
    const { states: given, labelNames = [], ...rest } = options
    const name = checkMetricName(options.name, false)
    checkLabelName('name', name)
    const states = checkStates(name, given)
    const own = { ...LAST_SET('stateset'), states }
    const make = (identity: Identity, family?: Family) =>
      new Stateset<S, N>(new Gauge<string>(this.#context, identity, family), states as S[])
    if (!Array.isArray(labelNames))
      throw badOption('labelNames', labelNames, `of metric "${name}" is not a list`)
    return this.#metric(own, { ...rest, labelNames: [name, ...labelNames] }, make, false)
  }

  /** Runs `make`; what it registers are the library's own metrics, whose names are reserved. @internal */
  ownMetrics<T>(make: () => T): T {
    this.#own = true
    try {
      return make()
    } finally {
      this.#own = false
    }
  }

  #metric<M extends AnyMetric>(
    own: Pick<Identity, 'kind' | 'bounds' | 'aggregate' | 'expire' | 'states' | 'native' | 'window'>,
    options: MetricOptions<string>,
    make: (identity: Identity, family?: Family) => M,
    expires = true,
  ): M {
    this.#checkOpen()
    const name = checkMetricName(options.name, this.#own)
    const help = checkHelp(name, options.help)
    const labelNames = checkLabelNames(name, own.kind, options.labelNames, this.#defaults)
    // The library's own stay: the registry's default is for the program's series.
    const byDefault = this.#own ? 0 : this.#shared.expireAfter
    const limits = {
      maxSeries: wholeNumber('maxSeries', options.maxSeries, 0, 1, mostSeries(this.#shared.memory)),
      expireAfter: expires ? expiry(options.expireAfter, byDefault) : 0,
    }
    const unit = checkUnit(name, own.kind, options.unit)
    const asked: Identity = { name, ...own, labelNames, unit, self: this.#own }
    const known = this.#metrics.get(name)
    if (known !== undefined) {
      checkSame(known.identity, asked)
      return known as unknown as M
    }
    this.#checkFits(asked, help)
    const family = this.#families.register(asked, help, limits, this.#context.now(), ref =>
      reserveDrops(this.#arena, this.#families, ref, name),
    )
    if (family === undefined) this.#refused(asked, L.DROP_MEMORY)
    else checkSame(family, asked)
    const metric = make(family ?? asked, family)
    this.#metrics.set(name, metric)
    return metric
  }

  /** A series is never divided over slots, so the bounds alone must leave room in one. */
  #checkFits(asked: Identity, help: string): void {
    const slot = this.#arena.i32[L.H_SLOT_TEXT]
    if (fitsSpan(this.#arena, asked, Buffer.byteLength(help), longestSuffix(asked), 0, 0)) return
    const why = `bounds of metric "${asked.name}" take more than ${slot} bytes in a scrape, all that option "memory" of createRegistry allows`
    throw outOfRange('buckets', asked.bounds.length, why)
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
    return options.format === 'protobuf' ? new Uint8Array(all) : all.toString('utf8')
  }

  /** What metrics() gives unless it is asked for another format, as an HTTP header says it. */
  get contentType(): string {
    return CONTENT_TYPES.text
  }

  /**
   * What `/metrics.json` tells, parsed at once: that holds up the calling thread for about a microsecond a series. Runs
   * `collect` callbacks as metrics() does.
   */
  async json(options: TellOptions = {}): Promise<Record<string, unknown>> {
    knownOptions('json', options, ['prefix', 'selfMetrics'])
    return JSON.parse((await whole(this.stream({ ...options, format: 'json' }))).toString('utf8'))
  }

  /**
   * The exposition in parts of at most 4 MiB, encoded by the pool as they are taken. Parts are copies on
   * memory that is not shared, which is what a Response and other consumers take. Runs `collect` callbacks first, as
   * metrics() does.
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = checkTell(options)
    this.#checkOpen()
    await this.#collectors.run()
    // They may take their time.
    this.#checkOpen()
    this.#scraper ??= createGuestScraper(this.handle)
    yield* tell(this.#scraper, asked)
  }

  /**
   * The value of one series, folded over all threads; undefined where there is none of exactly these labels (default
   * labels may be left out). For tests and for looking.
   */
  value(
    name: string,
    labels: Readonly<Record<string, LabelValue>> = {},
  ): number | HistogramValue | SummaryValue | undefined {
    const family = this.#families.get(name)
    if (family === undefined) return undefined
    const { native } = family
    const read = this.#read(family, labels, place => {
      const cells = foldPlace(this.#arena, family, place)
      if (family.kind === 'summary') return { cells, quantiles: this.#summaries.of(family, place) }
      if (native === undefined) return { cells }
      const special = [...cells.subarray(family.bounds.length + 2)]
      return { cells, native: nativeValue(this.#arena, family, native, place, special) }
    })
    if (read === undefined) return undefined
    const { cells } = read
    if (read.quantiles !== undefined) {
      const quantiles = read.quantiles.map((value, n): [number, number] => [family.bounds[n], value])
      return { count: cells[0], sum: cells[1], quantiles }
    }
    if (family.kind !== 'histogram') return cells[0] + 0
    const buckets: [number, number][] = []
    let count = 0
    ;[...family.bounds, Number.POSITIVE_INFINITY].forEach((bound, n) => {
      count += cells[n]
      buckets.push([bound, count])
    })
    // Plus zero: -0 is 0, as in every format.
    const value = { count, sum: cells[family.bounds.length + 1] + 0, buckets }
    return read.native === undefined ? value : { ...value, native: read.native }
  }

  /** What `read` makes of a series' place; undefined where there is none. */
  #read<T>(
    family: Family,
    labels: Readonly<Record<string, LabelValue>>,
    read: (place: number) => T,
  ): T | undefined {
    for (;;) {
      const epoch = Atomics.load(this.#arena.i32, L.H_EPOCH)
      const place = this.#place(family, labels)
      const value = place === 0 ? undefined : read(place)
      // What could be found is used again for another series in a later epoch at the earliest.
      if (Atomics.load(this.#arena.i32, L.H_EPOCH) === epoch) return value
    }
  }

  #place(family: Family, labels: Readonly<Record<string, LabelValue>>): number {
    if (!this.#hasOnly(family, labels)) return 0
    if (family.labelNames.length === 0) return places(this.#arena, family).next().value ?? 0
    if (!family.labelNames.every(name => Object.hasOwn(labels, name))) return 0
    const values = family.labelNames.map(name => labelText(family.name, name, labels[name]))
    const writer = new LabelWriter(
      this.#arena.hashKey,
      family.labelNames,
      family.ref,
      this.#arena.i32[L.H_MAX_LABEL_BYTES],
    )
    if (!writer.write(values.map(value => value.toWellFormed()))) return 0
    return this.#series.find(family, writer)
  }

  /** Whether a series of the family can have these labels: its own, and default ones of the value that they have. */
  #hasOnly(family: Family, labels: Readonly<Record<string, LabelValue>>): boolean {
    if (!isNamed(labels)) {
      throw new TypeError(`metric "${family.name}": labels ${show(labels)} are no object`)
    }
    return Object.entries(labels).every(([name, value]) => {
      if (family.labelNames.includes(name)) return true
      return Object.hasOwn(this.#shared.labels, name) && this.#shared.labels[name] === String(value)
    })
  }

  /** Has what is noticed in this thread from now on told to `log`; a Worker's own hook, as createRegistry's is the maker's. */
  setLog(log: Log): void {
    if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
    this.#log = log
  }

  /** Sets all series of all metrics to zero. As reset() on each: about a microsecond a series, all at once. */
  resetMetrics(): void {
    for (const metric of this.#metrics.values()) metric.reset()
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
    return this.#metrics.get(name) as Counter<string> | undefined
  }

  /**
   * Looks after a Worker that was started before this registry was made: when it ends, what it counted goes on being
   * told, and its place among the threads is free for another. Workers started later need no call.
   */
  watch(worker: Worker): void {
    if (typeof worker?.threadId !== 'number' || typeof worker.once !== 'function') {
      throw new TypeError(`watch: ${show(worker)} is not a Worker`)
    }
    // At 'exit' the id reads -1.
    const id = worker.threadId
    if (id < 0) return
    this.#watched.add(id)
    const off = onWorkerEnd(worker, () => {
      this.#offs.delete(off)
      this.#watched.delete(id)
      orphanThread(this.#arena, id)
      freeSlots(this.#arena, id)
      endSweepOf(this.#arena, id)
      forgetLineage(this.#arena, id)
      makeRoom(this.#arena)
    })
    this.#offs.add(off)
  }

  /**
   * Calls back when this registry is closed in this thread; returns a function that takes the callback back. What it
   * throws, close() rejects with when all has ended.
   */
  onClose(callback: () => Promise<void> | void): () => void {
    if (typeof callback !== 'function') throw new TypeError(`onClose: ${show(callback)} is not a function`)
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
    this.#context.closed = new Error(`registry "${this.name}" is closed`)
    this.#series.releaseAll()
    this.#unwatch()
    for (const off of this.#offs) off()
    this.#collectors.stop()
    clearInterval(this.#chores)
    withdraw(this.handle)
    forget(this)
    const ended = await Promise.allSettled([...this.#closing].map(async callback => callback()))
    // One that fails keeps neither the others nor the pool from ending.
    await this.#scraper?.close()
    const failed = ended.find(end => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Lets go of what others asked for, in bounded batches: between them the thread does its own work. */
  #letGo(): void {
    this.#lettingGo = this.#series.answerRequests()
    if (this.#lettingGo) setImmediate(() => this.#letGo()).unref()
  }

  #doChores(maker: boolean): void {
    if (!this.#lettingGo) this.#letGo()
    lookForEnds()
    markWatched(this.#arena, this.#watched)
    if (!hasSweepWork(this.#arena) || !(maker || this.#isSweepOverdue())) return
    this.#scraper ??= createGuestScraper(this.handle)
    this.#scraper.startSweeping(event => say(this.#log, event))
  }

  /**
   * Whether no sweep has begun for so long that who should sweep cannot: the thread that made the registry has ended, or
   * is blocked. Then any other that has the registry does. Counted from when this thread first saw one due.
   */
  #isSweepOverdue(): boolean {
    const { sweepEvery } = this.#shared
    const now = this.#context.uptime()
    if (!isSweepDue(this.#arena, now, sweepEvery)) this.#dueSince = undefined
    else this.#dueSince ??= now
    return this.#dueSince !== undefined && now - this.#dueSince > SWEEPS_MISSED * sweepEvery
  }

  #checkOpen(): void {
    if (this.closed) {
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

  /** Says once for each family that an exemplar was left out. */
  #leftOut({ name }: Identity, why: string): void {
    const key = `${name} exemplar`
    if (this.#said.has(key)) return
    this.#said.add(key)
    const message = `metric "${name}": an exemplar is left out of what was counted: ${why}`
    say(this.#log, { level: 'warn', code: 'exemplar-left-out', message })
  }

  #reset(family: Family): void {
    // Inside an epoch no place is used again for another series.
    let kept = 0
    const shard = this.#series.shard()
    const uptime = this.#context.uptime()
    this.#series.inEpoch(() => {
      for (const place of places(this.#arena, family, true)) {
        if (!resetPlace(this.#arena, family, place, shard, uptime)) kept++
      }
    })
    if (kept === 0) return
    say(this.#log, {
      level: 'warn',
      code: 'reset-memory',
      message: `metric "${family.name}": reset(): ${kept} series keep their counts: memory is full (option "memory" of createRegistry)`,
    })
  }
}

function checkSame(family: Identity, asked: Identity): void {
  const why = conflict(family, asked)
  if (why !== undefined) throw new Error(why)
}
