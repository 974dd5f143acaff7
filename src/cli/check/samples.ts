/** What a sample says, held against its type and the samples before it. */
import type { Code } from './codes.js'
import { type Families, type Family, type Format, linesOf, type Role } from './families.js'
import type { Findings } from './findings.js'
import { shown } from './findings.js'
import { Groups } from './groups.js'
import { textOf } from './numbers.js'
import type { Scanner } from './scanner.js'
import type { Series } from './series.js'

/** Types whose lines of one label set belong together. */
const GROUPED = ['histogram', 'gaugehistogram', 'summary']
const OWN_LABEL: Readonly<Record<string, 'le' | 'quantile'>> = {
  histogram: 'le',
  gaugehistogram: 'le',
  summary: 'quantile',
}
const START_TIME = 'process_start_time_seconds'

/** A counter that is lower than at the look before. */
export interface Fall {
  readonly line: number
  readonly family: string
  readonly series: string
  readonly from: number
  readonly to: number
}

export class Samples {
  readonly #openMetrics: boolean
  readonly #format: Format
  readonly #findings: Findings
  readonly #series: Series
  readonly #scanner: Scanner
  readonly #families: Families
  readonly #groups: Groups
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
  /** The first ones, and how many. */
  readonly falls: Fall[] = []
  fallen = 0
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
  }

  get bytes(): number {
    return this.#groups.bytes
  }

  end(): void {
    this.#groups.end(this.#families.all)
  }

  /** Takes the sample that the scanner has read. Gives the line where its series stood before, or 0. */
  take(bytes: Uint8Array, line: number): number {
    const { name, count, h1, h2, value, labels, parts1, parts2 } = this.#scanner
    const { family, role } = name
    this.#line = line
    this.count++
    family.samples++
    if (family.firstSample === 0) family.firstSample = line
    for (let n = 0; n < count; n++) {
      if (parts1[n] === 0) continue
      const label = labels[n]!
      label.values.add(parts1[n]!)
      label.without.add((h1 - parts1[n]!) | 0)
    }
    const type = family.type
    const own = OWN_LABEL[type!]
    const at = own === undefined && type !== 'stateset' ? -1 : this.#ownLabel(family, own)
    let g1 = (h1 - name.sum1 + family.sum1) | 0
    let g2 = (h2 - name.sum2 + family.sum2) | 0
    if (at >= 0) {
      g1 = (g1 - parts1[at]!) | 0
      g2 = (g2 - parts2[at]!) | 0
    }
    if ((this.#openMetrics || own !== undefined) && role !== 'none') this.#group(g1, g2, family)
    if (type !== undefined || role !== 'value' || this.#scanner.exemplar >= 0)
      this.#check(bytes, family, role, at)
    if (name.text === START_TIME) this.startTime = Math.max(this.startTime, value)
    const never = neverFalls(type, role)
    const prior = this.#series.see(h1, h2, line, never ? value : Number.NaN)
    if (prior === 0) {
      // Not so where there was none, which is NaN.
      if (never && value < this.#series.before) this.#fell(bytes, family, value)
      return 0
    }
    const another = this.#openMetrics && prior >= this.#groupLine && prior < this.#pointLine
    if (another) return 0
    family.duplicates++
    return prior
  }

  #ownLabel({ name }: Family, own: string | undefined): number {
    const { count, labels } = this.#scanner
    for (let n = 0; n < count; n++)
      if (own === undefined ? labels[n]!.name === name : labels[n]!.own === own) return n
    return -1
  }

  /** Notes which label set the line is of, and whether it is another point of it. */
  #group(g1: number, g2: number, family: Family): void {
    const { time } = this.#scanner
    const grouped = GROUPED.includes(family.type!)
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
      if (GROUPED.includes(type!)) this.#groups.sum(value)
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

  #fell(bytes: Uint8Array, family: Family, to: number): void {
    this.fallen++
    if (this.falls.length >= this.#findings.most) return
    this.falls.push({
      ...{ line: this.#line, family: family.name, from: this.#series.before, to },
      series: this.#seriesText(bytes),
    })
  }

  #seriesText(bytes: Uint8Array): string {
    const { name, count, labels } = this.#scanner
    const all = labels.slice(0, count).map((label, n) => `${label.name}="${this.#labelText(bytes, n)}"`)
    return count === 0 ? name.text : `${name.text}{${all.join(',')}}`
  }

  #labelText(bytes: Uint8Array, n: number): string {
    return textOf(bytes, this.#scanner.from[n]!, this.#scanner.to[n]!)
  }

  #add(code: Code, message: () => string): void {
    this.#findings.add(code, this.#line, 0, this.#scanner.name.family.name, message)
  }
}

function neverFalls(type: string | undefined, role: Role): boolean {
  if (type === 'counter') return role === 'value'
  if (type === 'histogram') return role === 'bucket' || role === 'count'
  return type === 'summary' && role === 'count'
}
