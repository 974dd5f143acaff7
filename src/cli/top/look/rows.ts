/** The series of one family that somebody looks into: of each its labels, and what it has. */
import type { Family } from './family.js'
import { type Label, shown } from './labels.js'
import type { Observed } from './observed.js'
import { Tally } from './tally.js'

/** So many are kept; what is beyond is counted. */
export const MOST_ROWS = 100_000

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
  /** Series in the last look that had no room. */
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
    for (const [name] of labels) if (!this.names.includes(name)) this.names.push(name)
    this.#byLabels.set(key, this.all.length)
    return this.all.push(new Row(labels)) - 1
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
