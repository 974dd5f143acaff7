/** Which of a family's series, or of its sums by a label, get a line in a picture: the greatest. */
import type { FamilyType, MetricView } from '../../reading/metric-view.js'
import { MOST_LINES } from '../contract/dashboard.js'
import { Greatest } from './greatest.js'
import { type Moved, MovedSum } from './moved.js'
import type { Room } from './room.js'
import { bytesOf, rankOf, type Sum, sumOf } from './sums.js'

export interface Line {
  readonly label: string
  readonly sum: Sum
  readonly moved: Moved
}

export interface Found {
  /** The greatest first. */
  readonly greatest: readonly Line[]
  /** Whether memory did not hold all values of the label, so that others might be greater. */
  readonly partial: boolean
}

/**
 * What is told apart. The busiest are the greatest; where nothing is known of the time before, or nothing moves, those
 * that have most.
 */
export interface Lines {
  /** `moved` is written anew for each series. */
  add(metric: MetricView, moved: Moved): void
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

  add(metric: MetricView, moved: Moved): void {
    if (this.#lines === undefined) return
    if (this.#lines.length === MOST_LINES) {
      this.#lines = undefined
      return
    }
    const sum = sumOf(this.#type)
    sum.add(metric)
    this.#lines.push({
      label: this.#text(metric),
      sum,
      moved: { increase: moved.increase, score: moved.score },
    })
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
    for (const line of this.#lines ?? []) greatest.add(line.moved.score, line.sum.rank, line)
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

  add(metric: MetricView, moved: Moved): void {
    const rank = rankOf(this.#type, metric)
    const { increase, score } = moved
    if (!this.#greatest.wants(score, rank)) return
    const sum = sumOf(this.#type)
    sum.add(metric)
    const label = labelValue(metric, this.#label, 'utf8')
    this.#greatest.add(score, rank, { label, sum, moved: { increase, score } })
  }

  found(): Found {
    return { greatest: this.#greatest.list, partial: false }
  }
}

interface Summed {
  readonly sum: Sum
  readonly moved: MovedSum
}

/** Sums by the values of a label. */
export class SumsByLabel implements Lines {
  readonly #type: FamilyType
  readonly #label: Buffer
  readonly #room: Room
  /** By the bytes of the value, one character for each: that is cheaper than to decode them. */
  readonly #sums = new Map<string, Summed>()
  #partial = false

  constructor(type: FamilyType, label: string, room: Room) {
    this.#type = type
    this.#label = Buffer.from(label)
    this.#room = room
  }

  add(metric: MetricView, moved: Moved): void {
    const key = labelValue(metric, this.#label, 'latin1')
    let summed = this.#sums.get(key)
    if (summed === undefined) {
      if (!this.#room.take(key.length + bytesOf(this.#type, metric))) {
        this.#partial = true
        return
      }
      summed = { sum: sumOf(this.#type), moved: new MovedSum() }
      this.#sums.set(key, summed)
    }
    summed.sum.add(metric)
    summed.moved.add(moved)
  }

  found(): Found {
    const greatest = new Greatest<[key: string, summed: Summed]>()
    for (const entry of this.#sums) greatest.add(entry[1].moved.score, entry[1].sum.rank, entry)
    const lines = greatest.list.map(([key, summed]) => ({
      label: Buffer.from(key, 'latin1').toString(),
      ...summed,
    }))
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
