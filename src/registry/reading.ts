/** The value of one series, folded over all threads. It is meant for tests and for a look at one series. */
import type { Families, Family } from '../catalogue/families.js'
import { LabelWriter } from '../catalogue/labels.js'
import { labelText, textOf } from '../catalogue/names.js'
import { pageOf, placeIndex } from '../catalogue/pages.js'
import { DROPS, dropPlace, SelfMetrics } from '../catalogue/self-metrics.js'
import { isNamed, show, typeError } from '../common/errors.js'
import { type NativeValue, nativeValue } from '../folds/native-fold.js'
import { SummaryFold } from '../folds/summary-fold.js'
import type { LabelValue } from '../instruments/metric.js'
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import type { SeriesTable } from '../series/series.js'
import { places } from '../series/walk.js'

export interface HistogramValue {
  count: number
  sum: number
  /** Upper bound and cumulative count, +Inf last. */
  buckets: [number, number][]
  /** The exponential buckets of a native histogram. */
  native?: NativeValue
}

export interface SummaryValue {
  count: number
  sum: number
  /** Quantile and value, ascending; the value is NaN if nothing was observed lately. */
  quantiles: [number, number][]
}

type GivenLabels = Readonly<Record<string, LabelValue>>

export class SeriesReader {
  readonly #arena: Arena
  readonly #families: Families
  readonly #series: SeriesTable
  readonly #kernel: () => Kernel
  readonly #defaults: Readonly<Record<string, string>>
  readonly #summaries: SummaryFold
  readonly #selfMetrics: SelfMetrics

  /** `kernel` loads the kernel at its first call; `uptime` returns ms since the registry was made. */
  constructor(
    arena: Arena,
    families: Families,
    series: SeriesTable,
    kernel: () => Kernel,
    defaults: Readonly<Record<string, string>>,
    uptime: () => number,
  ) {
    this.#arena = arena
    this.#families = families
    this.#series = series
    this.#kernel = kernel
    this.#defaults = defaults
    this.#summaries = new SummaryFold(arena, uptime)
    this.#selfMetrics = new SelfMetrics(arena, families, uptime)
  }

  /** The value of a series; undefined if there is no series of exactly these labels. Default labels may be left out. */
  value(name: string, labels: GivenLabels): number | HistogramValue | SummaryValue | undefined {
    const family = this.#families.get(name)
    if (family === undefined) return undefined
    // Otherwise scrapes alone bring them up to date, and a closed registry has no more of these.
    if (family.self) this.#selfMetrics.refresh()
    const { native } = family
    const read = this.#read(family, labels, place => {
      const cells = this.#cells(family, place)
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
    // Zero is added so that -0 becomes 0, as in every format.
    const value = { count, sum: cells[family.bounds.length + 1] + 0, buckets }
    return read.native === undefined ? value : { ...value, native: read.native }
  }

  /** The cells of a series, folded over all shards. */
  #cells(family: Family, place: number): Float64Array {
    const kernel = this.#kernel()
    const page = pageOf(this.#arena, place)
    const index = placeIndex(this.#arena, place)
    const cells = new Float64Array(family.cells)
    for (let n = 0; n < cells.length; n++) cells[n] = kernel.foldCell(family.ref, page, index, n)
    return cells
  }

  /** What `read` returns for the place of a series; undefined if there is none. */
  #read<T>(family: Family, labels: GivenLabels, read: (place: number) => T): T | undefined {
    for (;;) {
      const epoch = Atomics.load(this.#arena.i32, L.H_EPOCH)
      const place = this.#place(family, labels)
      const value = place === 0 ? undefined : read(place)
      // A place that was found is used again for another series in a later epoch at the earliest. So if the epoch is
      // unchanged, the value is that of this series.
      if (Atomics.load(this.#arena.i32, L.H_EPOCH) === epoch) return value
    }
  }

  #place(family: Family, labels: GivenLabels): number {
    if (!this.#hasOnly(family, labels)) return 0
    if (family.labelNames.length === 0) return places(this.#arena, family).next().value ?? 0
    if (!family.labelNames.every(name => Object.hasOwn(labels, name))) return 0
    const values = family.labelNames.map(name => labelText(family.name, name, labels[name]))
    if (family.name === DROPS) return dropPlace(this.#arena, this.#families, values[0], values[1])
    const writer = new LabelWriter(
      this.#arena.hashKey,
      family.labelNames,
      family.ref,
      this.#arena.maxLabelBytes,
    )
    if (!writer.write(values.map(value => value.toWellFormed()))) return 0
    return this.#series.find(family, writer)
  }

  /** Whether a series of the family can have these labels: its own, and default labels with their values. */
  #hasOnly(family: Family, labels: GivenLabels): boolean {
    if (!isNamed(labels)) {
      throw typeError('ERR_POSTMETER_LABEL', `metric "${family.name}": labels ${show(labels)} are no object`)
    }
    return Object.entries(labels).every(([name, value]) => {
      if (family.labelNames.includes(name)) return true
      return Object.hasOwn(this.#defaults, name) && this.#defaults[name] === textOf(value)?.toWellFormed()
    })
  }
}
