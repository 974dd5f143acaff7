/**
 * What each series of a family had counted at a look, so that the next look knows what each has counted since. A sum over
 * all series does not tell: where one ends and another goes on, it falls, or rises too little.
 *
 * A series is known by 53 bits of a keyed hash of its labels: of a hundred thousand, two are taken for one once in a
 * million times.
 */
import type { ListedFamily } from '../../exposition/family-list.js'
import type { MetricView } from '../../reading/metric-view.js'
import type { LabelHash } from './label-hash.js'
import { MOVELESS, type Moved } from './moved.js'

type Kind = ListedFamily['type']

const FIELDS = 3
const EMPTY = 0
/** Of a table's places; with more, a place takes long to find. */
const MOST_FILLED = 0.7
/** After so many ms, what was counted weighs half as much. */
const HALF_LIFE = 10_000
/** Clocks of different threads, and births that are noted a little late, ms. */
const TOLERANCE = 1_000

/** When, and from what, a look is made. */
export interface Moment {
  /** On a clock that never goes back, ms. */
  readonly at: number
  /** Since the epoch, ms. */
  readonly date: number
  /** The same one for all looks that follow each other. */
  readonly hash: LabelHash
}

/** Bytes of a table for so many series; of gauges there is none. */
export function tableBytes(series: number): number {
  return placesFor(series) * FIELDS * 8
}

/** Some series come between the list and the look. */
function placesFor(series: number): number {
  return Math.ceil((series * 1.02 + 64) / MOST_FILLED)
}

export function countsUp(type: Kind): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary'
}

export class SeriesCounts implements Moved {
  /** Of the series that was added last; 0 where nothing is known of the time before. */
  increase = 0
  score = 0
  /** Whether it has all series that it was given. */
  isWhole = true
  /** Of the look before, ms; undefined where nothing is known of it. */
  readonly elapsed: number | undefined
  readonly #moment: Moment
  readonly #type: Kind
  readonly #labels: string
  /** The look before. */
  #before: SeriesCounts | undefined
  readonly #decay: number
  /** For each place a key, what was counted, and the score. */
  readonly #table: Float64Array
  readonly #places: number
  #left: number

  constructor(moment: Moment, { type, labels, series }: ListedFamily, before: SeriesCounts | undefined) {
    const isBefore = before !== undefined && before.#moment.at < moment.at && before.#isOf(type, labels)
    this.elapsed = isBefore ? moment.at - before.#moment.at : undefined
    this.#moment = moment
    const places = placesFor(series)
    this.#type = type
    this.#labels = labels.join()
    this.#table = new Float64Array(places * FIELDS)
    this.#places = places
    this.#left = Math.floor(places * MOST_FILLED)
    this.#before = isBefore ? before : undefined
    this.#decay = 0.5 ** ((this.elapsed ?? 0) / HALF_LIFE)
  }

  /** Whether it is of such a family: another one of its name has other series. */
  #isOf(type: Kind, labels: readonly string[]): boolean {
    return type === this.#type && labels.join() === this.#labels
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  /** Notes what a series has counted, and what of it is new. */
  add(metric: MetricView): Moved {
    const count = this.#type === 'counter' ? metric.value : metric.count
    const { hash } = this.#moment
    hash.of(metric)
    const key = hash.low * 2 ** 21 + (hash.high >>> 11) + 1
    const before = this.#before
    this.increase = 0
    this.score = 0
    if (before !== undefined) {
      const at = before.#find(key)
      const isKnown = before.#table[at] === key
      const earlier = isKnown ? before.#table[at + 1]! : before.#unseen(metric.created) ? count : 0
      // One that fell was begun anew: all that it has is new.
      const increase = count >= earlier ? count - earlier : count
      this.increase = Number.isFinite(increase) ? increase : 0
      this.score = (isKnown ? before.#table[at + 2]! * this.#decay : 0) + this.increase
    }
    this.#set(key, count)
    return before === undefined ? MOVELESS : this
  }

  /** The look before is needed no more. */
  end(): void {
    this.#before = undefined
  }

  /** Whether a series that this look did not see was there: one that had expired comes back with all that it had counted. */
  #unseen(created: number): boolean {
    return created < this.#moment.date - TOLERANCE
  }

  #set(key: number, count: number): void {
    const at = this.#find(key)
    if (this.#table[at] === EMPTY) {
      if (this.#left === 0) {
        this.isWhole = false
        return
      }
      this.#left--
      this.#table[at] = key
    }
    this.#table[at + 1] = count
    this.#table[at + 2] = this.score
  }

  /** Where this key is, or would be. */
  #find(key: number): number {
    const table = this.#table
    const places = this.#places
    for (let place = Math.floor((key / 2 ** 53) * places); ; place++) {
      if (place === places) place = 0
      const at = place * FIELDS
      const found = table[at]!
      if (found === key || found === EMPTY) return at
    }
  }
}
