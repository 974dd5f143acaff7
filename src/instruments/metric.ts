/**
 * What counters, gauges, histograms and summaries have in common: finding the child of a label set.
 *
 * A child is one thread's handle on one series. Its `at` is the word in shared memory to which this thread, and no
 * other, stores. 0 means that it has none; `at` is compared with 0 before each store. Children never leave their
 * thread.
 */
import { countDrop } from '../catalogue/drops.js'
import type { Family, Identity } from '../catalogue/families.js'
import { LabelWriter } from '../catalogue/labels.js'
import { badLabelValue, readLabelValues, textOf } from '../catalogue/names.js'
import { isNamed, isPlain, rangeError, show, typeError } from '../common/errors.js'
import { capitalized, INSPECT, type Inspect, inspected } from '../common/inspect.js'
import { roomNumber } from '../lifecycle/room.js'
import type { Arena } from '../memory/arena.js'
import { DROP_CLOSED, DROP_CONFLICT, DROP_LABEL, DROP_MEMORY, DROP_VALUE } from '../memory/layout.js'
import { StringMap, TupleMap } from '../series/label-index.js'
import { type Holder, refusal, refusalReason } from '../series/series.js'
import type { Context } from './context.js'

export type LabelValue = string | number | boolean
/**
 * A value for each label name, no more and no fewer. If there are no label names, only `{}`; as a type, `{}` would
 * accept anything.
 */
export type Labels<L extends string> = [L] extends [never]
  ? { readonly [name: string]: never }
  : { readonly [K in L]: LabelValue }

/** The calling thread's handle on one series. It has few fields, because a thread can hold millions. */
export abstract class Child {
  // Declared without a value: V8 checks a field on each read if it is undefined before the constructor sets it.
  /** All of the registry's shared memory. `at` is an index into it. @internal */
  declare readonly cells: Float64Array
  /** @internal */
  at = 0
  /** @internal */
  declare readonly metric: Metric<string, Child>
  /** The label value; a list if there are several labels. The child of values that cannot be recorded has none. @internal */
  declare readonly key: string | readonly string[]
  /** @internal */
  twin: Holder | undefined = undefined
  /**
   * If it was refused: the reason, and above it the room number (H_ROOM) at that time. It is not tried again before
   * that number changes.
   * @internal
   */
  refused = 0
  /** Int32 index of its references to exemplars; 0 if it has given none. See memory/exemplars.ts. @internal */
  exemplars = 0

  /** @internal */
  constructor(metric: Metric<string, Child>, key: string | readonly string[]) {
    this.metric = metric
    this.key = key
    this.cells = metric.context.arena.f64
  }

  /** What logs show of it. What it has counted is in shared memory, and is not shown. */
  toJSON(): { name: string; type: string; labels: Record<string, string> } {
    const { metric, key } = this
    const values = typeof key === 'string' ? [key] : key
    const labels = metric.labelNames.map((name, n): [string, string] => [name, values[n]])
    return { name: metric.name, type: metric.identity.kind, labels: Object.fromEntries(labels) }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected(`${capitalized(this.metric.identity.kind)}Child`, this.toJSON(), options, inspect)
  }

  /** @internal */
  letGo(): void {
    this.refused = 0
    this.exemplars = 0
    this.metric.forget(this)
  }
}

/** Bits of the reason in Child.refused. */
const REASON_BITS = 3
const REASON_MASK = 7
/** In Child.refused, for good: its label values cannot be recorded. */
const UNFIT = -1

/** The room number as it is in Child.refused, above the reason. It is cut so that it stays a small integer. */
function room(arena: Arena): number {
  return (roomNumber(arena) & 0x07ff_ffff) << REASON_BITS
}

export abstract class Metric<L extends string, C extends Child> {
  readonly name: string
  readonly labelNames: readonly L[]
  /** @internal */
  readonly context: Context
  /** Undefined if memory was full at registration, or another process has the name: then all is dropped. @internal */
  readonly family: Family | undefined
  /** @internal */
  readonly identity: Identity
  readonly #writer: LabelWriter
  readonly #name0: string
  readonly #byValue: StringMap<C>
  readonly #byValues: TupleMap<C> | undefined
  #only: C | undefined
  #unfit: C | undefined

