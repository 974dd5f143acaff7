/** Metrics that have the same labels in a thread: those of the thread itself, or those of its process. */
import type { Aggregate } from '../catalogue/families.js'
import type { Counter } from '../instruments/counter.js'
import type { Gauge, GaugeChild } from '../instruments/gauge.js'
import type { Histogram } from '../instruments/histogram.js'
import type { Registry } from '../registry/registry.js'
import { unowned } from '../series/unowned.js'
import type { Definition } from './readers/types.js'

type Labels = Readonly<Record<string, string>>

export class Group {
  readonly #registry: Registry
  readonly #prefix: string
  /** This thread's. */
  readonly labels: Labels
  readonly #names: readonly string[]
  readonly #gauges: Gauge<string>[] = []
  readonly #counts: (Counter<string> | Histogram<string>)[] = []
  /** Label texts in which no living thread had a share when it was looked last. */
  #suspects = new Set<string>()

  constructor(registry: Registry, prefix: string, labels: Labels) {
    this.#registry = registry
    this.#prefix = prefix
    this.labels = labels
    this.#names = Object.keys(labels)
  }

  /** Labels of its own stand behind those that all have: what a label text begins with says whose it is. */
  gauge(
    definition: Definition,
    aggregate: Aggregate,
    labelNames: readonly string[] = [],
    collect?: (this: Gauge<string>) => void,
  ): Gauge<string> {
    const gauge = this.#registry.gauge<string>({ ...this.#named(definition, labelNames), aggregate, collect })
    this.#gauges.push(gauge)
    return gauge
  }

  counter(definition: Definition): Counter<string> {
    const counter = this.#registry.counter<string>(this.#named(definition))
    this.#counts.push(counter)
    return counter
  }

  histogram(
    definition: Definition,
    buckets: readonly number[],
    labelNames: readonly string[],
  ): Histogram<string> {
    const histogram = this.#registry.histogram<string>({ ...this.#named(definition, labelNames), buckets })
    this.#counts.push(histogram)
    return histogram
  }

  /** This thread's child of a gauge without labels of its own. */
  child(definition: Definition, aggregate: Aggregate): GaugeChild {
    return this.gauge(definition, aggregate).labels(this.labels)
  }

  /**
   * Raises what all threads have counted to a total. Another thread may have told of the same process before, or does so
   * now: what it has counted is not counted again.
   */
  raise(counter: Counter<string>, total: number): void {
    const read = () => (this.#registry.value(counter.name, this.labels) as number | undefined) ?? 0
    // What is damaged says so, and stays as it is.
    const known = counter.context.guarded(read, total)
    if (total > known) counter.inc(this.labels, total - known)
  }

  #named({ name, help }: Definition, labelNames: readonly string[] = []) {
    return { name: this.#prefix + name, help, labelNames: [...this.#names, ...labelNames] }
  }

  /**
   * Removes the series of threads, or processes, that have ended, where labels tell them apart. `marker` is a gauge in
   * which each that lives has a share. One that is making its series looks as if it had ended, so it takes two calls.
   */
  removeEnded(marker: Gauge<string>): void {
    const { arena, series, removeWhere } = marker.context
    if (this.#names.length === 0 || marker.family === undefined) return
    const found = unowned(arena, series, marker.family)
    const ended = found.filter(text => this.#suspects.has(text))
    this.#suspects = new Set(found)
    if (ended.length === 0) return
    const isOfEnded = (text: string) => ended.some(whose => text === whose || text.startsWith(`${whose},`))
    for (const { family } of [...this.#gauges, ...this.#counts]) {
      if (family !== undefined) removeWhere(family, isOfEnded)
    }
  }

  /**
   * Takes out what this thread's gauges tell, `but` for one: series without labels, which cannot be removed, are set to
   * zero. If threads share them, the others tell theirs again. What was counted stays, unless `counts` go, too.
   */
  takeOut(but: Gauge<string> | undefined, counts: boolean): void {
    const labelled = this.#names.length > 0
    for (const gauge of this.#gauges) {
      if (gauge === but) continue
      if (labelled) gauge.remove(this.labels)
      else if (gauge.labelNames.length > 0) gauge.clear()
      else gauge.reset()
    }
    if (labelled && counts) for (const metric of this.#counts) metric.remove(this.labels)
  }
}
