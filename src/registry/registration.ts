/**
 * Registration: checks the options of a metric, finds or makes its family, and keeps this thread's metrics by name. To
 * register the same metric again returns the same metric. A different type, label list, bounds, unit or aggregate under
 * the same name throws in the thread that asks.
 */
import {
  AGGREGATE_NAMES,
  conflict,
  type Family,
  type Identity,
  type Limits,
  longestSuffix,
  type Registering,
} from '../catalogue/families.js'
import {
  checkHelp,
  checkLabelName,
  checkLabelNames,
  checkMetricName,
  checkStates,
  checkUnit,
} from '../catalogue/names.js'
import { fitsSpan } from '../catalogue/pages.js'
import { reserveDrops } from '../catalogue/self-metrics.js'
import { expiry, wholeNumber } from '../common/checks.js'
import { badOption, knownOptions, outOfRange, plainError } from '../common/errors.js'
import { checkBuckets } from '../instruments/buckets.js'
import type { CollectedMetric, Collectors } from '../instruments/collectors.js'
import type { Context } from '../instruments/context.js'
import { Counter } from '../instruments/counter.js'
import { Gauge } from '../instruments/gauge.js'
import { Histogram } from '../instruments/histogram.js'
import { Info } from '../instruments/info.js'
import type {
  CounterOptions,
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
import { attachedProcesses } from '../memory/attached.js'
import * as L from '../memory/layout.js'
import { mostSeries, type SharedOptions } from './options.js'

const METRIC_OPTIONS = ['name', 'help', 'labelNames', 'unit', 'maxSeries', 'expireAfter']
const SUMMARY_OPTIONS = ['quantiles', 'maxAge', 'ageBuckets', 'significantDigits']

/** What the registry itself needs of a metric. */
interface AnyMetric {
  readonly identity: Identity
  readonly family: Family | undefined
  reset(): void
}

/** Identity of a metric that has one cell for all threads: the last set() counts. */
const LAST_SET = <K extends Identity['kind']>(kind: K) =>
  ({ kind, bounds: [], aggregate: 'last', expire: 'zero' }) as const

export class Registration {
  readonly #context: Context
  readonly #shared: SharedOptions
  readonly #defaults: readonly string[]
  readonly #collectors: Collectors
  readonly #checkOpen: () => void
  readonly #metrics = new Map<string, AnyMetric>()
  /** Whether the metrics that are registered now are the library's own. */
  #own = false

  /** `checkOpen` throws if the registry is closed. */
  constructor(context: Context, shared: SharedOptions, collectors: Collectors, checkOpen: () => void) {
    this.#context = context
    this.#shared = shared
    this.#defaults = Object.keys(shared.labels)
    this.#collectors = collectors
    this.#checkOpen = checkOpen
  }

  counter<const N extends string = never>(options: CounterOptions<N>): Counter<N> {
    knownOptions('counter', options, [...METRIC_OPTIONS, 'collect'])
    const { collect } = options
    checkCollect(collect)
    const make = (identity: Identity, family?: Family) => new Counter<N>(this.#context, identity, family)
    const own = { kind: 'counter', bounds: [], aggregate: 'sum', expire: 'zero' } as const
    const counter = this.#metric(own, options, make)
    if (collect !== undefined) {
      this.#collectors.add(counter as CollectedMetric, collect as unknown as Parameters<Collectors['add']>[1])
    }
    return counter
  }

  gauge<const N extends string = never>(options: GaugeOptions<N>): Gauge<N> {
    knownOptions('gauge', options, [...METRIC_OPTIONS, 'aggregate', 'expire', 'collect'])
    const { aggregate = 'sum', expire = 'zero', collect } = options
    if (!AGGREGATE_NAMES.includes(aggregate)) {
      throw badOption('aggregate', aggregate, `is none of ${AGGREGATE_NAMES.join(', ')}`)
    }
    if (expire !== 'zero' && expire !== 'untouched')
      throw badOption('expire', expire, 'is none of zero, untouched')
    checkCollect(collect)
    const make = (identity: Identity, family?: Family) => new Gauge<N>(this.#context, identity, family)
    const gauge = this.#metric({ kind: 'gauge', bounds: [], aggregate, expire }, options, make)
    if (collect !== undefined) {
      this.#collectors.add(gauge as CollectedMetric, collect as Parameters<Collectors['add']>[1])
    }
    return gauge
  }

  histogram<const N extends string = never>(options: HistogramOptions<N>): Histogram<N> {
    knownOptions('histogram', options, [...METRIC_OPTIONS, 'buckets', 'native'])
    const name = checkMetricName(options.name, this.#own)
    const native = checkNative(name, options.native)
    // A program that asks only for exponential buckets has no use for others.
    const classic = native === undefined || options.buckets !== undefined
    const bounds = classic ? checkBuckets(name, options.buckets) : []
    const make = (identity: Identity, family?: Family) => new Histogram<N>(this.#context, identity, family)
    return this.#metric(
      { kind: 'histogram', bounds, aggregate: 'sum', expire: 'zero', native },
      options,
      make,
    )
  }

  summary<const N extends string = never>(options: SummaryOptions<N>): Summary<N> {
    knownOptions('summary', options, [...METRIC_OPTIONS, ...SUMMARY_OPTIONS])
    const name = checkMetricName(options.name, this.#own)
    const bounds = checkQuantiles(name, options.quantiles)
    const window = checkWindow(name, options)
    const make = (identity: Identity, family?: Family) => new Summary<N>(this.#context, identity, family)
    return this.#metric({ kind: 'summary', bounds, aggregate: 'sum', expire: 'zero', window }, options, make)
  }

  info<const N extends string = never>(options: InfoOptions<N>): Info<N> {
    knownOptions('info', options, ['name', 'help', 'labelNames'])
    const name = checkMetricName(options.name, false)
    if (!/._info$/.test(name)) throw badOption('name', name, 'of an info does not end with "_info"')
    const make = (identity: Identity, family?: Family) =>
      new Info<N>(new Gauge<string>(this.#context, identity, family))
    return this.#metric(LAST_SET('info'), options, make, false)
  }

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

  /** Runs `make`, which registers metrics of the library's own, whose names are reserved. */
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
    // The library's own series never expire by default: the registry's default is for the program's series.
    const byDefault = this.#own ? 0 : this.#shared.expireAfter
    const limits = {
      maxSeries: wholeNumber('maxSeries', options.maxSeries, 0, 1, mostSeries(this.#shared.memory)),
      expireAfter: expires ? expiry(options.expireAfter, byDefault) : 0,
    }
    const unit = checkUnit(name, own.kind, options.unit)
    const asked: Identity = { name, ...own, labelNames, unit, self: this.#own }
    const known = this.#metrics.get(name)
    const { families } = this.#context
    const isHidden = (family: Family) => this.#context.guarded(() => !families.isShown(family), false)
    const hidden = known?.family !== undefined && isHidden(known.family)
    if (known !== undefined && !hidden) {
      checkSame(known.identity, asked)
      return known as unknown as M
    }
    const family = this.family(asked, help, limits)
    if (known !== undefined && known.family === family) return known as unknown as M
    const metric = make(family ?? asked, family)
    this.#metrics.set(name, metric)
    return metric
  }

  /**
   * The family of a metric; undefined where what it records is dropped: because memory is full, or because another
   * process, perhaps of an older release of the program, has the name for another metric. This one must start all the
   * same.
   */
  family(asked: Identity, help: string, limits: Limits, how?: Registering): Family | undefined {
    this.#checkOpen()
    this.#checkFits(asked, help)
    const { arena, families, conflicts } = this.#context
    const { name } = asked
    conflicts.delete(name)
    try {
      const prepare = (ref: number) => reserveDrops(arena, families, ref, name)
      const register = () => families.register(asked, help, limits, this.#context.now(), prepare, how)
      const family = this.#context.guarded(register, undefined)
      if (family === undefined) this.#context.refused(asked, L.DROP_MEMORY)
      else checkSame(family, asked)
      return family
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_POSTMETER_CONFLICT' || attachedProcesses(arena) < 2)
        throw error
      conflicts.add(name)
      this.#context.conflict(asked, error as Error)
      return undefined
    }
  }

  /**
   * Hides a metric, and frees its name in all threads; false if there is none of that name. Its series are removed, and
   * a metric without labels is set to zero.
   */
  unregister(name: string): boolean {
    this.#checkOpen()
    checkMetricName(name, false)
    const { families, series } = this.#context
    const metric = this.#metrics.get(name)
    this.#metrics.delete(name)
    if (metric !== undefined) this.#collectors.delete(metric as unknown as CollectedMetric)
    const family = this.#context.guarded(() => families.get(name), undefined)
    if (family === undefined) return metric !== undefined
    families.hide(family)
    if (family.kind === 'info') this.#context.guarded(() => series.makeCurrent(family), undefined)
    else if (family.labelNames.length === 0) this.#context.reset(family)
    else this.#context.clear(family)
    return true
  }

  /** A series is never divided over slots, so the bounds alone must leave room for it in a slot. */
  #checkFits(asked: Identity, help: string): void {
    const { arena } = this.#context
    const slot = arena.slotText
    if (fitsSpan(arena, asked, Buffer.byteLength(help), longestSuffix(asked), 0, 0)) return
    const why = `bounds of metric "${asked.name}" take more than ${slot} bytes in a scrape, all that option "memory" of createRegistry allows`
    throw outOfRange('buckets', asked.bounds.length, why)
  }

  /** This thread's metric of that name. */
  get(name: string): AnyMetric | undefined {
    return this.#metrics.get(name)
  }

  /** All metrics that this thread registered. */
  all(): Iterable<AnyMetric> {
    return this.#metrics.values()
  }
}

function checkCollect(collect: unknown): void {
  if (collect !== undefined && typeof collect !== 'function')
    throw badOption('collect', collect, 'is not a function')
}

function checkSame(family: Identity, asked: Identity): void {
  const why = conflict(family, asked)
  if (why !== undefined) throw plainError('ERR_POSTMETER_CONFLICT', why)
}
