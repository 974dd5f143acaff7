/**
 * Takes lines of samples apart, byte by byte: no text is made of a line unless something in it is wrong or new. All that a
 * line has is left in the scanner's fields, which the next line overwrites.
 */

import { type HashKey, mix } from '../bytes/hash.js'
import {
  BACKSLASH,
  CLOSE,
  COMMA,
  END,
  EQUALS,
  HASH,
  isSame,
  KINDS,
  LF,
  OPEN,
  QUOTE,
  SPACE,
  STOP,
  TAB,
} from '../bytes/kinds.js'
import { NumberReader } from '../bytes/numbers.js'
import type { Format } from '../source/format.js'
import { readExemplar } from './exemplar.js'
import { type Fail, found } from './fail.js'
import type { Families, Label, Name } from './families.js'
import { NameReader } from './name-reader.js'
import { isValidUtf8 } from './utf8.js'

/** Between a label's name and its value in the hash: no byte of UTF-8. */
const BETWEEN = 0xff

export class Scanner {
  readonly #openMetrics: boolean
  readonly #key: HashKey
  readonly #names: NameReader
  readonly #fail: Fail
  readonly #numbers = new NumberReader()

  /** The number of the line, and of the piece of bytes that it is in. */
  line = 0
  chunk = 0
  name!: Name
  /** The hash of the series. */
  h1 = 0
  h2 = 0
  count = 0
  readonly labels: Label[] = []
  /** Of each label: its part of the hash, 0 where its value is empty, and where its value stands. */
  readonly parts1: number[] = []
  readonly parts2: number[] = []
  readonly from: number[] = []
  readonly to: number[] = []
  value = 0
  /** NaN where there is none. */
  time = Number.NaN
  /** Where the line begins, its value does, and it ends. */
  start = 0
  valueAt = 0
  end = 0
  /** Where an exemplar begins, or -1. */
  exemplar = -1

  constructor(format: Format, key: HashKey, families: Families, fail: Fail) {
    this.#openMetrics = format === 'openmetrics'
    this.#key = key
    this.#names = new NameReader(key, families)
    this.#fail = fail
  }

  /** Reads the line that begins at `start` and has a line feed. Whether it could be read. */
  read(bytes: Uint8Array, start: number): boolean {
    const { multiplier1, multiplier2 } = this.#key
    const name = this.#names.readName(bytes, start)
    if (name === undefined) return this.#noName(bytes, start)
    let at = start + name.bytes.length
    let c = bytes[at]!
    let h1 = 0
    let h2 = 0
    this.name = name
    const { family } = name
    let sum1 = name.sum1
    let sum2 = name.sum2
    let count = 0
    const om = this.#openMetrics
    const named = at
    if (!om) while (c === SPACE || c === TAB) c = bytes[++at]!
    if (c === OPEN) {
      c = bytes[++at]!
      for (;;) {
        if (!om) while (c === SPACE || c === TAB) c = bytes[++at]!
        // A comma may stand behind the last label in text.
        if (c === CLOSE && (count === 0 || !om)) break
        const from = at
        const label = this.#names.readLabel(bytes, at, family, count)
        if (label === undefined) {
          this.#fail('label', from, () => `expected the name of a label, found ${found(bytes, from)}`)
          return false
        }
        at += label.bytes.length
        c = bytes[at]!
        if (label.reserved) {
          this.#fail('label', from, () => 'label __name__ is reserved: it is the name of the metric')
          return false
        }
        if (label.line === this.line) {
          const { name } = label
          this.#fail('label', from, () => `label ${name} stands twice in the line`)
          return false
        }
        label.line = this.line
        if (!om) while (c === SPACE || c === TAB) c = bytes[++at]!
        if (c !== EQUALS) return this.#expected('"=" behind the name of a label', bytes, at)
        c = bytes[++at]!
        if (!om) while (c === SPACE || c === TAB) c = bytes[++at]!
        if (c !== QUOTE) return this.#expected('a label value in quotes', bytes, at)
        const valueFrom = ++at
        let part1 = label.part1
        let part2 = label.part2
        // Lines of a histogram, and of sorted series, have most values of the line before.
        const length = label.repeats && label.chunk === this.chunk ? label.to - label.from : -1
        if (length >= 0 && bytes[at + length] === QUOTE && isSame(bytes, at, label.from, length)) at += length
        else {
          h1 = Math.imul(((label.key1 << 5) | (label.key1 >>> 27)) ^ BETWEEN, multiplier1)
          h2 = Math.imul(((label.key2 << 5) | (label.key2 >>> 27)) ^ BETWEEN, multiplier2)
          let high = 0
          for (;;) {
            c = bytes[at]!
            if ((KINDS[c]! & STOP) !== 0) {
              if (c === QUOTE) break
              if (c === LF) return this.#expected('a quote at the end of a label value', bytes, at)
              c = this.#unescaped(bytes, at)
              if (c < 0) return false
              // A backslash that escapes nothing stands for itself.
              if (c !== BACKSLASH || bytes[at + 1] === BACKSLASH) at++
            }
            high |= c
            h1 = Math.imul(((h1 << 5) | (h1 >>> 27)) ^ c, multiplier1)
            h2 = Math.imul(((h2 << 5) | (h2 >>> 27)) ^ c, multiplier2)
            at++
          }
          if ((high & 0x80) !== 0 && !isValidUtf8(bytes, valueFrom, at)) {
            this.#fail('utf8', valueFrom, () => `the value of label ${label.name} is no UTF-8`)
            return false
          }
          // A label without a value is no label: the series is the same without it.
          const empty = at === valueFrom
          part1 = empty ? 0 : mix(h1)
          part2 = empty ? 0 : mix(h2)
          label.repeats = part1 === label.part1
          label.part1 = part1
          label.part2 = part2
        }
        label.from = valueFrom
        label.to = at
        label.chunk = this.chunk
        sum1 = (sum1 + part1) | 0
        sum2 = (sum2 + part2) | 0
        this.labels[count] = label
        this.parts1[count] = part1
        this.parts2[count] = part2
        this.from[count] = valueFrom
        this.to[count] = at
        count++
        c = bytes[++at]!
        if (!om) while (c === SPACE || c === TAB) c = bytes[++at]!
        if (c === CLOSE) break
        if (c !== COMMA) return this.#expected('"," or "}" behind a label value', bytes, at)
        c = bytes[++at]!
      }
      c = bytes[++at]!
    } else if (om ? c !== SPACE : at === named) {
      if (c !== LF) return this.#strangeName(bytes, start, at)
      return this.#expected('a value', bytes, at)
    }
    this.h1 = sum1
    this.h2 = sum2
    this.count = count
    this.start = start
    return om ? this.#restOfOpenMetrics(bytes, at) : this.#restOfText(bytes, at)
  }

