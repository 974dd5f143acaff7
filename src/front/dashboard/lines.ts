/** Which of a family's series, or of its sums by a label, get a line in a picture: the greatest. */
import type { FamilyType, MetricView } from '../../reading/metric-view.js'
import { rankOf, type Sum, sumOf } from './sums.js'

export interface Line {
  readonly label: string
  readonly sum: Sum
}

/** What is told apart. */
export interface Lines {
  add(metric: MetricView): void
  /** The greatest first. */
  greatest(): readonly Line[]
  /** Whether memory did not hold all values of the label, so that others might be greater. */
  readonly partial: boolean
}

/** A picture with more could not be read. */
export const MOST_LINES = 10
/** Values of a label whose sums are held at once. */
const MOST_NUMBERS = 100_000
const MOST_HISTOGRAMS = 5_000

/** The series themselves, where there are few: else nothing is told apart. */
export class EachSeries implements Lines {
  readonly #type: FamilyType
  readonly #names: ReadonlySet<string>
  #lines: Line[] | undefined = []
  readonly partial = false

  constructor(type: FamilyType, names: readonly string[]) {
    this.#type = type
    this.#names = new Set(names)
  }

  add(metric: MetricView): void {
    if (this.#lines === undefined) return
    if (this.#lines.length === MOST_LINES) {
      this.#lines = undefined
      return
    }
    const sum = sumOf(this.#type)
    sum.add(metric)
    this.#lines.push({ label: this.#text(metric), sum })
  }

  /** Its own labels; the others are the same everywhere. */
  #text({ bytes, labels }: MetricView): string {
    const pairs: string[] = []
    for (let n = 0; n < labels.length; n++) {
      const name = bytes.toString('utf8', labels.nameFrom[n], labels.nameTo[n])
      if (this.#names.has(name))
        pairs.push(
          `${name}=${JSON.stringify(bytes.toString('utf8', labels.valueFrom[n], labels.valueTo[n]))}`,
        )
    }
    return pairs.join(',')
  }

  greatest(): readonly Line[] {
    return sorted(this.#lines ?? [])
  }
}

/** The greatest series of a family with one label: each has a value of its own, so none but the greatest are held. */
export class GreatestSeries implements Lines {
  readonly #type: FamilyType
  readonly #label: Buffer
  /** The least first. */
  #lines: Line[] = []
  readonly partial = false

  constructor(type: FamilyType, label: string) {
    this.#type = type
    this.#label = Buffer.from(label)
  }

  add(metric: MetricView): void {
    const rank = rankOf(this.#type, metric)
    if (this.#lines.length === MOST_LINES && !(rank > this.#lines[0]!.sum.rank)) return
    const n = indexOf(metric, this.#label)
    const { bytes, labels } = metric
    const label = n < 0 ? '' : bytes.toString('utf8', labels.valueFrom[n], labels.valueTo[n])
    const sum = sumOf(this.#type)
    sum.add(metric)
    if (this.#lines.length === MOST_LINES) this.#lines.shift()
    let at = this.#lines.length
    while (at > 0 && this.#lines[at - 1]!.sum.rank > rank) at--
    this.#lines.splice(at, 0, { label, sum })
  }

  greatest(): readonly Line[] {
    return sorted(this.#lines)
  }
}

/** Sums by the values of a label. */
export class SumsByLabel implements Lines {
  readonly #type: FamilyType
  readonly #label: Buffer
  readonly #most: number
  /** By the bytes of the value, one character for each: that is cheaper than to decode them. */
  readonly #sums = new Map<string, Sum>()
  partial = false

  constructor(type: FamilyType, label: string) {
    this.#type = type
    this.#label = Buffer.from(label)
    this.#most = type === 'histogram' ? MOST_HISTOGRAMS : MOST_NUMBERS
  }

  add(metric: MetricView): void {
    const n = indexOf(metric, this.#label)
    const { bytes, labels } = metric
    const key = n < 0 ? '' : bytes.toString('latin1', labels.valueFrom[n], labels.valueTo[n])
    let sum = this.#sums.get(key)
    if (sum === undefined) {
      if (this.#sums.size === this.#most) {
        this.partial = true
        return
      }
      sum = sumOf(this.#type)
      this.#sums.set(key, sum)
    }
    sum.add(metric)
  }

  greatest(): readonly Line[] {
    let lines: [key: string, sum: Sum][] = []
    for (const entry of this.#sums) {
      lines.push(entry)
      // All of them are never sorted.
      if (lines.length >= 32 * MOST_LINES) lines = firstOf(lines)
    }
    return firstOf(lines).map(([key, sum]) => ({ label: Buffer.from(key, 'latin1').toString(), sum }))
  }
}

function firstOf(lines: [string, Sum][]): [string, Sum][] {
  return lines.sort(([, a], [, b]) => descending(a.rank, b.rank)).slice(0, MOST_LINES)
}

function sorted(lines: readonly Line[]): Line[] {
  return [...lines].sort((a, b) => descending(a.sum.rank, b.sum.rank))
}

/** Infinities are the same as themselves. */
function descending(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1
}

/** Which of a series' labels has this name; -1 for none. */
function indexOf({ bytes, labels }: MetricView, name: Buffer): number {
  next: for (let n = 0; n < labels.length; n++) {
    const from = labels.nameFrom[n]!
    if (labels.nameTo[n]! - from !== name.length) continue
    for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name[at]) continue next
    return n
  }
  return -1
}