  /** @internal */
  constructor(context: Context, identity: Identity, family: Family | undefined) {
    this.name = identity.name
    this.labelNames = identity.labelNames as readonly L[]
    this.context = context
    this.family = family
    this.identity = identity
    this.#name0 = identity.labelNames[0]
    const { hashKey } = context.arena
    this.#byValue = new StringMap(hashKey)
    if (identity.labelNames.length > 1) this.#byValues = new TupleMap(hashKey, identity.labelNames.length)
    this.#writer = new LabelWriter(
      hashKey,
      identity.labelNames,
      family?.ref ?? 0,
      context.arena.maxLabelBytes,
    )
  }

  /**
   * This thread's child of a label set. Keep it where the code is hot. The series exists, at 0, from this call on. At a
   * limit the child drops and counts what is recorded, until there is room; after close(), for good. The first use of a
   * label set in a thread takes two or three microseconds, and some tens if there are expired series to let go of; later
   * ones, a look-up.
   *
   * @throws TypeError naming the label that is missing, unknown or not a string, number or boolean. With option
   * `onBadValue: 'drop'` a value that is missing or none of these does not throw: the child drops and counts.
   */
  labels(labels: Labels<L>): C
  labels(...values: LabelValue[]): C
  labels(first?: unknown): C {
    if (typeof first === 'object' && first !== null) return this.fromObject(first as Record<string, unknown>)
    // A rest parameter would allocate a list at each call.
    // biome-ignore lint/complexity/noArguments: see above
    const given = arguments.length
    if (given === 1 && typeof first === 'string' && this.labelNames.length === 1) {
      return this.#byValue.get(first) ?? this.#unknown(first)
    }
    // biome-ignore lint/complexity/noArguments: see above
    return this.#fromValues(this.#positional([...arguments]))
  }

  /** @internal */
  protected fromObject(labels: Record<string, unknown>): C {
    if (this.labelNames.length === 1) {
      const value = labels[this.#name0]
      if (typeof value === 'string') {
        const child = this.#byValue.get(value)
        if (keyCount(labels) === 1) return child ?? this.#unknown(value)
      }
    } else if (this.#byValues !== undefined) {
      const child = this.#byValues.getFrom(labels, this.labelNames)
      if (child !== undefined && keyCount(labels) === this.labelNames.length) return child
    }
    return this.#fromValues(this.#checked(labels))
  }

  /** The only child of a metric without labels. @internal */
  protected get only(): C {
    const only = this.#only
    return only !== undefined ? only : this.#makeOnly()
  }

  #makeOnly(): C {
    if (this.labelNames.length !== 0) {
      this.context.badValue(this.identity, () => badLabelValue(this.name, this.#name0, undefined))
      return this.#dropping()
    }
    this.#only = this.makeChild('')
    return this.#only
  }

  /**
   * Sets all series to zero, in all threads. Counters, histograms and summaries lose nothing that other threads add
   * meanwhile. In a gauge, another thread's share may come back if that thread adds to it at this very moment. Blocks
   * the calling thread for about a microsecond a series.
   */
  reset(): void {
    if (this.family !== undefined && !this.context.closed) this.context.reset(this.family)
  }

  /** What logs show of it. */
  toJSON(): { name: string; type: string; labelNames: readonly L[] } {
    return { name: this.name, type: this.identity.kind, labelNames: this.labelNames }
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected(capitalized(this.identity.kind), this.toJSON(), options, inspect)
  }

  /** @internal */
  protected abstract makeChild(key: string | readonly string[]): C

  /**
   * Starts a timer whose labels can be given at either end. `record` gets the child and the seconds. @internal
   */
  protected timed(
    labels: Partial<Labels<L>> | undefined,
    record: (child: C, seconds: number) => void,
  ): (more?: Partial<Labels<L>>) => number {
    const { elapsed } = this.context
    // Checked now, and not when the timer ends, which may be far away in the code.
    const early = this.#someLabels(labels)
    const begin = elapsed()
    return more => {
      const seconds = elapsed() - begin
      // Checked before they are joined: a callback is given what it may be, a buffer of megabytes for one.
      const late = this.#someLabels(more)
      const bad = early === undefined || late === undefined
      record(bad ? this.#dropping() : this.fromObject({ ...early, ...late }), seconds)
      return seconds
    }
  }

  /** Some of the labels, or none; undefined if it is no object of labels, and that is not thrown for. */
  #someLabels(labels: unknown = {}): object | undefined {
    if (labels === null) return {}
    if (!isNamed(labels)) {
      this.context.badValue(this.identity, () => this.#noLabels(labels))
      return undefined
    }
    this.#checkNames(labels)
    return labels
  }

  /** @throws TypeError naming a label that the metric does not have. */
  #checkNames(labels: object): void {
    for (const key of Object.keys(labels)) {
      if (!this.labelNames.includes(key as L)) {
        throw typeError(
          'ERR_POSTMETER_LABEL',
          `metric "${this.name}": label ${show(key)} is not known; there are ${this.labelNames.map(show).join(', ') || 'none'}`,
        )
      }
    }
  }

  #noLabels(given: unknown): TypeError {
    return typeError('ERR_POSTMETER_LABEL', `metric "${this.name}": ${show(given)} is no object of labels`)
  }

  /** The label values as text; undefined where there is one that cannot be, and that is not thrown for. */
  #checked(labels: Record<string, unknown>): string[] | undefined {
    // If the metric has no labels, a Map or a boxed number would pass, because no label is missing.
    const plain = this.labelNames.length !== 0 || isPlain(labels)
    if (!plain || !isNamed(labels)) {
      this.context.badValue(this.identity, () => this.#noLabels(labels))
      return undefined
    }
    this.#checkNames(labels)
    return this.#texts(this.labelNames.map(name => (Object.hasOwn(labels, name) ? labels[name] : undefined)))
  }

  #texts(values: readonly unknown[]): string[] | undefined {
    const texts: string[] = []
    for (let n = 0; n < values.length; n++) {
      const text = textOf(values[n])
      if (text === undefined) {
        this.context.badValue(this.identity, () => badLabelValue(this.name, this.labelNames[n], values[n]))
        return undefined
      }
      texts.push(text)
    }
    return texts
  }

  #known(key: string | readonly string[]): C | undefined {
    return typeof key === 'string' ? this.#byValue.get(key) : this.#byValues!.get(key)
  }

  /** This thread's child of the only label value, or of a list of several, if it has one: none is made. @internal */
  held(key: string | readonly string[]): C | undefined {
    return this.#known(key)
  }

  #fromValues(given: readonly string[] | undefined): C {
    if (given === undefined) return this.#dropping()
    if (this.labelNames.length === 0) return this.only
    // Lone surrogates are replaced before the look-up, because two spellings of one label set must have one child.
    const key = given.length === 1 ? given[0].toWellFormed() : given.map(value => value.toWellFormed())
    return this.#known(key) ?? this.#fromKey(key)
  }

  /**
   * The child of label values that cannot be recorded, which drops and counts. It is one for all of them, and in no map:
   * none of them names a series, and they may come with every message.
   */
  #dropping(): C {
    if (this.#unfit === undefined) {
      this.#unfit = this.makeChild([])
      this.#unfit.refused = UNFIT
    }
    return this.#unfit
  }

  /** The child of a label value that this thread does not have in its index in this spelling. */
  #unknown(value: string): C {
    return value.isWellFormed() ? this.#fromKey(value) : this.#fromValues([value])
  }

  /** Makes and attaches a child that this thread does not have in its index yet. */
  #fromKey(key: string | readonly string[]): C {
    const child = this.makeChild(key)
    // Read before it is tried, so that it is tried again if room is made meanwhile.
    const seen = room(this.context.arena)
    const at = this.#attach(child)
    if (at < 0) this.#refuse(child, at, seen)
    else {
      child.at = at
      this.#remember(child)
    }
    return child
  }

  #remember(child: C): void {
    if (typeof child.key === 'string') this.#byValue.add(child.key, child)
    else this.#byValues!.add(child.key, child)
  }

  /** Removes a child that has let go from this thread's maps. @internal */
  forget(child: C): void {
    if (this.labelNames.length === 0 || this.#known(child.key) !== child) return
    if (typeof child.key === 'string') this.#byValue.delete(child.key)
    else this.#byValues!.delete(child.key)
  }

  /** Writes label values for a look-up in shared memory; false if one is too long. */
  #write(key: string | readonly string[]): boolean {
    return typeof key === 'string' ? this.#writer.writeOne(key) : this.#writer.write(key)
  }

  /** The word of this thread's cells of the series; a negative refusal at a limit. */
  #attach(child: C): number {
    const { series, closed } = this.context
    if (closed) return refusal(DROP_CLOSED)
    const family = this.family
    if (family === undefined) return refusal(this.#lack())
    const none = refusal(DROP_MEMORY)
    if (this.labelNames.length === 0)
      return this.context.guarded(() => series.attachOnly(family, child) || none, none)
    if (!this.#write(child.key)) return refusal(DROP_LABEL)
    return this.context.guarded(() => series.attach(family, this.#writer, child), none)
  }

  /** Why it has no family. */
  #lack(): number {
    return this.context.conflicts.has(this.name) ? DROP_CONFLICT : DROP_MEMORY
  }

  /** The Int32 index of this thread's exemplars of a series that it holds; 0 when memory is full. @internal */
  exemplarsOf(child: C): number {
    const { family } = this
    if (family === undefined) return 0
    if (this.labelNames.length === 0) return this.context.series.exemplarsOfOnly(family)
    return this.#write(child.key) ? this.context.series.exemplarsOf(family, this.#writer) : 0
  }

  /** Makes a child's series the only exposed one of an info; without a child, none is exposed. @internal */
  makeCurrent(child?: C): void {
    const { family, context } = this
    if (family === undefined || context.closed) return
    const labels = child === undefined ? undefined : this.#writer
    if (child !== undefined && !this.#write(child.key)) return
    context.guarded(() => context.series.makeCurrent(family, labels), undefined)
  }

  #refuse(child: C, result: number, seen: number): void {
    const reason = refusalReason(result)
    child.refused = seen | reason
    this.context.refused(this.identity, reason)
  }

  /**
   * A child without cells calls this before it records. Looks its series up again, unless it was refused and no room
   * has been made since. Returns whether it may record; if not, the update has been counted as dropped. @internal
   */
  revive(child: C): boolean {
    const { arena, closed } = this.context
    if (closed) {
      this.context.refused(this.identity, DROP_CLOSED)
      return this.#drop(DROP_CLOSED)
    }
    if (child.refused === UNFIT) return this.#drop(DROP_VALUE)
    const seen = room(arena)
    if (child.refused >> REASON_BITS !== seen >> REASON_BITS) {
      const twin = this.labelNames.length === 0 ? undefined : this.#known(child.key)
      if (twin !== undefined) {
        child.at = twin.at
        const touch = (twin as Holder).touch
        if (touch !== undefined) (child as Holder).touch = touch
        const native = (twin as Holder).native
        if (native !== undefined) (child as Holder).native = native
        const page = (twin as Holder).page
        if (page !== undefined) (child as Holder).page = page
        child.twin = twin.twin
        twin.twin = child
        return true
      }
      const at = this.#attach(child)
      if (at > 0) {
        child.at = at
        if (this.labelNames.length !== 0) this.#remember(child)
        return true
      }
      this.#refuse(child, at, seen)
    }
    return this.#drop(child.refused & REASON_MASK)
  }

  /** Counts an update that is dropped; returns false, as it was not recorded. */
  #drop(reason: number): false {
    countDrop(this.context.arena, this.family?.ref ?? 0, reason)
    return false
  }

  /** What an update with data that cannot be recorded does: throws what `mistake` makes, or is dropped. @internal */
  refuseUpdate(mistake: () => Error): void {
    this.context.badValue(this.identity, mistake)
    this.#drop(DROP_VALUE)
  }

  /**
   * Hides the series of a label set from scrapes. If no other thread holds it, it is freed, and begins at zero when it
   * is made again. If another thread holds it and changes it, it comes back with its whole count. (To set a gauge to
   * the value that it has is no change.) Returns whether the series existed. Takes a few microseconds, and more with
   * each thread that recorded in it.
   *
   * With an object of some of the labels, all series that have these values are removed: it looks at each series of the
   * metric, which takes a microsecond or less.
   *
   * @throws TypeError for a metric without labels, whose only series always exists; else as labels() does.
   */
  remove(labels: Labels<L>): boolean
  remove(some: Partial<Labels<L>>): boolean
  remove(...values: LabelValue[]): boolean
  remove(first?: unknown, ...rest: LabelValue[]): boolean {
    if (this.labelNames.length === 0) {
      throw typeError(
        'ERR_POSTMETER_CALL',
        `metric "${this.name}": remove(): a series without labels cannot be removed`,
      )
    }
    const family = this.family
    if (this.#isPartial(first)) return this.#removeSome(first)
    const values =
      typeof first === 'object' && first !== null
        ? this.#checked(first as Record<string, unknown>)
        : this.#positional([first, ...rest])
    // It had no effect: that is to be seen.
    if (values === undefined) return this.#drop(DROP_VALUE)
    if (family === undefined || this.context.closed) return false
    if (!this.#writer.write(values.map(value => value.toWellFormed()))) return false
    return this.context.guarded(() => this.context.series.remove(family, this.#writer), false)
  }

  /** Whether it has some of the labels, but not all of them. */
  #isPartial(labels: unknown): labels is Record<string, unknown> {
    if (!isPlain(labels)) return false
    const given = this.labelNames.filter(name => Object.hasOwn(labels, name)).length
    return given > 0 && given < this.labelNames.length
  }

  #removeSome(labels: Record<string, unknown>): boolean {
    this.#checkNames(labels)
    const given = this.labelNames.flatMap((name, n) => (Object.hasOwn(labels, name) ? [n] : []))
    const texts: string[] = []
    for (const n of given) {
      const text = textOf(labels[this.labelNames[n]])
      if (text === undefined) {
        this.refuseUpdate(() => badLabelValue(this.name, this.labelNames[n], labels[this.labelNames[n]]))
        return false
      }
      texts.push(text.toWellFormed())
    }
    if (this.family === undefined || this.context.closed) return false
    return this.context.removeWhere(this.family, text => {
      const values = readLabelValues(text, this.labelNames)
      return given.every((n, m) => values[n] === texts[m])
    })
  }

  /**
   * Removes all series, as remove() does for one. Blocks the calling thread for a few microseconds a series. Does
   * nothing for a metric without labels.
   */
  clear(): void {
    const { family, context } = this
    if (family !== undefined && this.labelNames.length !== 0 && !context.closed) context.clear(family)
  }

  #positional(given: readonly unknown[]): string[] | undefined {
    if (given.length !== this.labelNames.length) {
      throw typeError(
        'ERR_POSTMETER_LABEL',
        `metric "${this.name}": ${given.length} label values for ${this.labelNames.length} labels (${this.labelNames.join(', ')})`,
      )
    }
    return this.#texts(given)
  }
}

// Faster than Object.hasOwn() in a loop over keys.
const isOwn = Object.prototype.hasOwnProperty

/**
 * Number of enumerable keys, without allocating a list of them. Inherited ones are no labels, or it would depend on what
 * was recorded before whether they are.
 */
function keyCount(labels: object): number {
  let count = 0
  for (const key in labels) if (isOwn.call(labels, key)) count++
  return count
}

/** What a call does with a value that its metric cannot record: throws an error that names it, or drops the update. */
export function refuseValue({ metric }: Child, call: string, value: unknown, why: string): void {
  metric.refuseUpdate(() => {
    const message = `metric "${metric.name}": ${call}(${show(value)}): ${why}`
    const code = 'ERR_POSTMETER_VALUE'
    return typeof value === 'number' ? rangeError(code, message) : typeError(code, message)
  })
}
