import type { Aggregate } from '../catalogue/families.js'
import { typeError } from '../common/errors.js'
import { isUnset } from '../memory/shares.js'
import { Child, type Labels, Metric, refuseValue } from './metric.js'
import { startTimer } from './timer.js'

/**
 * One thread's handle on one gauge series. Call from the thread that looked it up. The gauge's `aggregate` decides how
 * the values of the threads combine.
 */
export class GaugeChild extends Child {
  /** Index of the cell to which set() stores; 0 until it is known that no dead thread left a share in the cell. @internal */
  setAt = 0
  /** The page of its cell, set when it attaches. 0 for aggregate `last`. @internal */
  page = 0

  /**
   * Sets this thread's value. Any number is accepted, NaN and infinities, too. In a `sum` gauge the shares of threads
   * that have died stay beside it. @throws TypeError if it is no number.
   */
  set(value: number): void {
    const at = this.setAt
    if (typeof value !== 'number') {
      refuseValue(this, 'set', value, 'a gauge takes numbers')
      return
    }
    if (at === 0) setSlowly(this, value)
    else this.cells[at] = value
  }

  /** Adds to this thread's value; 1 if left out. @throws RangeError or TypeError if it is no finite number. */
  inc(value = 1): void {
    const at = this.at
    if (!(typeof value === 'number' && value - value === 0)) {
      refuseValue(this, 'inc', value, 'a gauge moves by finite numbers')
      return
    }
    if (at === 0) addSlowly(this, value)
    else this.cells[at] += value
  }

  /** Subtracts from this thread's value; 1 if left out. @throws RangeError or TypeError if it is no finite number. */
  dec(value = 1): void {
    const at = this.at
    if (!(typeof value === 'number' && value - value === 0)) {
      refuseValue(this, 'dec', value, 'a gauge moves by finite numbers')
      return
    }
    if (at === 0) addSlowly(this, -value)
    else this.cells[at] -= value
  }

  /** @internal */
  override letGo(): void {
    this.setAt = 0
    super.letGo()
  }

  /** Sets the value to the time, in seconds since the epoch. */
  setToCurrentTime(): void {
    this.set(this.metric.context.now() / 1000)
  }

  /** Starts a timer. Returns a function that sets the value to the seconds since then, and returns them. */
  startTimer(): () => number {
    return startTimer(this.metric.context.elapsed, seconds => this.set(seconds))
  }
}

/** As GaugeChild, for `min` and `max`: a cell that was never set holds a NaN that is not folded. */
export class ExtremeGaugeChild extends GaugeChild {
  override inc(value = 1): void {
    this.#begin(value)
    super.inc(value)
  }

  override dec(value = 1): void {
    this.#begin(value)
    super.dec(value)
  }

  /**
   * The first inc() or dec() begins at 0. A call that will be refused must not count as the first, and a NaN that was
   * set stays.
   */
  #begin(value: unknown): void {
    const { at, cells } = this
    if (at === 0 || !Number.isFinite(value) || !isUnset(this.metric.context.arena, at)) return
    cells[at] = 0
  }
}

/** As GaugeChild, but each call that is not refused is counted as a touch, which keeps the series from expiring. */
function touching<C extends new (...args: never[]) => GaugeChild>(Base: C) {
  const Plain = Base as unknown as new (
    metric: Metric<string, Child>,
    key: string | readonly string[],
  ) => GaugeChild
  return class extends Plain {
    touch = 0

    override set(value: number): void {
      super.set(value)
      if (this.at !== 0 && typeof value === 'number') this.cells[this.touch] += 1
    }

    override inc(value = 1): void {
      super.inc(value)
      if (this.at !== 0 && Number.isFinite(value)) this.cells[this.touch] += 1
    }

    override dec(value = 1): void {
      super.dec(value)
      if (this.at !== 0 && Number.isFinite(value)) this.cells[this.touch] += 1
    }
  }
}

/** As GaugeChild, with one cell for all threads: it can be set, but an addition would lose what other threads add. */
export class LastGaugeChild extends GaugeChild {
  override inc(): void {
    refuseLast(this, 'inc')
  }

  override dec(): void {
    refuseLast(this, 'dec')
  }
}

function refuseLast(child: Child, call: string): never {
  throw typeError(
    'ERR_POSTMETER_CALL',
    `metric "${child.metric.name}": ${call}() on a gauge with aggregate "last", which can only be set`,
  )
}

/** The first set() after it attached, and each set() of a cell that has a dead thread's share in it. */
function setSlowly(child: GaugeChild, value: number): void {
  if (child.at === 0 && !child.metric.revive(child)) return
  const { at, metric } = child
  const { family, context } = metric
  const shared = family !== undefined && family.aggregate === 'sum'
  const share = () => (shared ? context.series.setShare(family, child.page, at, value) : 0)
  const inherited = context.guarded(share, 0)
  if (inherited === 0) child.setAt = at
  child.cells[at] = inherited + value
}

function addSlowly(child: GaugeChild, value: number): void {
  if (child.metric.revive(child)) child.inc(value)
}

const TouchedGaugeChild = touching(GaugeChild)
const TouchedExtremeGaugeChild = touching(ExtremeGaugeChild)
const TouchedLastGaugeChild = touching(LastGaugeChild)

function gaugeClass(aggregate: Aggregate, touched: boolean): typeof GaugeChild {
  if (aggregate === 'last') return touched ? TouchedLastGaugeChild : LastGaugeChild
  if (aggregate === 'min' || aggregate === 'max')
    return touched ? TouchedExtremeGaugeChild : ExtremeGaugeChild
  return touched ? TouchedGaugeChild : GaugeChild
}

/** A value that goes up and down. Any thread may register it and record in it. */
export class Gauge<L extends string = never> extends Metric<L, GaugeChild> {
  /** How the values of the threads combine. */
  get aggregate(): Aggregate {
    return this.identity.aggregate
  }

  /** @internal */
  protected makeChild(key: string | readonly string[]): GaugeChild {
    const metric = this as unknown as Metric<string, Child>
    return new (gaugeClass(this.aggregate, this.identity.expire === 'untouched'))(metric, key)
  }

  /** Sets this thread's value of the series without labels, or of the series of the given labels. */
  set(value: number): void
  set(labels: Labels<L>, value: number): void
  set(first: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).set(value as number)
    } else this.only.set(first)
  }

  inc(value?: number): void
  inc(labels: Labels<L>, value?: number): void
  inc(first?: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).inc(value)
    } else this.only.inc(first)
  }

  dec(value?: number): void
  dec(labels: Labels<L>, value?: number): void
  dec(first?: number | Labels<L>, value?: number): void {
    if (typeof first === 'object' && first !== null) {
      this.fromObject(first as Record<string, unknown>).dec(value)
    } else this.only.dec(first)
  }

  /** Sets the value to the time, in seconds since the epoch. */
  setToCurrentTime(labels?: Labels<L>): void {
    const child = labels === undefined ? this.only : this.labels(labels)
    child.setToCurrentTime()
  }

  /**
   * Starts a timer. Returns a function that sets the value to the seconds since then, and returns them. Labels can be
   * given at either end.
   */
  startTimer(labels?: Partial<Labels<L>>): (more?: Partial<Labels<L>>) => number {
    return this.timed(labels, (child, seconds) => child.set(seconds))
  }
}
