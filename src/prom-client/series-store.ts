/**
 * One metric's series: how this thread finds one by labels as prom-client's callers give them, and how it reads all of
 * them, those of other threads too.
 *
 * prom-client remembers the labels of a series as they were given first: their types, their order, and which were left
 * out. Where that is not what the memory can tell (all labels, in the order of `labelNames`, as text), this thread keeps
 * them beside. Series that other threads made alone are told in the order of `labelNames`, as text.
 */
import type { Family } from '../catalogue/families.js'
import { readLabelValues } from '../catalogue/names.js'
import type { Child, Metric } from '../instruments/metric.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import type { RegistryParts } from '../registry/registry.js'
import { sweepLater } from './home.js'
import { catalogued, checkLabels, labelsOf, spell } from './labels.js'
import { count, QuickIndex } from './quick-index.js'
import { type Row, Rows } from './rows.js'
import type { Exemplar } from './types.js'

/** What a thread keeps of a series beside the memory. */
export interface Beside {
  /** Its labels as they were given, where the memory would tell them otherwise. */
  labels: Record<string, unknown> | undefined
  /** By the number of the line that has it: a histogram's bucket, 0 of a counter. */
  exemplars: Map<number, Exemplar> | undefined
}

/** Where a metric has its child without labels, one step from where it is called. */
export const ONLY = Symbol('postmeter.only')

export interface Owner<C extends Child> {
  [ONLY]?: C | undefined
}

export class SeriesStore<C extends Child> {
  readonly native: Metric<string, C>
  readonly parts: RegistryParts
  readonly #names: readonly string[]
  readonly #beside = new Map<string, Beside>()
  readonly #quick: QuickIndex<C>
  readonly #i32: Int32Array
  /** H_REQUESTS, up to which this thread has let go of what others asked for. */
  #answered = 0
  /** Taken while a look-up reads labels. */
  #scratch: string[] | undefined
  readonly #owner: Owner<C>
  /** Whether the series without labels is told only once it has something to tell, as after remove(). */
  #hidden = false
  readonly #rows = new Rows()

  constructor(parts: RegistryParts, native: Metric<string, C>, owner: Owner<C>) {
    this.#owner = owner
    this.parts = parts
    this.native = native
    this.#names = native.labelNames
    this.#quick = new QuickIndex(this.#names)
    this.#i32 = parts.context.arena.i32
    this.#scratch = this.#names.map(() => '')
  }

  get family(): Family | undefined {
    return this.native.family
  }

  get arena(): Arena {
    return this.parts.context.arena
  }

  get names(): readonly string[] {
    return this.#names
  }

  /** Whether all its series are told as the memory has them. */
  get isPlain(): boolean {
    return this.#beside.size === 0 && !this.#hidden
  }

