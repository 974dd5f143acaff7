/** Tallies of very many rows, which have the same parts: as columns, because an object for each takes many times as much. */
import { greater, NONE, SUM, type Tally } from './tally.js'

const FIRST = 64
/** A part of a row has one line, or is spelled in several ways. */
const MOST_LINES = 255

export class Tallies {
  #lines = new Int32Array(FIRST)
  #value = new Float64Array(FIRST)
  #rise = new Float64Array(FIRST)
  #compared = new Uint8Array(FIRST)
  /** Of each row so many parts, one row behind the other. */
  #width = 0
  #parts = new Float64Array()
  #partLines = new Uint8Array()

  get bytes(): number {
    return this.#lines.length * 21 + this.#parts.length * 9
  }

  clear(): void {
    for (const column of [this.#lines, this.#value, this.#rise, this.#compared, this.#parts, this.#partLines])
      column.fill(0)
  }

  /** As a Tally takes it. */
  add(row: number, role: number, value: number, rise: number, buckets: boolean): void {
    if (row >= this.#lines.length) this.#lengthen(row)
    const compared = !Number.isNaN(rise)
    if (role >= 0) {
      if (role >= this.#width) this.#widen(role)
      const at = row * this.#width + role
      if (buckets) {
        if (compared) this.#parts[at]! += rise
      } else this.#parts[at] = this.#partLines[at] === 0 ? value : greater(this.#parts[at]!, value)
      if (this.#partLines[at]! < MOST_LINES) this.#partLines[at]!++
    } else if (role === SUM) return
    else if (role !== NONE) {
      this.#lines[row]!++
      if (!Number.isNaN(value)) this.#value[row]! += value
      if (compared) this.#rise[row]! += rise
    }
    if (compared) this.#compared[row] = 1
  }

  /** What a row has, written over what a tally had. */
  read(row: number, into: Tally): Tally {
    into.clear()
    if (row >= this.#lines.length) return into
    into.lines = this.#lines[row]!
    into.value = this.#value[row]!
    into.rise = this.#rise[row]!
    into.compared = this.#compared[row] === 1
    into.makeParts(this.#width)
    for (let n = 0, at = row * this.#width; n < this.#width; n++, at++) {
      into.parts[n] = this.#parts[at]!
      into.partLines[n] = this.#partLines[at]!
    }
    return into
  }

  #lengthen(row: number): void {
    const rows = Math.max(row + 1, Math.ceil(this.#lines.length * 1.5))
    this.#lines = copied(this.#lines, new Int32Array(rows))
    this.#value = copied(this.#value, new Float64Array(rows))
    this.#rise = copied(this.#rise, new Float64Array(rows))
    this.#compared = copied(this.#compared, new Uint8Array(rows))
    this.#parts = copied(this.#parts, new Float64Array(rows * this.#width))
    this.#partLines = copied(this.#partLines, new Uint8Array(rows * this.#width))
  }

  #widen(role: number): void {
    const rows = this.#lines.length
    const before = this.#width
    const width = Math.max(role + 1, Math.min(before * 2, before + 16))
    const parts = new Float64Array(rows * width)
    const partLines = new Uint8Array(rows * width)
    for (let row = 0; row < rows; row++) {
      parts.set(this.#parts.subarray(row * before, (row + 1) * before), row * width)
      partLines.set(this.#partLines.subarray(row * before, (row + 1) * before), row * width)
    }
    this.#width = width
    this.#parts = parts
    this.#partLines = partLines
  }
}

function copied<A extends Int32Array | Float64Array | Uint8Array>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}
