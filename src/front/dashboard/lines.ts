/** Which of a family's series, or of its sums by a label, get a line in a picture: the greatest. */
import type { FamilyType, MetricView } from '../../reading/metric-view.js'
import { MOST_LINES } from '../contract/dashboard.js'
import { Greatest } from './greatest.js'
import type { Room } from './room.js'
import { bytesOf, rankOf, type Sum, sumOf } from './sums.js'

export interface Line {
  readonly label: string
  readonly sum: Sum
}

export interface Found {
  /** The greatest first. */
  readonly greatest: readonly Line[]
  /** Whether memory did not hold all values of the label, so that others might be greater. */
  readonly partial: boolean
}

/** What is told apart. */
export interface Lines {
  add(metric: MetricView): void
  found(): Found
}

/** The series themselves, where there are few: else nothing is told apart. */
export class EachSeries implements Lines {
  readonly #type: FamilyType
  readonly #names: ReadonlySet<string>
  #lines: Line[] | undefined = []

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

  found(): Found {
    const greatest = new Greatest<Line>()
    for (const line of this.#lines ?? []) greatest.add(line.sum.rank, line)
    return { greatest: greatest.list, partial: false }
  }
}

/** The greatest series of a family with one label: each has a value of its own, so none but the greatest are held. */
export class GreatestSeries implements Lines {
  readonly #type: FamilyType
  readonly #label: Buffer
  readonly #greatest = new Greatest<Line>()

  constructor(type: FamilyType, label: string) {
    this.#type = type
    this.#label = Buffer.from(label)
  }

  add(metric: MetricView): void {
    const rank = rankOf(this.#type, metric)
    if (!this.#greatest.wants(rank)) return
    const sum = sumOf(this.#type)
    sum.add(metric)
    this.#greatest.add(rank, { label: labelValue(metric, this.#label, 'utf8'), sum })
  }

  found(): Found {
    return { greatest: this.#greatest.list, partial: false }
  }
}

/** Sums by the values of a label. */
export class SumsByLabel implements Lines {
  readonly #type: FamilyType
  readonly #label: Buffer
  readonly #room: Room
  /** By the bytes of the value, one character for each: that is cheaper than to decode them. */
  readonly #sums = new Map<string, Sum>()
  #partial = false

  constructor(type: FamilyType, label: string, room: Room) {
    this.#type = type
    this.#label = Buffer.from(label)
    this.#room = room
  }

  add(metric: MetricView): void {
    const key = labelValue(metric, this.#label, 'latin1')
    let sum = this.#sums.get(key)
    if (sum === undefined) {
      if (!this.#room.take(key.length + bytesOf(this.#type, metric))) {
        this.#partial = true
        return
      }
      sum = sumOf(this.#type)
      this.#sums.set(key, sum)
    }
    sum.add(metric)
  }

  found(): Found {
    const greatest = new Greatest<[key: string, sum: Sum]>()
    for (const entry of this.#sums) greatest.add(entry[1].rank, entry)
    const lines = greatest.list.map(([key, sum]) => ({ label: Buffer.from(key, 'latin1').toString(), sum }))
    return { greatest: lines, partial: this.#partial }
  }
}

/** The value of a series' label; '' where it has none of this name. */
function labelValue({ bytes, labels }: MetricView, name: Buffer, encoding: 'utf8' | 'latin1'): string {
  next: for (let n = 0; n < labels.length; n++) {
    const from = labels.nameFrom[n]!
    if (labels.nameTo[n]! - from !== name.length) continue
    for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name[at]) continue next
    return bytes.toString(encoding, labels.valueFrom[n], labels.valueTo[n])
  }
  return ''
}
