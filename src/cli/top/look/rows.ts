/** The series of one family that somebody looks into: of each its labels, and what it has. */
import type { Family } from './family.js'
import { type Label, shown } from './labels.js'
import type { Observed } from './observed.js'
import { Tally } from './tally.js'

/** So many are kept; what is beyond is counted. */
export const MOST_ROWS = 100_000
/** Characters of their labels, about, and figures of buckets: a row may have very many of either. */
const MOST_TEXT = 2 ** 26
const MOST_FIGURES = 2 ** 23
/** What a label takes beside its characters. */
const LABEL = 64
/** More names of labels nobody goes through. */
const MOST_NAMES = 100

export class Row {
  readonly labels: readonly Label[]
  /** They, as a person reads them. */
  readonly text: string
  readonly tally = new Tally()
  look = 0
  /** Of a native histogram. */
  native: Observed | undefined

  constructor(labels: readonly Label[]) {
    this.labels = labels
    this.text = shown(labels)
  }
}

export class Rows {
  readonly family: Family
  readonly all: Row[] = []
  readonly #byLabels = new Map<string, number>()
  /** Names of labels, as they came. */
  readonly names: string[] = []
  #text = 0
  /** Lines in the last look that had no room. */
  beyond = 0

  constructor(family: Family) {
    this.family = family
  }

  /** The number of a row; -1 where there is no room. */
  rowOf(all: readonly Label[]): number {
    const labels = all.filter(([name]) => name !== this.#partLabel)
    // Formats may have them in another order.
    const key = shown(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const known = this.#byLabels.get(key)
    if (known !== undefined) return known
    if (this.all.length === MOST_ROWS) return -1
    this.#text += key.length + LABEL * labels.length
    if (this.#text > MOST_TEXT) return -1
    for (const [name] of labels) {
      if (this.names.length === MOST_NAMES) break
      if (!this.names.includes(name)) this.names.push(name)
    }
    this.#byLabels.set(key, this.all.length)
    return this.all.push(new Row(labels)) - 1
  }

  /** Whether each row may have a figure for as many buckets. */
  hasRoomFor(role: number): boolean {
    return role < 0 || (role + 1) * this.all.length <= MOST_FIGURES
  }

  get #partLabel(): string | undefined {
    if (this.family.hasBuckets) return 'le'
    return this.family.type === 'summary' ? 'quantile' : undefined
  }

  /** The row of a look: what it had before is gone. */
  touched(number: number, look: number): Row {
    const row = this.all[number]!
    if (row.look !== look) {
      row.look = look
      row.tally.clear()
    }
    return row
  }
}
