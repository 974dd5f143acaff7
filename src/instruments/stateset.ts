import { isNamed, show, typeError } from '../common/errors.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import type { Gauge, GaugeChild } from './gauge.js'
import type { Labels } from './metric.js'

/** The states of one label set. Call from the thread that looked it up. */
export class StatesetChild<S extends string> {
  readonly #name: string
  readonly #children: ReadonlyMap<string, GaugeChild>

  /** @internal */
  constructor(name: string, children: ReadonlyMap<string, GaugeChild>) {
    this.#name = name
    this.#children = children
  }

  /** What logs show of it. */
  toJSON(): { name: string; type: string; states: readonly S[]; labels: Record<string, string> } {
    const [first] = this.#children.values()
    // The state is a label, too, which has the family's name.
    const { [this.#name]: _state, ...labels } = first.toJSON().labels
    return { name: this.#name, type: 'stateset', states: [...this.#children.keys()] as S[], labels }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('StatesetChild', this.toJSON(), options, inspect)
  }

  /**
   * Sets whether it is in a state. The other states stay as they are. @throws TypeError for a state that it does not
   * have.
   */
  set(state: S, on = true): void {
    const child = this.#childOf(state)
    if (child === undefined) return
    if (typeof on === 'boolean') child.set(on ? 1 : 0)
    else this.#refuse(() => `${show(on)} is not a boolean`)
  }

  /** Sets this state, and clears all others. A scrape at that moment can see both, or neither. */
  become(state: S): void {
    const own = this.#childOf(state)
    if (own === undefined) return
    own.set(1)
    for (const child of this.#children.values()) if (child !== own) child.set(0)
  }

  /** Undefined for a state that it does not have, where that is not thrown for. */
  #childOf(state: S): GaugeChild | undefined {
    const child = this.#children.get(wellFormed(state))
    if (child === undefined)
      this.#refuse(() => `state ${show(state)} is none of ${[...this.#children.keys()].map(show).join(', ')}`)
    return child
  }

  #refuse(why: () => string): void {
    const [{ metric }] = this.#children.values()
    metric.refuseUpdate(() => typeError('ERR_POSTMETER_VALUE', `metric "${this.#name}": ${why()}`))
  }
}

/**
 * A state as it was registered and is exposed: lone surrogates are replaced. A value that is no string is left as it
 * is, and the look-up refuses it.
 */
function wellFormed<S extends string>(state: S): string {
  return typeof state === 'string' ? state.toWellFormed() : state
}

/**
 * Which of a few named states something is in. Each state has a series, of value 1 or 0, with a label of the family's
 * own name. OpenMetrics has a type for it; text, JSON and protobuf expose a gauge. Any thread may set it; the last call
 * counts. (kumod's own client reads only counters, gauges and histograms: it would give up on a stateset in
 * OpenMetrics.)
 */
export class Stateset<S extends string, L extends string = never> {
  readonly states: readonly S[]
  readonly #gauge: Gauge<string>
  #only: StatesetChild<S> | undefined

  /** @internal */
  constructor(gauge: Gauge<string>, states: readonly S[]) {
    this.states = states
    this.#gauge = gauge
    if (this.labelNames.length === 0) this.#only = this.#child([])
  }

  get name(): string {
    return this.#gauge.name
  }

  get labelNames(): readonly L[] {
    return this.#gauge.labelNames.slice(1) as L[]
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
  toJSON(): { name: string; type: string; states: readonly S[]; labelNames: readonly L[] } {
    return { name: this.name, type: 'stateset', states: this.states, labelNames: this.labelNames }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected('Stateset', this.toJSON(), options, inspect)
  }

  /**
   * The states of a label set. All of them exist, at 0, from this call on. @throws TypeError as labels() of a counter
   * does.
   */
  labels(labels: Labels<L>): StatesetChild<S> {
    return this.#child(this.#values(labels))
  }

  /** Undefined for what has no labels, where that is not thrown for. */
  #values(labels: unknown): unknown[] | undefined {
    if (!isNamed(labels)) {
      this.#gauge.context.badValue(this.identity, () =>
        typeError('ERR_POSTMETER_LABEL', `metric "${this.name}": ${show(labels)} is no object of labels`),
      )
      return undefined
    }
    for (const name of Object.keys(labels)) {
      if (!this.labelNames.includes(name as L)) {
        throw typeError('ERR_POSTMETER_LABEL', `metric "${this.name}": label ${show(name)} is not known`)
      }
    }
    return this.labelNames.map(name => (Object.hasOwn(labels, name) ? labels[name] : undefined))
  }

  /** The gauge's label values for a state; where there are none, what it has to refuse. */
  #labelsOf(state: S, values: readonly unknown[] | undefined): string[] {
    return (
      values === undefined ? this.#gauge.labelNames.map(() => undefined) : [state, ...values]
    ) as string[]
  }

  #child(values: readonly unknown[] | undefined): StatesetChild<S> {
    const children = this.states.map(state => {
      return [state, this.#gauge.labels(...this.#labelsOf(state, values))] as const
    })
    return new StatesetChild(this.name, new Map<string, GaugeChild>(children))
  }

  /** As StatesetChild.set, for the states without labels, or for those of the given labels. */
  set(state: S, on?: boolean): void
  set(labels: Labels<L>, state: S, on?: boolean): void
  set(first: S | Labels<L>, second?: S | boolean, third?: boolean): void {
    if (typeof first === 'object' && first !== null) this.labels(first).set(second as S, third)
    else this.#own.set(first as S, second as boolean | undefined)
  }

  /** As StatesetChild.become. */
  become(state: S): void
  become(labels: Labels<L>, state: S): void
  become(first: S | Labels<L>, second?: S): void {
    if (typeof first === 'object' && first !== null) this.labels(first).become(second as S)
    else this.#own.become(first as S)
  }

  get #own(): StatesetChild<S> {
    // Where there are labels, all of them are missing.
    return this.#only ?? this.#child(this.labelNames.map(() => undefined))
  }

  /**
   * Hides the states of a label set from scrapes. Returns whether they existed.
   *
   * @throws TypeError for a stateset without labels, whose states always exist; else as labels() does.
   */
  remove(labels: Labels<L>): boolean {
    if (this.labelNames.length === 0) {
      throw typeError(
        'ERR_POSTMETER_CALL',
        `metric "${this.name}": remove(): states without labels cannot be removed`,
      )
    }
    const values = this.#values(labels)
    const gone = this.states.map(state => this.#gauge.remove(...this.#labelsOf(state, values)))
    return gone.includes(true)
  }

  /** Hides all states from scrapes, in one call: a few microseconds a series. States without labels stay. */
  clear(): void {
    if (this.labelNames.length > 0) this.#gauge.clear()
  }

  /** Clears all states of all label sets, in one call: about a microsecond a series. */
  reset(): void {
    this.#gauge.reset()
  }
}
