/**
 * A table of keys of 64 bits, with a few numbers for each: open addressing in typed arrays, divided into parts that grow one
 * by one, so that growing never holds the whole table twice.
 *
 * A key takes 8 bytes, and its numbers what they take, over a load of 0.53 to 0.8.
 */

const PARTS = 64
const SMALLEST = 16
const MOST_LOAD = 0.8
const GROWTH = 1.5
/** Cells of a key. */
export const KEY = 2

export interface Columns {
  /** Int32 for each key. */
  readonly words: number
  /** Float64 for each key. */
  readonly reals: number
}

export class Part {
  /** For each place the key's two halves, both 0 where it is free, and its words: one line of the cache has them all. */
  cells: Int32Array
  reals: Float64Array
  capacity: number
  /** Cells of a place. */
  readonly width: number
  used = 0

  constructor({ words, reals }: Columns, capacity: number) {
    this.width = KEY + words
    this.capacity = capacity
    this.cells = new Int32Array(capacity * this.width)
    this.reals = new Float64Array(capacity * reals)
  }
}

export class KeyTable {
  readonly #columns: Columns
  readonly #parts: Part[]
  /** Where the key of the last call is. */
  part: Part
  at = 0

  constructor(columns: Columns) {
    this.#columns = columns
    this.#parts = Array.from({ length: PARTS }, () => new Part(columns, SMALLEST))
    this.part = this.#parts[0]!
  }

  get size(): number {
    return this.#parts.reduce((sum, { used }) => sum + used, 0)
  }

  /** Bytes of memory. */
  get bytes(): number {
    const { words, reals } = this.#columns
    return this.#parts.reduce((sum, { capacity }) => sum + capacity * (8 + words * 4 + reals * 8), 0)
  }

  /** Finds a key or adds it, and says whether it was there. Its numbers are at `part` and `at`; those of a new one are 0. */
  find(h1: number, h2: number): boolean {
    // Both 0 is a place that is free.
    if (h1 === 0 && h2 === 0) h2 = 1
    const which = h2 >>> 26
    let part = this.#parts[which]!
    if (part.used >= part.capacity * MOST_LOAD) {
      part = resized(part, this.#columns, Math.ceil(part.capacity * GROWTH), everything)
      this.#parts[which] = part
    }
    this.part = part
    this.at = place(part, h1, h2)
    const { cells } = part
    const cell = this.at * part.width
    if (cells[cell] === h1 && cells[cell + 1] === h2) return true
    cells[cell] = h1
    cells[cell + 1] = h2
    part.used++
    return false
  }

  /** Whether a key is there; then its numbers are at `part` and `at`. */
  has(h1: number, h2: number): boolean {
    if (h1 === 0 && h2 === 0) h2 = 1
    this.part = this.#parts[h2 >>> 26]!
    this.at = place(this.part, h1, h2)
    return isUsed(this.part, this.at)
  }

  /** Has memory bring the place of a key, which `find()` then need not wait for. */
  touch(h1: number, h2: number): number {
    const { cells, capacity, width } = this.#parts[h2 >>> 26]!
    return cells[Math.floor(((h1 >>> 0) / 0x1_0000_0000) * capacity) * width]!
  }

  /** Leaves out the keys that `keep` does not name, and says how many these were. */
  prune(keep: (part: Part, at: number) => boolean): number {
    let pruned = 0
    for (const [which, part] of this.#parts.entries()) {
      const before = part.used
      let kept = 0
      for (let at = 0; at < part.capacity; at++) if (isUsed(part, at) && keep(part, at)) kept++
      if (kept === before) continue
      pruned += before - kept
      const capacity = Math.max(SMALLEST, Math.ceil(kept / MOST_LOAD) + 1)
      this.#parts[which] = resized(part, this.#columns, capacity, keep)
    }
    return pruned
  }

  each(visit: (part: Part, at: number) => void): void {
    for (const part of this.#parts)
      for (let at = 0; at < part.capacity; at++) if (isUsed(part, at)) visit(part, at)
  }
}

const everything = () => true

function isUsed({ cells, width }: Part, at: number): boolean {
  return cells[at * width] !== 0 || cells[at * width + 1] !== 0
}

/** Where a key is, or would be. */
function place({ cells, capacity, width }: Part, h1: number, h2: number): number {
  let at = Math.floor(((h1 >>> 0) / 0x1_0000_0000) * capacity)
  for (;;) {
    const k1 = cells[at * width]
    const k2 = cells[at * width + 1]
    if ((k1 === h1 && k2 === h2) || (k1 === 0 && k2 === 0)) return at
    if (++at === capacity) at = 0
  }
}

function resized(
  part: Part,
  columns: Columns,
  capacity: number,
  keep: (part: Part, at: number) => boolean,
): Part {
  const larger = new Part(columns, capacity)
  const { width, cells } = part
  const { reals } = columns
  const to = larger.cells
  for (let at = 0, cell = 0; at < part.capacity; at++, cell += width) {
    const h1 = cells[cell]!
    const h2 = cells[cell + 1]!
    if ((h1 === 0 && h2 === 0) || (keep !== everything && !keep(part, at))) continue
    // In the order of their hashes, so both tables are walked from one end to the other.
    const found = place(larger, h1, h2)
    const toCell = found * width
    to[toCell] = h1
    to[toCell + 1] = h2
    for (let n = KEY; n < width; n++) to[toCell + n] = cells[cell + n]!
    for (let n = 0; n < reals; n++) larger.reals[found * reals + n] = part.reals[at * reals + n]!
    larger.used++
  }
  return larger
}
