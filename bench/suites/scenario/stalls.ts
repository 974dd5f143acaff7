import type { Histogram } from 'hdr-histogram-js'
import { newHistogram } from '../../harness/statistics.js'

/** How late a thread's timers were, ms. */
export interface Stalls {
  readonly longest: number
  readonly p99: number
}

/** The schedule of the timers that would have been due, ms. */
const EVERY = 5

/**
 * Watches the event loop of this thread with a timer each few ms. Those that a stall left out count with the lateness
 * that they would have had, so that a stall of a second weighs as much as a second does.
 */
export class StallWatch {
  readonly #histogram: Histogram = newHistogram()
  #due = 0
  #timer: NodeJS.Timeout | undefined

  begin(): void {
    this.#due = performance.now() + EVERY
    this.#timer = setTimeout(() => this.#turn(), EVERY)
  }

  end(): Stalls {
    clearTimeout(this.#timer)
    const at = (percentile: number) => this.#histogram.getValueAtPercentile(percentile) / 1000
    return { longest: at(100), p99: at(99) }
  }

  #turn(): void {
    const now = performance.now()
    // A timer is at most 1 ms early.
    do {
      this.#histogram.recordValue(Math.max(1, Math.round((now - this.#due) * 1000)))
      this.#due += EVERY
    } while (this.#due <= now)
    this.#timer = setTimeout(() => this.#turn(), Math.max(1, this.#due - now))
  }
}
