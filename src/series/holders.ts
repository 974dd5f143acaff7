/**
 * What a thread holds: its shard's pages of cells, and the handles that store to them.
 *
 * Assumes: The calling thread owns the shard. Handles never leave the thread.
 * Guarantees: An owner bit is cleared only after every handle of the series points at no cell. A page of cells is in
 * its place page's chain, and so is folded, before it is in the shard's chain, in which an adopter finds it. One call
 * lets go of no more handles than its argument allows.
 */

import type { Family } from '../catalogue/families.js'
import { allocCells, placeAt, publishCells } from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { ownCells, type Shard } from '../memory/shards.js'

/** What a thread keeps of a series that it holds. `letGo` is called when the thread must let go. */
export interface Holder {
  /** Index of the cell to which the thread stores; set to 0 when it lets go. */
  at: number
  /** Another holder of the same series in this thread. */
  twin: Holder | undefined
  /** Index of the cell in which the thread counts its touches, if the family's series expire by them. */
  touch?: number
  /** The page of cells of a gauge of which each thread has a share. */
  page?: number
  /** The word where it finds its blocks, in a native histogram or a summary: see NATIVE_BLOCK. */
  native?: number
  /** Removes it from the thread's maps. */
  letGo(): void
}

/** What this shard has of a page of places: its page of cells, and the holders of the series there, by index. */
export interface Held {
  readonly page: number
  readonly cells: number
  readonly holders: (Holder | undefined)[]
}

/**
 * What a shard has of a family's pages, by the number of the page of places. In chunks, because pages of other threads
 * are numbered in between. A list with large gaps becomes a hash table, which is hashed anew, all at once, when it
 * grows.
 */
type HeldPages = (Held | undefined)[][]
const CHUNK_BITS = 8

/**
 * Handles that one look-up, and one turn of the timer, let go of because others asked. Each takes a microsecond or
 * less.
 */
export const LOOK_UP_RELEASES = 64
export const TURN_RELEASES = 1_024
/** Cell pages that can be checked for requests in the time of one release: 2,048 take about 20 µs. */
const PAGES_A_RELEASE = 32
/** More handles than a thread can have. */
const ALL = 2 ** 30

export class Holders {
  readonly #arena: Arena
  readonly #shard: Shard
  readonly #held = new Map<number, HeldPages>()
  /** For all cell pages of this shard. */
  readonly #cellPages: Held[] = []
  #requestsSeen = 0
  /** The next cell page to check for requests; -1 if all were checked since requestsSeen. */
  #cursor = -1

