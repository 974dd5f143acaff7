import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import type { Gauge } from './gauge.js'
import type { Labels } from './metric.js'

/**
 * Facts that do not change while the program runs, as labels of a series that is 1: its version, its build. OpenMetrics
 * has a type for them; text, JSON and protobuf tell a gauge. Any thread may register it and set it. (kumod's own client
 * reads only counters, gauges and histograms: of OpenMetrics it would give up on this.)
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

  /** What logs tell of it. */
  toJSON(): { name: string; type: string; labelNames: readonly L[] } {
    return { name: this.name, type: 'info', labelNames: this.labelNames }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('Info', this.toJSON(), options, inspect)
  }

  /**
   * What is exposed from now on, in the place of what was set before: a scrape has the one or the other, never none or
   * both. Where threads set it at once, the last one's holds.
   *
   * @throws TypeError naming the label that is missing, unknown or not a string, number or boolean.
   */
  set(labels: Labels<L>): void {
    // Looked up first: of bad labels nothing is to come.
    const child = this.#gauge.labels(labels)
    child.set(1)
    // At a limit what was told before stays: that is an older fact, and not none.
    if (child.at !== 0 && this.labelNames.length > 0) this.#gauge.makeCurrent(child)
  }

  /** Tells nothing any more. Without labels there is but one fact, which stays. */
  clear(): void {
    if (this.labelNames.length > 0) this.#gauge.makeCurrent()
  }

  /** Nothing: a fact has no zero. */
  reset(): void {}
}
