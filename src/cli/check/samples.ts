/** What a sample says, held against its type and the samples before it. */

import { textOf } from '../bytes/numbers.js'
import type { Format } from '../source/format.js'
import { Batch } from './batch.js'
import type { Code } from './codes.js'
import { type Families, type Family, linesOf, type Role } from './families.js'
import type { Findings } from './findings.js'
import { shown } from './findings.js'
import { Groups } from './groups.js'
import type { Scanner } from './scanner.js'
import type { Series } from './series.js'

const START_TIME = 'process_start_time_seconds'

export class Samples {
  readonly #openMetrics: boolean
  readonly #format: Format
  readonly #findings: Findings
  readonly #series: Series
  readonly #scanner: Scanner
  readonly #families: Families
  readonly #groups: Groups
  readonly batch: Batch
  #line = 0
  /** The label set of the line before, in its family. */
  #g1 = 0
  #g2 = 0
  #groupFamily: Family | undefined
  #groupLine = 0
  /** Where the point began that the line is of: a label set may have several, each later than the one before. */
  #pointLine = 0
  #time = Number.NaN
  count = 0
  /** When the process was started, in seconds; 0 if it does not say. */
  startTime = 0

  constructor(format: Format, findings: Findings, series: Series, scanner: Scanner, families: Families) {
    this.#format = format
    this.#openMetrics = format === 'openmetrics'
    this.#findings = findings
    this.#series = series
    this.#scanner = scanner
    this.#families = families
    this.#groups = new Groups(format, findings)
    this.batch = new Batch(series, findings)
  }

  get bytes(): number {
    return this.#groups.bytes
  }

  end(): void {
    this.#groups.end(this.#families.all)
  }

