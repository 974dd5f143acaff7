/**
 * Which series a push has told of, so that it can tell when they are gone. A bit for each place: with labels and values of
 * their own, two million series would take more memory than all else that a push does.
 *
 * Assumes: A place that is hidden or freed keeps its label text until it is FREE, which is one sweep later at least
 * (lifecycle/states.ts). So who looks once between two sweeps misses none but those that a thread used again since.
 * Guarantees: What is told to be gone was told of before, and was not exposed when it was looked at. One that comes back
 * is told of with the next push.
 */
import type { Family } from '../catalogue/families.js'
import { placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'

/** Places of one page, one behind the other, that are gone. */
export interface GoneRun {
  readonly family: Family
  readonly page: number
  readonly first: number
  readonly count: number
  /** Whether its family is gone, and what is exposed of it is, too. */
  readonly all: boolean
}

export class PushedSeries {
  readonly #arena: Arena
  readonly #bits: Uint32Array

  constructor(arena: Arena) {
    this.#arena = arena
    // Places are PLACE_WORDS apart at least, so no two of them have a bit in common.
    this.#bits = new Uint32Array(Math.ceil(arena.u8.length / L.WORD_BYTES / L.PLACE_WORDS / 32))
  }

  /** Notes the series of a slot's pieces that are exposed now. */
  note(slot: number): void {
    const { i32 } = this.#arena
    const pieces = i32[slot * 2 + L.SLOT_PIECES]
    for (let n = 0; n < pieces; n++) {
      const at = (slot + L.SLOT_PIECE_TABLE_WORD) * 2 + n * L.PIECE_FIELDS
      if (i32[i32[at + L.PIECE_FAMILY] * 2 + L.F_LABELS] === 0) continue
      this.#notePiece(i32[at + L.PIECE_PAGE], i32[at + L.PIECE_FIRST], i32[at + L.PIECE_COUNT])
    }
  }

  #notePiece(page: number, first: number, count: number): void {
    const { i32 } = this.#arena
    while (count > 0 && page !== 0) {
      const capacity = i32[page * 2 + L.PAGE_CAPACITY]
      const end = Math.min(capacity, first + count)
      count -= end - first
      for (let place = placeAt(page, first); first < end; first++, place += L.PLACE_WORDS) {
        if (!isLive(Atomics.load(i32, place * 2 + L.PLACE_STATE))) continue
        this.#set(place)
      }
      page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)
      first = 0
    }
  }

  /**
   * The series of a family that were told of and are not exposed any more, which are then not noted any more; `all` of
   * them where the family itself is gone.
   */
  *takeGone(family: Family, all: boolean): Generator<GoneRun> {
    const { i32 } = this.#arena
    if (family.labelNames.length === 0) return
    const walk = new Walk(this.#arena, 'pages of places', L.PAGE_HEADER_WORDS)
    let page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
    while (page !== 0) {
      walk.pass(page)
      const capacity = i32[page * 2 + L.PAGE_CAPACITY]
      let begun = -1
      for (let n = 0, place = placeAt(page, 0); n <= capacity; n++, place += L.PLACE_WORDS) {
        const gone = n < capacity && this.#isGone(place, all)
        if (gone && begun < 0) begun = n
        if (gone || begun < 0) continue
        yield { family, page, first: begun, count: n - begun, all }
        begun = -1
      }
      page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)
    }
  }

  /** Has a run that was taken told of anew. */
  again({ page, first, count }: GoneRun): void {
    for (let n = first; n < first + count; n++) this.#set(placeAt(page, n))
  }

  #set(place: number): void {
    const bit = (place / L.PLACE_WORDS) | 0
    this.#bits[bit >>> 5]! |= 1 << (bit & 31)
  }

  #isGone(place: number, all: boolean): boolean {
    const bit = (place / L.PLACE_WORDS) | 0
    const mask = 1 << (bit & 31)
    if ((this.#bits[bit >>> 5] & mask) === 0) return false
    const state = Atomics.load(this.#arena.i32, place * 2 + L.PLACE_STATE)
    if (isLive(state) && !all) return false
    this.#bits[bit >>> 5] &= ~mask
    // A place that is free already, or another series', has no labels to tell.
    return (state & L.STATE_MASK) > L.STATE_MADE
  }
}

function isLive(state: number): boolean {
  return (state & L.STATE_MASK) === L.STATE_LIVE
}