  /** The value, and perhaps a time. */
  #restOfText(bytes: Uint8Array, at: number): boolean {
    let c = bytes[at]!
    while (c === SPACE || c === TAB) c = bytes[++at]!
    let to = this.#numberEnd(bytes, at)
    if (to < 0) return false
    this.time = Number.NaN
    this.end = to
    c = bytes[to]!
    if (c === LF) return true
    while (c === SPACE || c === TAB) c = bytes[++to]!
    if (c === LF) return this.#expected('the end of the line right behind the value', bytes, to)
    if (c === HASH) {
      this.#fail('exemplar', to, () => 'an exemplar, which only OpenMetrics has')
      return false
    }
    at = to
    while ((KINDS[bytes[to]!]! & END) === 0) to++
    this.time = this.#numbers.readInteger(bytes, at, to)
    if (this.#numbers.bad) {
      this.#fail('timestamp', at, () => `expected a time in whole milliseconds, found ${found(bytes, at)}`)
      return false
    }
    this.end = to
    return bytes[to] === LF || this.#expected('the end of the line right behind the time', bytes, to)
  }

  #restOfOpenMetrics(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] !== SPACE) return this.#expected('one space before the value', bytes, at)
    let to = this.#numberEnd(bytes, at + 1)
    if (to < 0) return false
    this.time = Number.NaN
    this.exemplar = -1
    this.end = to
    if (bytes[to] === LF) return true
    if (bytes[to] !== SPACE) return this.#expected('one space behind the value', bytes, to)
    if (bytes[to + 1] !== HASH) {
      const from = ++to
      while ((KINDS[bytes[to]!]! & END) === 0) to++
      this.time = this.#numbers.read(bytes, from, to)
      if (this.#numbers.bad || !Number.isFinite(this.time)) {
        this.#fail('timestamp', from, () => `expected a time in seconds, found ${found(bytes, from)}`)
        return false
      }
      this.end = to
      if (bytes[to] === LF) return true
      if (bytes[to] !== SPACE) return this.#expected('one space behind the time', bytes, to)
    }
    this.exemplar = to + 1
    this.end = bytes.indexOf(LF, to)
    return readExemplar(bytes, to + 1, this.#fail)
  }

  /** Reads a value, and says where it ends; -1 if it is none. */
  #numberEnd(bytes: Uint8Array, from: number): number {
    let to = from
    while ((KINDS[bytes[to]!]! & END) === 0) to++
    this.valueAt = from
    this.value = this.#numbers.read(bytes, from, to)
    if (!this.#numbers.bad) return to
    this.#fail('value', from, () => `expected a number as the value, found ${found(bytes, from)}`)
    return -1
  }

  /** The number that a label of the line has as its value; `undefined` if it has none, NaN if it is no number. */
  labelNumber(bytes: Uint8Array, n: number): number {
    const value = this.#numbers.read(bytes, this.from[n]!, this.to[n]!)
    return this.#numbers.bad ? Number.NaN : value
  }

  /** What a backslash and the byte behind it stand for; -1 if nothing. */
  #unescaped(bytes: Uint8Array, at: number): number {
    const c = bytes[at + 1]!
    if (c === QUOTE || c === BACKSLASH) return c
    if (c === 0x6e) return LF
    if (this.#openMetrics && c !== LF) return BACKSLASH
    this.#fail('escape', at, () => String.raw`expected \\, \" or \n, found ${found(bytes, at)}`)
    return -1
  }

  #noName(bytes: Uint8Array, start: number): boolean {
    if (bytes[start] === OPEN && bytes[start + 1] === QUOTE)
      this.#fail('name', start, () => 'a name in quotes, which readers before Prometheus 3 refuse')
    else this.#fail('name', start, () => `expected the name of a metric, found ${found(bytes, start)}`)
    return false
  }

  #strangeName(bytes: Uint8Array, start: number, at: number): boolean {
    this.#fail(
      'name',
      at,
      () => `expected "{" or a space behind a name, found ${found(bytes, at)} in ${found(bytes, start)}`,
    )
    return false
  }

  #expected(what: string, bytes: Uint8Array, at: number): false {
    this.#fail('syntax', at, () => `expected ${what}, found ${found(bytes, at)}`)
    return false
  }
}
