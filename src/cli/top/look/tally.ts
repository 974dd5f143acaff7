/** What series have together: of a family, of a series that is a row, of all with one value of a label. */
import { type Bucket, type Buckets, quantileOf } from '../../../reading/buckets.js'

/** What a line is of its family; 0 and above is the number of its bucket, or quantile. */
export const VALUE = -1
export const SUM = -2
export const COUNT = -3
/** Not shown: when it was created, for one. */
export const NONE = -4

/** Most have no parts, and there can be many of those. */
const NONE_YET: number[] = []

export class Tally {
  /** Lines with a value or a count: that many series there are. */
  lines = 0
  /** The sum of values, or of counts; and by how much they rose. */
  value = 0
  rise = 0
  /** Whether any of it was there in the look before. */
  compared = false
  /** Of each bucket: by how much it rose. Of each quantile: its greatest value. */
  parts = NONE_YET
  /** How many lines each has. */
  partLines = NONE_YET

  clear(): void {
    this.lines = 0
    this.value = 0
    this.rise = 0
    this.compared = false
    this.parts.fill(0)
    this.partLines.fill(0)
  }

  /** `rise`: NaN where there is nothing to compare with. `buckets`: whether parts are added up. */
  add(role: number, value: number, rise: number, buckets: boolean): void {
    const compared = !Number.isNaN(rise)
    if (role >= 0) {
      this.makeParts(role + 1)
      if (!buckets) {
        this.parts[role] = this.partLines[role] === 0 ? value : greater(this.parts[role]!, value)
      } else if (compared) this.parts[role]! += rise
      this.partLines[role]!++
    } else if (role === SUM) return
    else if (role !== NONE) {
      this.lines++
      if (!Number.isNaN(value)) this.value += value
      if (compared) this.rise += rise
    }
    if (compared) this.compared = true
  }

  /** So many parts at least. */
  makeParts(count: number): void {
    if (count > 0 && this.parts === NONE_YET) {
      this.parts = []
      this.partLines = []
    }
    while (this.parts.length < count) {
      this.parts.push(0)
      this.partLines.push(0)
    }
  }

  /** A series may lack its count: then a bucket, or quantile, of it counts. */
  get series(): number {
    let most = this.lines
    for (const lines of this.partLines) if (lines > most) most = lines
    return most
  }

  /** `buckets`: whether parts are added up; else the greatest one is told. */
  merge(other: Tally, buckets: boolean): void {
    this.lines += other.lines
    this.value += other.value
    this.rise += other.rise
    this.compared ||= other.compared
    this.makeParts(other.parts.length)
    for (let n = 0; n < other.parts.length; n++) {
      this.parts[n] = buckets ? this.parts[n]! + other.parts[n]! : greater(this.parts[n]!, other.parts[n]!)
      this.partLines[n]! += other.partLines[n]!
    }
  }
}

/** A quantile of nothing is NaN. */
export function greater(one: number, other: number): number {
  return Number.isNaN(one) || other > one ? other : one
}

/** What was observed between two looks, as a list of buckets. `bounds` are those of the parts, in any order. */
export function bucketsOf({ parts }: Tally, bounds: readonly number[]): Buckets {
  const sorted = bounds
    .map((bound, n): Bucket => [bound === Number.POSITIVE_INFINITY ? null : bound, parts[n] ?? 0])
    .sort(([a], [b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
  // Series of one family may have other bounds than the next one: a list of all has each count at least.
  let least = 0
  return sorted.map(([bound, count]): Bucket => {
    least = Math.max(least, count)
    return [bound, least]
  })
}

export const QUANTILES = [0.5, 0.9, 0.99] as const

export function quantilesOf(buckets: Buckets): (number | undefined)[] {
  return QUANTILES.map(q => quantileOf(buckets, q))
}
