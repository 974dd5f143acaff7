/**
 * Places that a thread's shard owns: finds a free one or makes one, and gives it a label text.
 *
 * Assumes: The calling thread owns the shard, so nobody else fills its pages. Only the sweeper makes a place FREE that
 * was a series.
 * Guarantees: A look-up checks a bounded number of pages and places, unless memory is full. Memory is allocated only
 * when none of the checked places is free, so while a family's memory grows, almost none of its places are free. A
 * death at any step leaves a place that the shard's next owner uses or finishes, and text room that is in one place or
 * in one free list, never in both.
 */

import type { Family } from '../catalogue/families.js'
import type { LabelWriter } from '../catalogue/labels.js'
import { appendPage, pageOf, placeAt, placeIndex } from '../catalogue/pages.js'
import { unreserve } from '../lifecycle/reserve.js'
import { nextLife, publish } from '../lifecycle/states.js'
import type { Arena } from '../memory/arena.js'
import { allFamilies, allPages, capacityOf, untilDamage, Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { type Shard, textWords } from '../memory/shards.js'

/** The clocks of the times of a series. */
export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds since the registry was made: see memory/clock.ts. */
  readonly uptime: () => number
}

/** A shard's pages of one family. */
interface Pages {
  /** The page that is being filled, and the next place in it to check. */
  page: number
  next: number
  readonly all: number[]
  /** For each page, its count of freed places when it was last filled. */
  readonly frees: number[]
  /**
   * Pages before this index are still to be checked for freed places. freesSeen is the family's count of freed places
   * when the check began.
   */
  cursor: number
  freesSeen: number
}

/**
 * Pages and places that one look-up checks before it allocates memory. It also finishes the page that it is in. About
 * 10 µs.
 */
const LOOKS = 512
/** More than a family has. */
const ALL = 2 ** 30

export class Places {
  readonly #arena: Arena
  readonly #shard: Shard
  readonly #clocks: Clocks
  readonly #pages = new Map<number, Pages>()
  /** How many more pages and places the call under way may check. */
  #looks = 0

  constructor(arena: Arena, shard: Shard, clocks: Clocks) {
    this.#arena = arena
    this.#shard = shard
    this.#clocks = clocks
    if (arena.i32[shard.at + L.SHARD_CLAIMS] > 1) this.#takeOver()
  }

