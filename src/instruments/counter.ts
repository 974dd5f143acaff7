import { attachExemplar, checkExemplar, type Exemplar } from './exemplar.js'
import { Child, type Labels, Metric, refuseValue } from './metric.js'

/** One thread's handle on one counter series. Call from the thread that looked it up. */
export class CounterChild extends Child {
  /**
   * Adds to the count. It costs a load, a compare and a store.
   *
   * @param value not negative, finite; 1 if left out. Sums are exact up to 2^53.
   * @param exemplar labels of this event, kept until the next one is given; exposed in OpenMetrics (if the counter's
   * name ends with `_total`) and protobuf. About a microsecond. Null means none. The update is counted whatever the
   * exemplar holds: one that is too long, or that lacks a value, is left out, which is logged once for each metric.
   * @throws RangeError or TypeError naming the value, or an exemplar that is no object of labels; nothing is counted
   * then. With option `onBadValue: 'drop'` the update is dropped instead.
   */
  inc(value = 1, exemplar?: Exemplar | null): void {
    const at = this.at
    if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY)) {
      refuse(this, value)
      return
    }
    if (exemplar !== undefined) incWith(this, value, exemplar)
    else if (at === 0) incSlowly(this, value)
    else this.cells[at] += value
  }
}

function refuse(child: Child, value: unknown): void {
  refuseValue(child, 'inc', value, 'a counter takes finite numbers from 0 up')
}

function incWith(child: CounterChild, value: number, exemplar: Exemplar | null): void {
  if (exemplar !== null && !checkExemplar(child, exemplar)) return
  child.inc(value)
  if (exemplar !== null) attachExemplar(child, 0, value, exemplar)
}

function incSlowly(child: CounterChild, value: number): void {
  if (child.metric.revive(child)) child.inc(value)
}

/** A count that only rises. Any thread may register it and record in it. */
export class Counter<L extends string = never> extends Metric<L, CounterChild> {
  /** What set() was given last, by label values. */
  #totals: Map<string, number> | undefined

  /** @internal */
  protected makeChild(key: string | readonly string[]): CounterChild {
    return new CounterChild(this as unknown as Metric<string, Child>, key)
  }

  /**
   * Adds to the series without labels, or to that of the given labels. With labels, each call looks the series up: keep
   * the child where the code is hot.
   *
   * @throws as labels() and CounterChild.inc() do.
   */
  inc(value?: number, exemplar?: Exemplar | null): void
  inc(labels: Labels<L>, value?: number, exemplar?: Exemplar | null): void
  inc(first?: number | Labels<L>, second?: number | Exemplar | null, third?: Exemplar | null): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).inc(second as number, third)
    } else this.only.inc(first, second as Exemplar)
  }

  /**
   * Takes over a total that something else has counted for this thread, of the series without labels or of that of the
   * given ones: it adds what the total has risen by since the last call. A total that is less than the last one has begun
   * anew, and is added whole. For `collect`; about a microsecond.
   *
   * @param total finite, not negative.
   * @throws as labels() and CounterChild.inc() do.
   */
  set(total: number): void
  set(labels: Labels<L>, total: number): void
  set(first: number | Labels<L>, second?: number): void {
    const labelled = typeof first === 'object' && first !== null
    const total = labelled ? second : first
    const child = labelled ? this.fromObject(first as Record<string, unknown>) : this.only
    if (!(typeof total === 'number' && total >= 0 && total < Number.POSITIVE_INFINITY)) {
      refuseValue(child, 'set', total, 'a counter takes finite totals from 0 up')
      return
    }
    this.#totals ??= new Map()
    const key = typeof child.key === 'string' ? child.key : JSON.stringify(child.key)
    const last = this.#totals.get(key) ?? 0
    // Exact, where this thread has counted nothing else.
    if (child.at !== 0 && total >= last && child.cells[child.at] === last) child.cells[child.at] = total
    else child.inc(total >= last ? total - last : total)
    // What was dropped is to be added yet.
    if (child.at !== 0) this.#totals.set(key, total)
  }
}
