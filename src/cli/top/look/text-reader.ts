/**
 * Reads an exposition in text 0.0.4 or OpenMetrics, as it comes. Of a line that was there before nothing is made but its
 * hash and its value; names and labels are read of lines that are new.
 */
import { mix } from '../../bytes/hash.js'
import { BACKSLASH, CLOSE, END, HASH, KINDS, LF, OPEN, QUOTE, SPACE, TAB } from '../../bytes/kinds.js'
import { Lines } from '../../bytes/lines.js'
import { NumberReader, textOf } from '../../bytes/numbers.js'
import { type Family, PART } from './family.js'
import { type Label, labelsOf } from './labels.js'
import type { Model } from './model.js'
import { NONE } from './tally.js'

const COMMENT = /^#[ \t]+(HELP|TYPE)[ \t]+(\S+)[ \t]*(.*?)\r?$/s
/** Longer ones are cut. */
const MOST_COMMENT = 1000

export class TextReader {
  readonly #model: Model
  readonly #numbers = new NumberReader()
  readonly #lines: Lines
  bytes = 0
  /** Lines of TYPE and HELP. */
  comments = 0

  constructor(model: Model) {
    this.#model = model
    this.#lines = new Lines({
      lines: (bytes, from, to) => this.#read(bytes, from, to),
      long: () => {
        model.bad++
      },
    })
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.#lines.write(chunk)
  }

  /** Returns whether the last line had an end. */
  end(): boolean {
    const rest = this.#lines.end()
    if (rest.length > 0) this.#read(Buffer.concat([rest, Buffer.of(LF)]), 0, rest.length + 1)
    return rest.length === 0
  }

  #read(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const c = bytes[at]!
      if (c === SPACE || c === TAB || c === LF) at++
      else if (c === HASH) {
        const end = bytes.indexOf(LF, at)
        this.#comment(textOf(bytes, at, Math.min(end, at + MOST_COMMENT)))
        at = end + 1
      } else at = this.#sample(bytes, at)
    }
  }

  #comment(line: string): void {
    const [, what, name, rest] = COMMENT.exec(line) ?? []
    if (name === undefined) return
    this.comments++
    const { families } = this.#model
    if (what === 'TYPE') families.typeIs(name, rest!.trim())
    else families.helpIs(name, rest!.replaceAll('\\n', ' ').replaceAll('\\\\', '\\'))
  }

  /** Returns where the next line begins. */
  #sample(bytes: Uint8Array, start: number): number {
    const { seed1, seed2, multiplier1, multiplier2 } = this.#model.key
    let h1 = seed1
    let h2 = seed2
    let at = start
    let c = bytes[at]!
    while (c !== OPEN && (KINDS[c]! & END) === 0) {
      h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
      h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
      c = bytes[++at]!
    }
    const nameEnd = at
    if (c === OPEN) {
      for (;;) {
        c = bytes[++at]!
        if (c === CLOSE) break
        if (c === LF) return this.#bad(at)
        h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
        h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
        if (c !== QUOTE) continue
        for (;;) {
          c = bytes[++at]!
          if (c === LF) return this.#bad(at)
          h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
          h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
          if (c === QUOTE) break
          if (c !== BACKSLASH) continue
          c = bytes[++at]!
          if (c === LF) return this.#bad(at)
          h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
          h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
        }
      }
      c = bytes[++at]!
    }
    const headEnd = at
    while (c === SPACE || c === TAB) c = bytes[++at]!
    const from = at
    while ((KINDS[bytes[at]!]! & END) === 0) at++
    const value = this.#numbers.read(bytes, from, bytes[at - 1] === 0x0d ? at - 1 : at)
    const end = bytes[at] === LF ? at : bytes.indexOf(LF, at)
    if (this.#numbers.bad || nameEnd === start) return this.#bad(end)
    h1 = mix(h1)
    h2 = mix(h2)
    this.#model.samples++
    const { store } = this.#model
    const series = store.find(h1, h2) || this.#add(bytes, start, nameEnd, headEnd, h1, h2)
    if (series !== 0) {
      this.#enterRow(series, bytes, nameEnd, headEnd)
      this.#model.take(series, value, bytes, start, headEnd)
    }
    return end + 1
  }

  #bad(at: number): number {
    this.#model.bad++
    return at + 1
  }

  /** A series that was not known. 0 where it is shown nowhere. */
  #add(bytes: Uint8Array, start: number, nameEnd: number, headEnd: number, h1: number, h2: number): number {
    const name = textOf(bytes, start, nameEnd)
    const labels = labelsOf(bytes, nameEnd, headEnd)
    const line = this.#model.families.line(
      name,
      labels.some(([label]) => label === 'le'),
    )
    if (line === undefined) return 0
    if (this.#model.store.isFull) {
      this.#model.beyond++
      return 0
    }
    const { family } = line
    const role = line.role === PART ? this.#partOf(family, labels) : line.role
    return this.#model.store.add(h1, h2, family.number, role)
  }

  #partOf(family: Family, labels: readonly Label[]): number {
    const bound = labels.find(([name]) => name === family.partLabel)?.[1]
    if (bound === undefined) return NONE
    const text = Buffer.from(bound)
    const value = this.#numbers.read(text, 0, text.length)
    return this.#numbers.bad ? NONE : family.part(value)
  }

  /** The first time that somebody looks into its family. */
  #enterRow(series: number, bytes: Uint8Array, nameEnd: number, headEnd: number): void {
    const { opened, store } = this.#model
    if (opened === undefined || store.row[series] !== 0) return
    if (store.family[series] !== opened.family.number) return
    const row = opened.rowOf(labelsOf(bytes, nameEnd, headEnd))
    store.row[series] = row < 0 ? -1 : row + 1
  }
}
