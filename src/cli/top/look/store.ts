/**
 * The series of an endpoint from look to look: of each a hash of its name and labels as they are written, its value, by how
 * much it rose, and what it is of which family. No text is kept.
 *
 * Expositions keep their order: the series that followed last time is tried first, and mostly is the one.
 */
const FIRST_SIZE = 1024
/** So many series may be gone before their room is used again. */
const GONE = 1024
/** More are counted, and not kept: an endpoint may send series without an end. */
export const MOST_SERIES = 2 ** 22

export class Store {
  /** Number 0 is no series: the first one follows it. */
  size = 1
  hash1 = new Int32Array(FIRST_SIZE)
  hash2 = new Int32Array(FIRST_SIZE)
  value = new Float64Array(FIRST_SIZE)
  /** What it had before the look under way, NaN if it was not there: should that look break off. */
  before = new Float64Array(FIRST_SIZE)
  /** In which look it was there last. */
  seen = new Int32Array(FIRST_SIZE)
  /** The number of its family, and what it is of that: see roles.ts. */
  family = new Int32Array(FIRST_SIZE)
  role = new Int32Array(FIRST_SIZE)
  /** What a filter said, in which of its versions: version x 2 + verdict. */
  verdict = new Int32Array(FIRST_SIZE)
  /** The row that it is shown in, + 1; 0 if in none. */
  row = new Int32Array(FIRST_SIZE)
  #next = new Int32Array(FIRST_SIZE)
  #last = 0
  #table = new Int32Array(FIRST_SIZE * 2)

  get isFull(): boolean {
    // With one more, the columns would be twice as long.
    return this.size >= MOST_SERIES
  }

  get bytes(): number {
    return this.value.length * 48 + this.#table.length * 4
  }

  begin(): void {
    this.#last = 0
  }

  /** The number of a series; 0 if it is new: then `add` comes next. */
  find(hash1: number, hash2: number): number {
    const next = this.#next[this.#last]!
    if (this.hash1[next] === hash1 && this.hash2[next] === hash2 && next !== 0) {
      this.#last = next
      return next
    }
    return this.#findElsewhere(hash1, hash2, next)
  }

  /** One may be gone; of others the table knows the place. */
  #findElsewhere(hash1: number, hash2: number, next: number): number {
    const second = this.#next[next]!
    if (second !== 0 && this.hash1[second] === hash1 && this.hash2[second] === hash2)
      return this.#follow(second)
    const mask = this.#table.length - 1
    for (let at = hash1 & mask; ; at = (at + 1) & mask) {
      const found = this.#table[at]!
      if (found === 0) return 0
      if (this.hash1[found] === hash1 && this.hash2[found] === hash2) return this.#follow(found)
    }
  }

  #follow(found: number): number {
    this.#next[this.#last] = found
    this.#last = found
    return found
  }

  add(hash1: number, hash2: number, family: number, role: number): number {
    if (this.size === this.value.length) this.#grow()
    const added = this.size++
    this.hash1[added] = hash1
    this.hash2[added] = hash2
    this.family[added] = family
    this.role[added] = role
    this.#enter(added)
    // What stood here before stands behind it now.
    this.#next[added] = this.#next[this.#last]!
    return this.#follow(added)
  }

  #enter(series: number): void {
    const mask = this.#table.length - 1
    let at = this.hash1[series]! & mask
    while (this.#table[at] !== 0) at = (at + 1) & mask
    this.#table[at] = series
  }

  #grow(): void {
    const length = this.value.length * 2
    this.hash1 = longer(this.hash1, new Int32Array(length))
    this.hash2 = longer(this.hash2, new Int32Array(length))
    this.value = longer(this.value, new Float64Array(length))
    this.before = longer(this.before, new Float64Array(length))
    this.seen = longer(this.seen, new Int32Array(length))
    this.family = longer(this.family, new Int32Array(length))
    this.role = longer(this.role, new Int32Array(length))
    this.verdict = longer(this.verdict, new Int32Array(length))
    this.row = longer(this.row, new Int32Array(length))
    this.#next = longer(this.#next, new Int32Array(length))
    this.#table = new Int32Array(length * 2)
    for (let series = 1; series < this.size; series++) this.#enter(series)
  }

  /**
   * Forgets series that `isGone`, when they are many, or where families have other numbers now. Returns whether it did.
   * `families`: the new number of each.
   */
  forget(isGone: (series: number) => boolean, families?: Int32Array): boolean {
    let gone = 0
    for (let series = 1; series < this.size; series++) if (isGone(series)) gone++
    if (families === undefined && (gone <= GONE || gone * 2 <= this.size)) return false
    const moved = new Int32Array(this.size)
    let size = 1
    for (let series = 1; series < this.size; series++) if (!isGone(series)) moved[series] = size++
    for (const column of [
      this.hash1,
      this.hash2,
      this.value,
      this.seen,
      this.family,
      this.role,
      this.verdict,
    ])
      for (let series = 1; series < this.size; series++)
        if (moved[series] !== 0) column[moved[series]!] = column[series]!
    for (let series = 1; series < this.size; series++)
      if (moved[series] !== 0) {
        this.row[moved[series]!] = this.row[series]!
        this.#next[moved[series]!] = moved[this.#next[series]!]!
      }
    if (families !== undefined)
      for (let series = 1; series < size; series++) this.family[series] = families[this.family[series]!]!
    this.#next[0] = moved[this.#next[0]!]!
    this.row.fill(0, size)
    this.verdict.fill(0, size)
    this.seen.fill(0, size)
    this.size = size
    this.#table.fill(0)
    for (let series = 1; series < size; series++) this.#enter(series)
    return true
  }
}

function longer<A extends Int32Array | Float64Array>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}