  /** Takes the sample that the scanner has read. Bytes may change only behind `flush()`. */
  take(bytes: Uint8Array, line: number): void {
    const { name, count, h1, h2, value, labels, parts1, parts2, start, valueAt } = this.#scanner
    const { family, role } = name
    this.#line = line
    this.count++
    family.samples++
    if (family.firstSample === 0) family.firstSample = line
    for (let n = 0; n < count; n++) {
      const part1 = parts1[n]!
      if (part1 === 0) continue
      const label = labels[n]!
      label.values.add(part1)
      label.without.add((h1 - part1) | 0)
    }
    const { type, own } = family
    const at = own === undefined && type !== 'stateset' ? -1 : this.#ownLabel(family, own)
    if ((this.#openMetrics || own !== undefined) && role !== 'none') {
      const g1 = h1 - name.sum1 + family.sum1 - (at < 0 ? 0 : parts1[at]!)
      const g2 = h2 - name.sum2 + family.sum2 - (at < 0 ? 0 : parts2[at]!)
      this.#group(g1 | 0, g2 | 0, family)
    }
    if (type !== undefined || role !== 'value' || this.#scanner.exemplar >= 0)
      this.#check(bytes, family, role, at)
    if (name.text === START_TIME) this.startTime = Math.max(this.startTime, value)
    this.batch.add(family, h1, h2, line, name.counts ? value : Number.NaN, bytes, start, valueAt)
    // Whether a series may stand there again is known now alone.
    if (this.#openMetrics) this.flush(bytes)
  }

  /** Looks up the series that were read. */
  flush(bytes: Uint8Array): void {
    this.batch.flush(bytes, this.#openMetrics ? this.#isAnotherPoint : undefined)
  }

  readonly #isAnotherPoint = (first: number) => first >= this.#groupLine && first < this.#pointLine

  #ownLabel({ name }: Family, own: string | undefined): number {
    const { count, labels } = this.#scanner
    for (let n = 0; n < count; n++)
      if (own === undefined ? labels[n]!.name === name : labels[n]!.own === own) return n
    return -1
  }

  /** Notes which label set the line is of, and whether it is another point of it. */
  #group(g1: number, g2: number, family: Family): void {
    const { time } = this.#scanner
    const grouped = family.own !== undefined
    if (g1 !== this.#g1 || g2 !== this.#g2 || family !== this.#groupFamily) {
      this.#g1 = g1
      this.#g2 = g2
      this.#groupFamily = family
      this.#groupLine = this.#line
      this.#pointLine = this.#line
      this.#time = time
      const back = grouped ? this.#groups.enter(g1, g2, family, this.#line) : this.#hasSibling(family)
      if (back && this.#openMetrics)
        this.#add(
          'interleaved',
          () => `a label set of ${family.name} goes on here: its lines must be together`,
        )
      return
    }
    if (!this.#openMetrics) return
    if (Number.isNaN(time) !== Number.isNaN(this.#time))
      this.#add(
        'timestamp',
        () => `some lines of this label set of ${family.name} have a time, and others none`,
      )
    else if (time < this.#time)
      this.#add('timestamp', () => `the time ${time} is before ${this.#time}, which stands above`)
    else if (time > this.#time) {
      this.#pointLine = this.#line
      if (grouped) this.#groups.restart()
    }
    this.#time = time
  }

  /** Whether a counter's other line with this label set stood above: groups are not held for counters, which are many. */
  #hasSibling({ type, names }: Family): boolean {
    if (type !== 'counter' || names.length < 2) return false
    const { name: own, h1, h2 } = this.#scanner
    return names.some(name => {
      if (name === own) return false
      return this.#series.has((h1 - own.sum1 + name.sum1) | 0, (h2 - own.sum2 + name.sum2) | 0)
    })
  }

  #check(bytes: Uint8Array, family: Family, role: Role, at: number): void {
    const { value, exemplar } = this.#scanner
    const { type } = family
    if (role === 'none') {
      const expected = Object.keys(linesOf(this.#format, type)).map(suffix => family.name + suffix)
      const { text } = this.#scanner.name
      this.#add('sample', () => `${text} is no line of a ${type}: expected ${expected.join(', ')}`)
      return
    }
    if (exemplar >= 0 && role !== 'bucket' && !(type === 'counter' && role === 'value'))
      this.#add('exemplar', () => 'an exemplar stands only with the total of a counter, or a bucket')
    if (role === 'bucket') this.#bucket(bytes, family, at)
    else if (role === 'count') {
      this.#notNegative(value, '_count')
      this.#groups.count(value, family, this.#line)
    } else if (role === 'sum') {
      this.#groups.sum(value)
      if (this.#openMetrics && (type === 'summary' || Number.isNaN(value))) this.#notNegative(value, '_sum')
    } else if (role === 'value') this.#value(bytes, family, value, at)
  }

  #value(bytes: Uint8Array, { type, name }: Family, value: number, at: number): void {
    if (type === 'counter') {
      if (this.#openMetrics) this.#notNegative(value, 'a counter')
      else if (!(value >= 0)) this.#add('value-range', () => `a counter is ${value}`)
    } else if (type === 'summary') this.#quantile(bytes, name, at)
    else if (type === 'info' && value !== 1)
      this.#add('info', () => `the value of an info is 1, and not ${value}`)
    else if (type === 'stateset') {
      if (at < 0) this.#add('stateset', () => `a stateset has a label of its own name, ${name}`)
      if (value !== 0 && value !== 1) this.#add('stateset', () => `a state is 0 or 1, and not ${value}`)
    }
  }

  #bucket(bytes: Uint8Array, family: Family, at: number): void {
    const { value } = this.#scanner
    const bound = at < 0 ? Number.NaN : this.#scanner.labelNumber(bytes, at)
    if (Number.isNaN(bound)) {
      this.#add('bucket-bound', () => {
        return at < 0
          ? 'a bucket has no label le'
          : `le is ${shown(this.#labelText(bytes, at))}, which is no number`
      })
      return
    }
    this.#notNegative(value, 'a bucket')
    if (this.#openMetrics) this.#canonical(bytes, 'le', at)
    this.#groups.bucket(bound, value, family, this.#line, 0)
  }

  #quantile(bytes: Uint8Array, name: string, at: number): void {
    const quantile = at < 0 ? Number.NaN : this.#scanner.labelNumber(bytes, at)
    if (!(quantile >= 0 && quantile <= 1)) {
      this.#add('quantile', () => {
        if (at < 0) return `a line ${name} of a summary has a label quantile`
        return `quantile is ${shown(this.#labelText(bytes, at))}: expected a number from 0 to 1`
      })
    } else if (this.#openMetrics) this.#canonical(bytes, 'quantile', at)
    const { value } = this.#scanner
    if (this.#openMetrics && value < 0) this.#add('negative', () => `a quantile is negative: ${value}`)
  }

  /** A bound is part of a series' name: 1 and 1.0 would be two. */
  #canonical(bytes: Uint8Array, what: string, at: number): void {
    const { from, to } = this.#scanner
    for (let n = from[at]!; n < to[at]!; n++) {
      const c = bytes[n]!
      // A point, or an exponent.
      if (c === 0x2e || (c | 0x20) === 0x65) return
    }
    const text = this.#labelText(bytes, at)
    if (text === '+Inf') return
    this.#add('canonical', () => `${what} is ${shown(text)}: expected a float such as 1.0, or +Inf`)
  }

  #notNegative(value: number, what: string): void {
    if (!(value >= 0)) this.#add('negative', () => `${what} is ${value}`)
  }

  #labelText(bytes: Uint8Array, n: number): string {
    return textOf(bytes, this.#scanner.from[n]!, this.#scanner.to[n]!)
  }

  #add(code: Code, message: () => string): void {
    this.#findings.add(code, this.#line, 0, this.#scanner.name.family.name, message)
  }
}