  /** Finds the pages of an adopted shard. All of them may have room. */
  #takeOver(): void {
    const { i32 } = this.#arena
    // What is beyond damage is not used again.
    for (const family of untilDamage(allFamilies(this.#arena))) {
      for (const page of untilDamage(allPages(this.#arena, family))) {
        if (i32[page * 2 + L.PAGE_OWNER] !== this.#shard.index) continue
        const pages = this.#pagesOf(family)
        pages.all.push(page)
        pages.frees.push(-1)
        pages.freesSeen = -1
      }
    }
  }

  /** A free place that nobody can find yet, with the text of a label set; 0 when memory is full. */
  write(family: Family, labels: LabelWriter): number {
    const { i32, f64, u8 } = this.#arena
    const place = this.#take(family)
    if (place === 0) return 0
    const text = this.#textFor(place, labels.length + 2)
    if (text === 0) {
      this.giveBack(family, place)
      return 0
    }
    labels.copyTo(u8, text * L.WORD_BYTES)
    const at = place * 2
    i32[at + L.PLACE_HASH] = labels.hash
    this.#writeTextBytes(place, labels.length, labels.control)
    i32[at + L.PLACE_CHANGED] = this.#clocks.uptime()
    f64[place + L.PLACE_BIRTH_WORD] = this.#clocks.now()
    f64[place + L.PLACE_FOLD_WORD] = 0
    return place
  }

  /** Takes back a place that write() returned and that is FREE. */
  giveBack(family: Family, place: number): void {
    const pages = this.#pagesOf(family.ref)
    if (pageOf(this.#arena, place) === pages.page) pages.next = placeIndex(this.#arena, place)
  }

  /**
   * Stores the length of a text, and in the page the most that all its texts can have together, which is never too
   * little.
   */
  #writeTextBytes(place: number, bytes: number, control: number): void {
    const { i32 } = this.#arena
    const at = place * 2 + L.PLACE_TEXT_BYTES
    const page = pageOf(this.#arena, place) * 2 + L.PAGE_TEXT_BYTES
    const more = bytes - (i32[at] & ~L.TEXT_CONTROL_BIT)
    if (more > 0 || control !== 0) i32[page] = (i32[page] + Math.max(0, more)) | control
    i32[at] = bytes | control
    if (more < 0) i32[page] += more
  }

  /**
   * The text room that a place has from its last life, if it has the size wanted. Otherwise new room; the old room is
   * freed.
   */
  #textFor(place: number, bytes: number): number {
    const { i32 } = this.#arena
    const at = place * 2
    const words = textWords(bytes)
    const index = i32[at + L.PLACE_INDEX] & L.INDEX_MASK
    const had = i32[at + L.PLACE_INDEX] >>> L.INDEX_BITS
    const old = i32[at + L.PLACE_TEXT]
    if (had === words && this.#arena.has(old, words)) return old
    // It leaves the place before it enters the free list: a death in between must not leave it in both.
    i32[at + L.PLACE_INDEX] = index
    i32[at + L.PLACE_TEXT] = 0
    if (had !== 0) this.#shard.freeText(old, had)
    const text = this.#shard.allocText(bytes)
    if (text === 0) return 0
    i32[at + L.PLACE_TEXT] = text
    i32[at + L.PLACE_INDEX] = (words << L.INDEX_BITS) | index
    return text
  }

  #take(family: Family): number {
    const pages = this.#pagesOf(family.ref)
    this.#looks = LOOKS
    for (;;) {
      if (pages.page !== 0) {
        const capacity = capacityOf(this.#arena, pages.page)
        while (pages.next < capacity) {
          this.#looks--
          const place = placeAt(pages.page, pages.next++)
          if (this.#usable(family, place)) return place
        }
      }
      const page =
        this.#pageWithFrees(family, pages) || this.#newPage(family, pages) || this.#anyPage(family, pages)
      if (page === 0) return 0
      pages.page = page
      pages.next = 0
    }
  }

  /** As #pageWithFrees, but checks all pages, because nothing is refused while there is a free place. */
  #anyPage(family: Family, pages: Pages): number {
    this.#looks = ALL
    return this.#pageWithFrees(family, pages)
  }

  /**
   * A page in which places were freed since it was last filled; 0 if there is none among those checked so far. The
   * newest pages come first: the one that an adopted shard was filling is among them.
   */
  #pageWithFrees(family: Family, pages: Pages): number {
    const { i32 } = this.#arena
    const { all, frees } = pages
    for (;;) {
      if (pages.cursor === 0) {
        const seen = Atomics.load(i32, family.ref * 2 + L.F_FREES)
        if (seen === pages.freesSeen) return 0
        pages.freesSeen = seen
        pages.cursor = all.length
      }
      while (pages.cursor > 0) {
        if (this.#looks-- <= 0) return 0
        const n = --pages.cursor
        const freed = Atomics.load(i32, all[n] * 2 + L.PAGE_FREES)
        if (freed === frees[n]) continue
        frees[n] = freed
        return all[n]
      }
      // Checks once more if places were freed meanwhile. With a new page at the end of each round instead, memory would
      // grow for ever.
    }
  }

  /** Whether a place of this shard is free, or was left MADE but not linked by an owner that died. */
  #usable(family: Family, place: number): boolean {
    const { i32, hash, hashMask } = this.#arena
    const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
    if ((state & L.STATE_MASK) === L.STATE_FREE) return true
    if ((state & L.STATE_MASK) !== L.STATE_MADE) return false
    let linked = Atomics.load(i32, hash * 2 + (i32[place * 2 + L.PLACE_HASH] & hashMask))
    const walk = new Walk(this.#arena, 'places', L.PLACE_WORDS)
    while (linked !== 0 && linked !== place) linked = Atomics.load(i32, walk.pass(linked) * 2 + L.PLACE_NEXT)
    if (linked === 0) {
      Atomics.store(i32, place * 2 + L.PLACE_STATE, nextLife(state))
      unreserve(this.#arena, family.ref)
      return true
    }
    publish(this.#arena, place)
    return false
  }

  /**
   * Makes a page and appends it to the family's. Each page of a shard is larger than the one before, up to the family's
   * limit.
   */
  #newPage(family: Family, pages: Pages): number {
    const { i32 } = this.#arena
    const { all } = pages
    const wanted = all.length === 0 ? L.FIRST_PAGE_PLACES : capacityOf(this.#arena, all[all.length - 1]) * 2
    const capacity = Math.min(wanted, family.pagePlaces)
    const page = this.#arena.alloc(L.PAGE_HEADER_WORDS + capacity * L.PLACE_WORDS)
    if (page === 0) return 0
    i32[page * 2 + L.PAGE_OWNER] = this.#shard.index
    i32[page * 2 + L.PAGE_CAPACITY] = capacity
    for (let n = 0; n < capacity; n++) i32[placeAt(page, n) * 2 + L.PLACE_INDEX] = n
    appendPage(this.#arena, family.ref, page)
    Atomics.add(i32, L.H_PLACES, capacity)
    all.push(page)
    pages.frees.push(0)
    return page
  }

  #pagesOf(family: number): Pages {
    let pages = this.#pages.get(family)
    if (pages === undefined) {
      pages = { page: 0, next: 0, all: [], frees: [], cursor: 0, freesSeen: 0 }
      this.#pages.set(family, pages)
    }
    return pages
  }
}