  /** The series without any label, which its metric has at hand from now on. */
  findOnly(): C {
    if (this.#names.length !== 0) return this.find({})
    const only = this.native.labels({})
    this.#owner[ONLY] = only
    this.#hidden = false
    return only
  }

  /** Whether other threads have asked for nothing that this one still holds. */
  get isAnswered(): boolean {
    return this.#i32[L.H_REQUESTS] === this.#answered
  }

  /** @throws Error for a label that is not registered. */
  check(labels: object): void {
    checkLabels(this.#names, labels)
  }

  /** This thread's child of a label set, which exists from now on. @throws Error for a label that is not registered. */
  find(labels: object): C {
    if (this.#i32[L.H_REQUESTS] !== this.#answered) this.#answer()
    const entry = this.#quick.get(labels as Record<string, unknown>)
    return entry !== undefined ? entry.child : this.#look(labels as Record<string, unknown>)
  }

  /**
   * Lets go of what other threads have removed: what is recorded from now on must be seen at once, not when the sweeper
   * finds that a removed series still moves.
   */
  #answer(): void {
    const asked = this.#i32[L.H_REQUESTS]
    if (!this.parts.context.series.answerRequests()) this.#answered = asked
  }

  #look(labels: Record<string, unknown>): C {
    const names = this.#names
    const texts = this.#scratch
    if (texts === undefined || names.length === 0) return this.#make(labels)
    // A getter may look up, too.
    this.#scratch = undefined
    let given = 0
    for (let n = 0; n < names.length; n++) {
      const value = labels[names[n]]
      if (value !== undefined) given++
      texts[n] = spell(value)
    }
    const child = this.native.held(texts.length === 1 ? texts[0] : texts)
    this.#scratch = texts
    if (child === undefined || count(labels) !== given) return this.#make(labels)
    this.#quick.add(labels, child)
    return child
  }

  /** What `labels()` gives out: `make` makes one that finds its series when it is used. */
  handle<H extends object>(given: readonly unknown[], make: (series: SeriesHandle<C>) => H): H {
    if (this.#i32[L.H_REQUESTS] !== this.#answered) this.#answer()
    const [first] = given
    const byName = typeof first === 'object' && first !== null
    const entry = byName ? this.#quick.get(first as Record<string, unknown>) : this.#quick.of(given)
    if (entry?.handle !== undefined) return entry.handle as H
    const labels = labelsOf(this.#names, given)
    const handle = make(new SeriesHandle(this, labels, entry?.child))
    if (entry !== undefined) entry.handle = handle
    return handle
  }

  #make(labels: object): C {
    checkLabels(this.#names, labels)
    if (this.#names.length === 0) return this.#owner[ONLY] ?? this.findOnly()
    const values = this.#names.map(name => spell((labels as Record<string, unknown>)[name]))
    const child = this.native.labels(...values)
    this.#remember(labels as Record<string, unknown>, values)
    return child
  }

  #remember(labels: Record<string, unknown>, values: readonly string[]): void {
    if (isPlainest(labels, this.#names)) return
    const text = catalogued(this.#names, values)
    const known = this.#beside.get(text)
    if (known?.labels !== undefined) return
    // A copy: what the caller does with his object must not rename a series.
    const kept = Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined))
    if (known === undefined) this.#beside.set(text, { labels: kept, exemplars: undefined })
    else known.labels = kept
  }

  /** Keeps an exemplar of a series that was found. */
  keepExemplar(labels: object, line: number, exemplar: Exemplar): void {
    const values = this.#names.map(name => spell((labels as Record<string, unknown>)[name]))
    const text = catalogued(this.#names, values)
    let known = this.#beside.get(text)
    if (known === undefined) {
      known = { labels: undefined, exemplars: undefined }
      this.#beside.set(text, known)
    }
    known.exemplars ??= new Map()
    known.exemplars.set(line, exemplar)
  }

  /** Takes a series away; nothing where there is none. */
  remove(labels: object): void {
    checkLabels(this.#names, labels)
    if (this.#names.length === 0) {
      this.#hide()
      return
    }
    const values = this.#names.map(name => spell((labels as Record<string, unknown>)[name]))
    this.#beside.delete(catalogued(this.#names, values))
    this.native.remove(...values)
    sweepLater(this.parts)
  }

  /** Takes all series away; the one without labels is zero, and told again at once if it `stays`. */
  reset(stays: boolean): void {
    // In all threads, and before they are hidden: one that another thread brings back begins at zero.
    this.native.reset()
    this.#beside.clear()
    if (this.#names.length !== 0) {
      this.native.clear()
      sweepLater(this.parts)
    } else if (!stays) this.#hide()
  }

  /** Makes a series, or sets the one that there is to zero. */
  zeroOne(labels: object): void {
    const { context } = this.parts
    checkLabels(this.#names, labels)
    const text = catalogued(
      this.#names,
      this.#names.map(name => spell((labels as Record<string, unknown>)[name])),
    )
    context.series.inEpoch(() => {
      const known = this.rows().find(row => row.text === text)
      if (known !== undefined) context.reset(this.family!, known.place)
    })
    const beside = this.#beside.get(text)
    if (beside !== undefined) beside.exemplars = undefined
    this.find(labels)
  }

  /** Sets all series to zero, and keeps them. */
  zero(): void {
    this.native.reset()
  }

  #hide(): void {
    this.native.reset()
    this.#beside.clear()
    this.#owner[ONLY] = undefined
    this.#hidden = true
  }

  /** All series that there are, in order; read them in the same turn, within `inEpoch`. */
  rows(): readonly Row[] {
    const family = this.family
    if (family === undefined) return []
    const rows = this.#rows.walk(this.arena, family)
    // Another thread may have recorded in it since.
    return this.#hidden && rows.every(row => this.#isZero(row)) ? [] : rows
  }

  #isZero(row: Row): boolean {
    for (let n = 0; n < this.family!.cells; n++) if (this.cell(row, n) !== 0) return false
    return true
  }

  /** One value of a series, folded over all threads. */
  cell(row: Row, n: number): number {
    return this.parts.kernel().foldCell(this.family!.ref, row.page, row.index, n)
  }

  /** What this thread keeps of a series beside the memory. */
  beside(row: Row): Beside | undefined {
    return this.#beside.size === 0 ? undefined : this.#beside.get(row.text)
  }

  /** The labels of a series as they were given, or as the memory has them; a fresh object. */
  labelsOf(row: Row): Record<string, unknown> {
    const given = this.beside(row)?.labels
    if (given !== undefined) return { ...given }
    const values = readLabelValues(row.text, this.#names)
    const labels: Record<string, unknown> = {}
    this.#names.forEach((name, n) => {
      if (values[n] !== '') labels[name] = values[n]
    })
    return labels
  }
}

/** Whether labels are told by the memory as they were given: all of them, in order, each a text that is not empty. */
function isPlainest(labels: Record<string, unknown>, names: readonly string[]): boolean {
  let n = 0
  for (const key in labels) {
    const value = labels[key]
    if (key !== names[n] || typeof value !== 'string' || value === '') return false
    n++
  }
  return n === names.length
}

/** What finds one series when it is needed: `labels()` makes none. */
export class SeriesHandle<C extends Child> {
  readonly labels: Record<string, unknown>
  readonly #store: SeriesStore<C>
  #child: C | undefined

  constructor(store: SeriesStore<C>, labels: Record<string, unknown>, child: C | undefined) {
    this.#store = store
    this.labels = labels
    this.#child = child
  }

  /** @throws Error for a label that is not registered. */
  check(): void {
    this.#store.check(this.labels)
  }

  get child(): C {
    const child = this.#child
    // One that was removed has no cell, and is looked up anew.
    return child !== undefined && child.at !== 0 && this.#store.isAnswered ? child : this.#find()
  }

  #find(): C {
    this.#child = this.#store.find(this.labels)
    return this.#child
  }
}
