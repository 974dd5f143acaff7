/**
 * Which series there were, in this look and the one before: by their hashes alone. With values it takes 20 bytes for each
 * over the table's load, else 12.
 */
import { hashKey } from '../bytes/hash.js'
import { KEY, KeyTable, type Part } from './key-table.js'

/** The upper bit of a line's number says in which of two looks it was. */
const LINE = 0x7fff_ffff

export class Series {
  readonly key = hashKey()
  readonly #table: KeyTable
  readonly #values: boolean
  #looks = 0
  /** What was read of memory is used, or the compiler would not read it. */
  #touched = 0
  appeared = 0
  vanished = 0
  /** Those that were new in looks that did not come to their end. */
  #appearedBefore = 0
  /** What the last series had in the look before; NaN if it was not there. */
  before = Number.NaN

  /** `values`: whether later looks are to compare values. */
  constructor(values: boolean) {
    this.#values = values
    this.#table = new KeyTable({ words: 1, reals: values ? 1 : 0 })
  }

  get size(): number {
    return this.#table.size
  }

  get bytes(): number {
    return this.#table.bytes
  }

  begin(): void {
    this.#looks++
    this.appeared = this.#appearedBefore
    this.#appearedBefore = 0
    this.vanished = 0
  }

  /** Notes a series. Gives the line where it stood before in this look, or 0. `value`: NaN unless it may never fall. */
  see(h1: number, h2: number, line: number, value: number): number {
    const known = this.#table.find(h1, h2)
    const { part, at } = this.#table
    const word = at * part.width + KEY
    if (known && this.#isOfThisLook(part, at)) return part.cells[word]! & LINE
    part.cells[word] = (line & LINE) | ((this.#looks & 1) << 31)
    if (!known) this.appeared++
    if (!this.#values) return 0
    this.before = known ? part.reals[at]! : Number.NaN
    part.reals[at] = value
    return 0
  }

  /** Whether a series was there in this look. */
  has(h1: number, h2: number): boolean {
    return this.#table.has(h1, h2) && this.#isOfThisLook(this.#table.part, this.#table.at)
  }

  touch(h1: number, h2: number): void {
    this.#touched ^= this.#table.touch(h1, h2)
  }

  /** Forgets the series that the look did not have. */
  end(): void {
    if (this.#looks > 1) this.vanished = this.#table.prune((part, at) => this.#isOfThisLook(part, at))
  }

  /** The look broke off: what it did not come to is there as it was, and the next one is held against both. */
  giveUp(): void {
    this.#appearedBefore = this.appeared
    this.#table.each((part, at) => {
      if (!this.#isOfThisLook(part, at)) part.cells[at * part.width + KEY]! ^= 1 << 31
    })
  }

  #isOfThisLook({ cells, width }: Part, at: number): boolean {
    return cells[at * width + KEY]! >>> 31 === (this.#looks & 1)
  }
}
