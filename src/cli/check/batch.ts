/**
 * Series that were read and are not yet looked up. A look-up in a large table waits for memory; those of several lines wait
 * at once, when their places are touched first.
 */

import { textOf } from '../bytes/numbers.js'
import { found } from './fail.js'
import type { Family } from './families.js'
import type { Findings } from './findings.js'
import type { Series } from './series.js'

const SIZE = 32

/** A counter that is lower than at the look before. */
export interface Fall {
  readonly line: number
  readonly family: string
  readonly series: string
  readonly from: number
  readonly to: number
}

export class Batch {
  readonly #series: Series
  readonly #findings: Findings
  readonly #h1 = new Int32Array(SIZE)
  readonly #h2 = new Int32Array(SIZE)
  readonly #lines = new Float64Array(SIZE)
  readonly #values = new Float64Array(SIZE)
  /** Where the line and its value begin. */
  readonly #from = new Float64Array(SIZE)
  readonly #valueAt = new Float64Array(SIZE)
  readonly #families: Family[] = []
  #count = 0
  /** The first ones, and how many. */
  readonly falls: Fall[] = []
  fallen = 0

  constructor(series: Series, findings: Findings) {
    this.#series = series
    this.#findings = findings
  }

  /** `value`: NaN unless it may never fall. The bytes stay as they are until `flush()`. */
  add(
    family: Family,
    h1: number,
    h2: number,
    line: number,
    value: number,
    bytes: Uint8Array,
    from: number,
    valueAt: number,
  ): void {
    const n = this.#count++
    this.#families[n] = family
    this.#h1[n] = h1
    this.#h2[n] = h2
    this.#lines[n] = line
    this.#values[n] = value
    this.#from[n] = from
    this.#valueAt[n] = valueAt
    if (this.#count === SIZE) this.flush(bytes)
  }

  /** Looks them up. `permitted`: whether a series that stood in a line may stand here again. */
  flush(bytes: Uint8Array, permitted?: (first: number) => boolean): void {
    if (this.#count > 1) for (let n = 0; n < this.#count; n++) this.#series.touch(this.#h1[n]!, this.#h2[n]!)
    for (let n = 0; n < this.#count; n++) {
      const value = this.#values[n]!
      const first = this.#series.see(this.#h1[n]!, this.#h2[n]!, this.#lines[n]!, value)
      if (first === 0) {
        // Not so where there was none, which is NaN.
        if (value < this.#series.before) this.#fell(bytes, n)
      } else if (permitted?.(first) !== true) this.#duplicate(bytes, n, first)
    }
    this.#count = 0
  }

  #duplicate(bytes: Uint8Array, n: number, first: number): void {
    const family = this.#families[n]!
    const from = this.#from[n]!
    family.duplicates++
    this.#findings.add('duplicate', this.#lines[n]!, 0, family.name, () => {
      return `${found(bytes, from)} is a series that stands in line ${first}, too`
    })
  }

  #fell(bytes: Uint8Array, n: number): void {
    this.fallen++
    if (this.falls.length >= this.#findings.most) return
    this.falls.push({
      ...{ line: this.#lines[n]!, family: this.#families[n]!.name },
      ...{ from: this.#series.before, to: this.#values[n]! },
      series: textOf(bytes, this.#from[n]!, this.#valueAt[n]!).trim(),
    })
  }
}