  constructor(arena: Arena, shard: Shard) {
    this.#arena = arena
    this.#shard = shard
    const { i32 } = arena
    for (const cells of ownCells(shard)) {
      const page = i32[cells * 2 + L.CELLS_PAGE]
      // What is damaged is not used again.
      if (arena.has(page, L.PAGE_HEADER_WORDS + L.PLACE_WORDS) && isNumber(this.#numberOf(page)))
        this.#know(i32[page * 2 + L.PAGE_FAMILY], page, cells)
    }
  }

  /**
   * What this shard has of a page of places: a page of cells is made if there is none; undefined when memory is full.
   */
  held(family: Family, page: number): Held | undefined {
    const { i32 } = this.#arena
    const known = this.#of(family.ref, page)
    if (known !== undefined) return known
    const cells = allocCells(this.#arena, family, page, this.#shard.index)
    if (cells === 0) return undefined
    // Into the place page's chain first: a page of cells that is in no such chain is not folded, and an adopter must
    // not store there.
    publishCells(this.#arena, page, cells)
    i32[cells * 2 + L.CELLS_OWN_NEXT] = i32[this.#shard.at + L.SHARD_CELLS]
    Atomics.store(i32, this.#shard.at + L.SHARD_CELLS, cells)
    return this.#know(family.ref, page, cells)
  }

  /** Lets go of one series, if this thread has cells there. */
  release(family: Family, page: number, index: number): void {
    const held = this.#of(family.ref, page)
    if (held !== undefined) this.#release(held, index, ALL)
  }

  /**
   * Lets go of series for which the sweeper, or remove() in another thread, asked. Only the thread itself may touch its
   * handles, so it does this in bounded batches at look-ups and on a timer. `most` is how many requests or handles.
   * Returns whether there may be more to do.
   */
  answerRequests(most: number): boolean {
    const { i32 } = this.#arena
    if (this.#cursor < 0) {
      const requests = Atomics.load(i32, L.H_REQUESTS)
      if (requests === this.#requestsSeen) return false
      this.#requestsSeen = requests
      this.#cursor = 0
    }
    const end = Math.min(this.#cursor + most * PAGES_A_RELEASE, this.#cellPages.length)
    let left = most
    while (this.#cursor < end) {
      left = this.#answer(this.#cellPages[this.#cursor], left)
      // It stopped within a page. The bits of the page show what is left.
      if (left < 0) return true
      this.#cursor++
    }
    if (this.#cursor < this.#cellPages.length) return true
    this.#cursor = -1
    return false
  }

  /** Lets go of everything at once, when this thread is done with the registry. */
  releaseAll(): void {
    for (const pages of this.#held.values()) {
      for (const held of pages.flat()) {
        held?.holders.forEach((holder, index) => {
          if (holder !== undefined) this.#release(held, index, ALL)
        })
      }
    }
  }

  /** Answers at most `most` requests of a cell page. Returns how many of `most` are left; -1 if they were too few. */
  #answer(held: Held, most: number): number {
    const { i32 } = this.#arena
    const { cells, page } = held
    let left = most
    for (let n = 0; n < L.CELLS_BITS_FIELDS; n++) {
      let bits = Atomics.load(i32, cells * 2 + L.CELLS_REQUESTED + n)
      if (bits === 0) continue
      while (bits !== 0) {
        if (left === 0) return -1
        const bit = 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        const place = placeAt(page, n * 32 + bit)
        const state = Atomics.load(i32, place * 2 + L.PLACE_STATE) & L.STATE_MASK
        // The series may have come back since. Then the thread keeps it.
        if (state === L.STATE_LIVE) {
          Atomics.and(i32, cells * 2 + L.CELLS_REQUESTED + n, ~(1 << bit))
          left--
        } else {
          left = this.#release(held, n * 32 + bit, left)
          if (left < 0) return -1
        }
      }
    }
    return left
  }

  /**
   * Points this thread's handles of a place at no cell, and only then clears its owner bit. `most` is how many handles.
   * Returns how many of `most` are left; -1 if they were too few, and then the other handles still hold the series.
   */
  #release({ cells, holders }: Held, index: number, most: number): number {
    const { i32 } = this.#arena
    let left = most
    for (let holder = holders[index]; holder !== undefined; holder = holders[index]) {
      if (left-- === 0) return -1
      holders[index] = holder.twin
      holder.twin = undefined
      holder.at = 0
      holder.letGo()
    }
    const bit = ~(1 << (index & 31))
    Atomics.and(i32, cells * 2 + L.CELLS_REQUESTED + (index >>> 5), bit)
    Atomics.and(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5), bit)
    return left
  }

  #know(family: number, page: number, cells: number): Held {
    let pages = this.#held.get(family)
    if (pages === undefined) {
      pages = []
      this.#held.set(family, pages)
    }
    const held: Held = { page, cells, holders: [] }
    this.#cellPages.push(held)
    const number = this.#numberOf(page)
    if (!isNumber(number)) throw damaged('a page has no number')
    while (pages.length <= number >> CHUNK_BITS) pages.push([])
    pages[number >> CHUNK_BITS][number & (2 ** CHUNK_BITS - 1)] = held
    return held
  }

  #numberOf(page: number): number {
    return this.#arena.i32[page * 2 + L.PAGE_NUMBER]
  }

  /** What this shard has of a page of places. */
  #of(family: number, page: number): Held | undefined {
    const number = this.#numberOf(page)
    const held = this.#held.get(family)?.[number >> CHUNK_BITS]?.[number & (2 ** CHUNK_BITS - 1)]
    return held?.page === page ? held : undefined
  }
}

/** Whether a page can have this number in its family: pages of eight words fill 4 GiB. */
function isNumber(number: number): boolean {
  return number >= 0 && number < 2 ** 26
}
