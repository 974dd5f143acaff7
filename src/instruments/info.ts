import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import type { Gauge } from './gauge.js'
import type { Labels } from './metric.js'

/**
 * Facts that do not change while the program runs, such as its version or its build, as labels of a series that is 1.
 * OpenMetrics has a type for them; text, JSON and protobuf expose a gauge. Any thread may register it and set it.
 * (kumod's own client reads only counters, gauges and histograms: it would give up on an info in OpenMetrics.)
 */
export class Info<L extends string = never> {
  readonly #gauge: Gauge<string>

  /** @internal */
  constructor(gauge: Gauge<string>) {
    this.#gauge = gauge
  }

  get name(): string {
    return this.#gauge.name
  }

  get labelNames(): readonly L[] {
    return this.#gauge.labelNames as readonly L[]
  }

  /** @internal */
  get identity() {
    return this.#gauge.identity
  }

  /** @internal */
  get family() {
    return this.#gauge.family
  }

  /** What logs show of it. */
  toJSON(): { name: string; type: string; labelNames: readonly L[] } {
    return { name: this.name, type: 'info', labelNames: this.labelNames }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('Info', this.toJSON(), options, inspect)
  }

  /**
   * Sets the labels that are exposed from now on, in place of those set before. A scrape has either those before or
   * these, never none or both. If threads set it at once, the last call counts.
   *
   * @throws TypeError naming the label that is missing, unknown or not a string, number or boolean.
   */
  set(labels: Labels<L>): void {
    // Looked up first, so that wrong labels change nothing.
    const child = this.#gauge.labels(labels)
    child.set(1)
    // At a limit the labels set before stay exposed: an older fact is better than none.
    if (child.at !== 0 && this.labelNames.length > 0) this.#gauge.makeCurrent(child)
  }

  /** Exposes no labels any more. An info without labels stays as it is. */
  clear(): void {
    if (this.labelNames.length > 0) this.#gauge.makeCurrent()
  }

  /** Does nothing, because a fact has no zero. */
  reset(): void {}
}
