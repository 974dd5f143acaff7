/** Label sets of very many rows. Values are numbered, and a row is a number for each name: texts are made when asked for. */
import { type Label, shown } from './labels.js'

/** More names of labels nobody goes through: what has others keeps them as a text. */
const MOST_NAMES = 100
const FIRST = 64
/** What a row, and a value, takes beside its characters, in bytes. */
const ROW = 64
const VALUE = 64

/** The values of one label. Number 0 is that it is not there. */
class Column {
  readonly name: string
  readonly values: (string | undefined)[] = [undefined]
  readonly #numbers = new Map<string, number>()
  of = new Int32Array(FIRST)

  constructor(name: string) {
    this.name = name
  }

  number(value: string): number | undefined {
    return this.#numbers.get(value)
  }

  add(value: string): number {
    const number = this.values.push(value) - 1
    this.#numbers.set(value, number)
    return number
  }

  set(row: number, number: number): void {
    if (row >= this.of.length) {
      const longer = new Int32Array(Math.max(row + 1, this.of.length * 2))
      longer.set(this.of)
      this.of = longer
    }
    this.of[row] = number
  }
}

export class LabelSets {
  size = 0
  /** Names of labels, as they came. */
  readonly names: string[] = []
  readonly #columns: Column[] = []
  readonly #byName = new Map<string, Column>()
  /** Of rows whose labels have more names. */
  readonly #rest = new Map<number, string>()
  readonly #rows = new Map<string, number>()
  readonly #mostRows: number
  readonly #mostBytes: number
  #bytes = 0

  constructor(mostRows: number, mostBytes: number) {
    this.#mostRows = mostRows
    this.#mostBytes = mostBytes
  }

  /** The row of a label set, known or new; -1 where there is no room. In whatever order labels come, it is the same. */
  rowOf(labels: readonly Label[]): number {
    const rest: Label[] = []
    const numbers: number[] = []
    let isKnown = true
    for (const [name, value] of labels) {
      const at = this.#columnOf(name)
      if (at < 0) rest.push([name, value])
      else {
        const number = this.#columns[at]!.number(value)
        if (number === undefined) isKnown = false
        numbers[at] = number ?? 0
      }
    }
    const text = rest.length === 0 ? '' : shown(rest.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const known = isKnown ? this.#rows.get(keyOf(numbers, text)) : undefined
    return known ?? this.#add(labels, numbers, text)
  }

  #columnOf(name: string): number {
    const column = this.#byName.get(name)
    if (column !== undefined) return this.#columns.indexOf(column)
    if (this.names.length === MOST_NAMES) return -1
    const made = new Column(name)
    this.#byName.set(name, made)
    this.names.push(name)
    return this.#columns.push(made) - 1
  }

  #add(labels: readonly Label[], numbers: number[], text: string): number {
    if (this.size === this.#mostRows) return -1
    let bytes = ROW + text.length
    for (const [name, value] of labels)
      if (this.#byName.get(name)?.number(value) === undefined) bytes += VALUE + value.length
    if (this.#bytes + bytes > this.#mostBytes) return -1
    this.#bytes += bytes
    const row = this.size++
    for (const [name, value] of labels) {
      const column = this.#byName.get(name)
      if (column === undefined) continue
      const number = column.number(value) ?? column.add(value)
      column.set(row, number)
      numbers[this.#columns.indexOf(column)] = number
    }
    if (text !== '') this.#rest.set(row, text)
    this.#rows.set(keyOf(numbers, text), row)
    return row
  }

  /** As a person reads them. */
  text(row: number): string {
    const labels: Label[] = []
    for (const { name, values, of } of this.#columns) {
      const value = values[of[row] ?? 0]
      if (value !== undefined) labels.push([name, value])
    }
    const rest = this.#rest.get(row)
    const text = shown(labels)
    return rest === undefined ? text : text === '' ? rest : `${text} ${rest}`
  }

  /** The value of one label; undefined where it is not there. */
  value(row: number, name: string): string | undefined {
    const column = this.#byName.get(name)
    return column?.values[column.of[row] ?? 0]
  }
}

/** What is behind the last label that is there says nothing. */
function keyOf(numbers: readonly number[], rest: string): string {
  let length = numbers.length
  while (length > 0 && !numbers[length - 1]) length--
  const text = numbers.slice(0, length).join()
  return rest === '' ? text : `${text} ${rest}`
}
