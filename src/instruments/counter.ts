import { badValue, Child, type Labels, Metric } from './metric.js'

/** One thread's handle on one counter series. Call from the thread that looked it up. */
export class CounterChild extends Child {
  /**
   * Adds to the count: a load, a compare and a store.
   *
   * @param value not negative, finite; 1 if left out. Sums are exact up to 2^53.
   * @throws RangeError or TypeError naming the value.
   */
  inc(value = 1): void {
    const at = this.at
    if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY)) refuse(this, value)
    if (at === 0) incSlowly(this, value)
    else this.cells[at] += value
  }
}

function refuse(child: Child, value: unknown): never {
  throw badValue(child.metric.name, 'inc', value, 'a counter takes finite numbers from 0 up')
}

function incSlowly(child: CounterChild, value: number): void {
  if (child.metric.revive(child)) child.inc(value)
}

/** A count that only rises. Any thread may register it and record in it. */
export class Counter<L extends string = never> extends Metric<L, CounterChild> {
  /** @internal */
  protected makeChild(key: string | readonly string[]): CounterChild {
    return new CounterChild(this as unknown as Metric<string, Child>, key)
  }

  /**
   * Adds to the series without labels, or to that of the labels given (a look-up each time: hold the child where it
   * is hot).
   *
   * @throws as labels() and CounterChild.inc() do.
   */
  inc(value?: number): void
  inc(labels: Labels<L>, value?: number): void
  inc(first?: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).inc(value)
    } else this.only.inc(first)
  }
}
