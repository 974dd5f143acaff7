import type { Buckets } from './buckets.js'
import { attachExemplar, checkExemplar, type Exemplar } from './exemplar.js'
import { Child, type Metric, refuseValue } from './metric.js'
import { startTimer } from './timer.js'

/**
 * One thread's handle on one histogram series. Call from the thread that looked it up.
 *
 * Its cells: one for each bucket, +Inf last, then the sum. The count is the sum of the buckets, so the two never
 * disagree in a scrape.
 */
export class HistogramChild extends Child {
  /** @internal */
  declare readonly buckets: Buckets

  /** @internal */
  constructor(metric: Metric<string, Child>, key: string | readonly string[], buckets: Buckets) {
    super(metric, key)
    this.buckets = buckets
  }

  /**
   * Counts a value in its bucket and adds it to the sum. It costs about four times as much as a counter.
   *
   * @param value finite, in the unit of the bounds.
   * @param exemplar labels of this event, kept for its bucket until the next one is given; exposed in OpenMetrics and
   * protobuf. About a microsecond. Null means none. The value is counted whatever the exemplar holds, as for a counter.
   * @throws RangeError or TypeError naming the value, or an exemplar that is no object of labels; nothing is counted
   * then. With option `onBadValue: 'drop'` the update is dropped instead.
   */
  observe(value: number, exemplar?: Exemplar | null): void {
    const at = this.at
    if (!(typeof value === 'number' && value - value === 0)) {
      refuse(this, value)
      return
    }
    if (exemplar !== undefined) {
      observeWith(this, value, exemplar)
      return
    }
    if (at === 0) {
      observeSlowly(this, value)
      return
    }
    const { buckets, cells } = this
    cells[at + buckets.find(value)] += 1
    cells[at + buckets.cells] += value
  }

  /** Starts a timer. Returns a function that observes the seconds since then, and returns them. */
  startTimer(): () => number {
    return startTimer(this.metric.context.elapsed, seconds => this.observe(seconds))
  }
}

function refuse(child: Child, value: unknown): void {
  refuseValue(child, 'observe', value, 'a histogram takes finite numbers')
}

/** Observes, and keeps an exemplar on the value's classic bucket. */
export function observeWith(child: HistogramChild, value: number, exemplar: Exemplar | null): void {
  if (exemplar !== null && !checkExemplar(child, exemplar)) return
  child.observe(value)
  if (exemplar === null) return
  const bucket = Number.isNaN(value) ? child.buckets.bounds.length : child.buckets.find(value)
  attachExemplar(child, bucket, value, exemplar)
}

function observeSlowly(child: HistogramChild, value: number): void {
  if (child.metric.revive(child)) child.observe(value)
}
