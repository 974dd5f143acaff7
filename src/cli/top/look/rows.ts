/** The series of one family that somebody looks into: of each its labels, and what it has. */
import type { Family } from './family.js'
import { LabelSets } from './label-sets.js'
import type { Label } from './labels.js'
import type { Observed } from './observed.js'
import { Tallies } from './tallies.js'
import { Tally } from './tally.js'

/** So many are kept; what is beyond is counted. */
export const MOST_ROWS = 100_000
/** Of their labels, about; and figures of buckets: a row may have very many of either. */
const MOST_BYTES = 2 ** 26
const MOST_FIGURES = 2 ** 22

export class Rows {
  readonly family: Family
  readonly #labels = new LabelSets(MOST_ROWS, MOST_BYTES)
  /** What they have in this look, and in the one before: should this one break off. */
  #now = new Tallies()
  #before = new Tallies()
  /** The look that they were filled in, and the one before. */
  look = 0
  #lookBefore = 0
  /** Of native histograms, and how many figures these have together. */
  readonly #natives: (Observed | undefined)[] = []
  #nativeFigures = 0
  /** Lines in the last look that had no room. */
  beyond = 0
  #beyondBefore = 0

  constructor(family: Family) {
    this.family = family
  }

  get size(): number {
    return this.#labels.size
  }

  /** Names of labels, as they came. */
  get names(): readonly string[] {
    return this.#labels.names
  }

  /** A look has come to their family. */
  enter(look: number): void {
    ;[this.#now, this.#before] = [this.#before, this.#now]
    ;[this.#lookBefore, this.#beyondBefore] = [this.look, this.beyond]
    this.look = look
    this.beyond = 0
    this.#now.clear()
  }

  /** That look does not count. */
  undo(): void {
    ;[this.#now, this.#before] = [this.#before, this.#now]
    this.look = this.#lookBefore
    this.beyond = this.#beyondBefore
  }

  /** The number of a row; -1 where there is no room. */
  rowOf(all: readonly Label[]): number {
    const part = this.family.partLabel
    return this.#labels.rowOf(part === undefined ? all : all.filter(([name]) => name !== part))
  }

  /** Whether each row may have a figure for as many buckets. */
  hasRoomFor(role: number): boolean {
    return role < 0 || (role + 1) * this.size <= MOST_FIGURES
  }

  add(row: number, role: number, value: number, rise: number): void {
    this.#now.add(row, role, value, rise, this.family.hasBuckets)
  }

  /** What a row has, written over what a tally had. */
  tally(row: number, into = new Tally()): Tally {
    return this.#now.read(row, into)
  }

  text(row: number): string {
    return this.#labels.text(row)
  }

  value(row: number, label: string): string | undefined {
    return this.#labels.value(row, label)
  }

  native(row: number): Observed | undefined {
    return this.#natives[row]
  }

  /** What a row's native histogram observed ever, `undefined` where it is gone, or there is no room for it. */
  observed(row: number, now: Float64Array): void {
    const known = this.#natives[row]
    this.#nativeFigures += now.length - (known?.before?.length ?? 0)
    const isHeld = this.#nativeFigures <= MOST_FIGURES
    if (!isHeld) this.#nativeFigures -= now.length + (known?.now.length ?? 0)
    this.#natives[row] = isHeld ? { now, before: known?.now } : undefined
  }
}
