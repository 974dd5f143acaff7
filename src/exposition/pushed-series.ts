/**
 * Which series a push has told of, so that it can tell when they are gone. A bit for each place: with labels and values of
 * their own, two million series would take more memory than all else that a push does.
 *
 * Assumes: A place that is hidden or freed keeps its label text until it is FREE, which is one sweep later at least
 * (lifecycle/states.ts). So who looks once between two sweeps misses none but those that a thread used again since.
 * Guarantees: What is told to be gone was told of before, or went while it was to be, and was not exposed when it was
 * looked at: also not in another place, where its labels are used anew. One that comes back is told of with the next push.
 */
import type { Family } from '../catalogue/families.js'
import { pageOf, placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'

/** More places than a chain of the hash table has. */
const MOST_LINKED = 10_000

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
  readonly bits: SharedArrayBuffer
  readonly #bits: Uint32Array

  /** `bits` are those of another thread, which has ended. */
  constructor(arena: Arena, bits?: SharedArrayBuffer) {
    this.#arena = arena
    // Places are PLACE_WORDS apart at least, so no two of them have a bit in common.
    const words = Math.ceil(arena.u8.length / L.WORD_BYTES / L.PLACE_WORDS / 32)
    this.bits = bits ?? new SharedArrayBuffer(words * Uint32Array.BYTES_PER_ELEMENT)
    this.#bits = new Uint32Array(this.bits)
  }

  /**
   * Notes the series of a slot's pieces that are exposed now. Call it before the slot is encoded and after: who goes
   * meanwhile may have been encoded, and who comes back, too.
   */
  note(slot: number): void {
    const { i32 } = this.#arena
    const pieces = i32[slot * 2 + L.SLOT_PIECES]
    const seq = i32[slot * 2 + L.SLOT_SEQ]
    for (let n = 0; n < pieces; n++) {
      const at = (slot + L.SLOT_PIECE_TABLE_WORD) * 2 + n * L.PIECE_FIELDS
      this.#notePiece(i32[at + L.PIECE_PAGE], i32[at + L.PIECE_FIRST], i32[at + L.PIECE_COUNT], seq)
    }
  }

  #notePiece(page: number, first: number, count: number, seq: number): void {
    const { i32 } = this.#arena
    const bits = this.#bits
    while (count > 0 && page !== 0) {
      const end = Math.min(this.#capacity(page), first + count)
      if (end <= first) return
      count -= end - first
      let place = placeAt(page, first)
      // Most are noted already, from the push before: that costs a look at a bit.
      for (let bit = bitOf(place), last = bit + end - first; bit < last; bit++, place += L.PLACE_WORDS) {
        const mask = 1 << (bit & 31)
        if ((bits[bit >>> 5]! & mask) !== 0 || !isLive(i32[place * 2 + L.PLACE_STATE]!)) continue
        // Of those that were born since, nothing is told yet.
        if (((i32[place * 2 + L.PLACE_BORN]! - seq) | 0) <= 0) bits[bit >>> 5]! |= mask
      }
      page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)
      first = 0
    }
  }

  /** Places of a page, as many as a sound one has at most. */
  #capacity(page: number): number {
    return Math.min(this.#arena.i32[page * 2 + L.PAGE_CAPACITY]!, L.MAX_PAGE_PLACES)
  }

  /**
   * The series of a family that were told of and are not exposed any more, which are then not noted any more; `all` of
   * them where the family itself is gone.
   */
  *takeGone(family: Family, all: boolean): Generator<GoneRun> {
    const { i32 } = this.#arena
    // Without labels it is there as long as its family is.
    if (family.labelNames.length === 0 && !all) return
    const walk = new Walk(this.#arena, 'pages of places', L.PAGE_HEADER_WORDS)
    let page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
    while (page !== 0) {
      walk.pass(page)
      const capacity = this.#capacity(page)
      let begun = -1
      for (let n = 0, place = placeAt(page, 0), bit = bitOf(place); n <= capacity; n++, bit++) {
        const gone = n < capacity && this.#isGone(place + n * L.PLACE_WORDS, bit, all)
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
    const bit = bitOf(place)
    this.#bits[bit >>> 5]! |= 1 << (bit & 31)
  }

  #isGone(place: number, bit: number, all: boolean): boolean {
    const mask = 1 << (bit & 31)
    if ((this.#bits[bit >>> 5]! & mask) === 0) return false
    const state = this.#arena.i32[place * 2 + L.PLACE_STATE]!
    if (isLive(state) && !all) return false
    this.#bits[bit >>> 5] &= ~mask
    // A place that is free already, or another series', has no labels to tell.
    if ((state & L.STATE_MASK) <= L.STATE_MADE) return false
    const again = isLive(state) ? 0 : this.#again(place)
    if (again !== 0) this.#set(again)
    return again === 0
  }

  /**
   * The place in which the series of one that is no more exposed is exposed again; 0 if it is not. A chain may change
   * while it is walked: then a series is told to be gone that comes again with the next push.
   */
  #again(place: number): number {
    const { i32, hash: table, hashMask } = this.#arena
    const hash = i32[place * 2 + L.PLACE_HASH]
    let other = Atomics.load(i32, table * 2 + (hash & hashMask))
    for (let left = MOST_LINKED; left > 0 && this.#arena.has(other, L.PLACE_WORDS); left--) {
      const at = other * 2
      const alike = other !== place && i32[at + L.PLACE_HASH] === hash
      if (alike && isLive(Atomics.load(i32, at + L.PLACE_STATE)) && this.#same(place, other)) return other
      other = Atomics.load(i32, at + L.PLACE_NEXT)
    }
    return 0
  }

  /** Whether two places have the same family and labels. */
  #same(one: number, other: number): boolean {
    const { i32, u8, slotText } = this.#arena
    const family = (place: number) => i32[pageOf(this.#arena, place) * 2 + L.PAGE_FAMILY]
    const bytes = i32[one * 2 + L.PLACE_TEXT_BYTES]
    if (bytes !== i32[other * 2 + L.PLACE_TEXT_BYTES] || family(one) !== family(other)) return false
    const length = bytes & ~L.TEXT_CONTROL_BIT
    const text = i32[one * 2 + L.PLACE_TEXT] * L.WORD_BYTES
    const others = i32[other * 2 + L.PLACE_TEXT] * L.WORD_BYTES
    // Nothing that is longer was ever told of.
    if (length > slotText) return false
    for (let n = 0; n < length; n++) if (u8[text + n] !== u8[others + n]) return false
    return true
  }
}

/** The bit of a place. Those of a page's places are one behind the other, as they are. */
function bitOf(place: number): number {
  return Math.floor(place / L.PLACE_WORDS)
}

function isLive(state: number): boolean {
  return (state & L.STATE_MASK) === L.STATE_LIVE
}
