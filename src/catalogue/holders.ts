/**
 * What a thread holds: its shard's pages of cells, and the handles that store to them.
 *
 * Assumes: the calling thread owns the shard; handles never leave it.
 * Guarantees: an owner bit is cleared only after every handle of the series points nowhere; a page of cells is in its
 * place page's chain, and so folded, before it is in the shard's, from which an adopter takes it.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { ownCells, type Shard } from '../memory/shards.js'
import type { Family } from './families.js'
import { allocCells, placeAt, publishCells } from './pages.js'

/** What a thread keeps of a series it holds; told when it must let go. */
export interface Holder {
  /** Where the thread stores; 0 from now on. */
  at: number
  /** Another holder of the same series in this thread. */
  twin: Holder | undefined
  /** Where the thread counts its touches, if the family's series expire by them. */
  touch?: number
  /** The page of its cell, in a gauge of which each thread has a share. */
  page?: number
  /** Where it finds its blocks, in a native histogram or a summary: see NATIVE_BLOCK. */
  native?: number
  /** Forgets it in the thread's maps. */
  letGo(): void
}

/** By number of the place page: this shard's cell page, and who holds series there. */
interface Held {
  readonly cells: number[]
  readonly holders: (Holder | undefined)[][]
}

/** Cell pages that one call looks at for requests: 2,048 take about 20 µs. */
const PAGES_A_CALL = 2_048

export class Holders {
  readonly #arena: Arena
  readonly #shard: Shard
  readonly #held = new Map<number, Held>()
  /** All cell pages of this shard. */
  readonly #cellPages: number[] = []
  #requestsSeen = 0
  #requestCursor = 0

  constructor(arena: Arena, shard: Shard) {
    this.#arena = arena
    this.#shard = shard
    const { i32 } = arena
    for (const cells of ownCells(shard)) {
      const page = i32[cells * 2 + L.CELLS_PAGE]
      this.#know(i32[page * 2 + L.PAGE_FAMILY], i32[page * 2 + L.PAGE_NUMBER], cells)
    }
  }

  /** This shard's cells for a page of places, made if there are none; 0 when memory is full. */
  cellPage(family: Family, page: number): number {
    const { i32 } = this.#arena
    const number = i32[page * 2 + L.PAGE_NUMBER]
    const known = this.#of(family.ref).cells[number]
    if (known !== undefined && known !== 0) return known
    const cells = allocCells(this.#arena, family, page, this.#shard.index)
    if (cells === 0) return 0
    // Into the place page's chain first: what is in no chain is not folded, and an adopter must not store there.
    publishCells(this.#arena, page, cells)
    i32[cells * 2 + L.CELLS_OWN_NEXT] = i32[this.#shard.at + L.SHARD_CELLS]
    Atomics.store(i32, this.#shard.at + L.SHARD_CELLS, cells)
    this.#know(family.ref, number, cells)
    return cells
  }

  /** Who holds the series of a page that cellPage() gave cells for, by index. */
  on(family: Family, page: number): (Holder | undefined)[] {
    return this.#of(family.ref).holders[this.#arena.i32[page * 2 + L.PAGE_NUMBER]]
  }

  /** Lets go of one series, if this thread has cells there. */
  release(family: Family, page: number, index: number): void {
    const held = this.#held.get(family.ref)
    const number = this.#arena.i32[page * 2 + L.PAGE_NUMBER]
    const cells = held?.cells[number]
    if (held !== undefined && cells !== undefined) this.#release(cells, held.holders[number], index)
  }

  /**
   * Lets go of series that the sweeper, or remove() in another thread, asked for: in bounded batches, here and there,
   * by the thread itself, as nobody else may touch its handles. Returns whether there may be more to do.
   */
  answerRequests(): boolean {
    const { i32 } = this.#arena
    if (this.#requestCursor === 0) {
      const requests = Atomics.load(i32, L.H_REQUESTS)
      if (requests === this.#requestsSeen) return false
      this.#requestsSeen = requests
    }
    const end = Math.min(this.#requestCursor + PAGES_A_CALL, this.#cellPages.length)
    for (let n = this.#requestCursor; n < end; n++) this.#answer(this.#cellPages[n])
    this.#requestCursor = end === this.#cellPages.length ? 0 : end
    return end !== this.#cellPages.length
  }

  /** Lets go of everything: this thread is done with the registry. */
  releaseAll(): void {
    for (const { cells, holders } of this.#held.values()) {
      holders.forEach((held, number) => {
        for (const index of held.keys())
          if (held[index] !== undefined) this.#release(cells[number], held, index)
      })
    }
  }

  #answer(cells: number): void {
    const { i32 } = this.#arena
    for (let n = 0; n < L.CELLS_BITS_FIELDS; n++) {
      let bits = Atomics.load(i32, cells * 2 + L.CELLS_REQUESTED + n)
      if (bits === 0) continue
      const page = i32[cells * 2 + L.CELLS_PAGE]
      const holders = this.#of(i32[page * 2 + L.PAGE_FAMILY]).holders[i32[page * 2 + L.PAGE_NUMBER]]
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        const place = placeAt(page, n * 32 + bit)
        const state = Atomics.load(i32, place * 2 + L.PLACE_STATE) & L.STATE_MASK
        // It may have come back since: then it stays.
        if (state === L.STATE_LIVE) Atomics.and(i32, cells * 2 + L.CELLS_REQUESTED + n, ~(1 << bit))
        else this.#release(cells, holders, n * 32 + bit)
      }
    }
  }

  /** Points this thread's handles of a place nowhere, and only then clears its owner bit. */
  #release(cells: number, holders: (Holder | undefined)[], index: number): void {
    const { i32 } = this.#arena
    let holder = holders[index]
    holders[index] = undefined
    while (holder !== undefined) {
      holder.at = 0
      holder.letGo()
      const twin: Holder | undefined = holder.twin
      holder.twin = undefined
      holder = twin
    }
    const bit = ~(1 << (index & 31))
    Atomics.and(i32, cells * 2 + L.CELLS_REQUESTED + (index >>> 5), bit)
    Atomics.and(i32, cells * 2 + L.CELLS_OWNED + (index >>> 5), bit)
  }

  #know(family: number, number: number, cells: number): void {
    const held = this.#of(family)
    held.cells[number] = cells
    held.holders[number] = []
    this.#cellPages.push(cells)
  }

  #of(family: number): Held {
    let held = this.#held.get(family)
    if (held === undefined) {
      held = { cells: [], holders: [] }
      this.#held.set(family, held)
    }
    return held
  }
}
