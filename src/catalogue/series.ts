/**
 * Series: one place for each label set, for all threads together, found through hash chains.
 *
 * Assumes: a place page is filled by its owner shard's thread alone; what lifecycle.ts says of a place's states.
 * Guarantees: two threads that look up the same label set get the same place, however they interleave; a place is
 * told by scrapes only when it is whole; a thread that dies at any step leaves a chain that can be walked, and a
 * place that its shard's next owner finishes or uses.
 *
 *     take a FREE place of one's own ─▶ write it ─▶ count it: MADE ─▶ link at the head ─▶ LIVE (whoever finds it MADE helps)
 *                                                     └─ lost: another linked the same label set ─▶ FREE
 *
 * A link is a compare-exchange of the bucket's head. If it fails, what was put before us is searched before we try
 * again: so a label set is never linked twice. A head that is what it was has had nothing live put before it: a place
 * that left the chain is not linked again while a look-up that could have seen it is inside its epoch.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { claimShard, ownCells, type Shard, textWords } from '../memory/shards.js'
import { tally } from '../memory/tally.js'
import type { Family } from './families.js'
import { placeActivity } from './fold.js'
import type { LabelWriter } from './labels.js'
import { canBeHeld, hold, nextLife, remove } from './lifecycle.js'
import {
  allocCells,
  appendPage,
  commonCells,
  pageOf,
  placeAt,
  placeIndex,
  publishCells,
  seriesBytes,
} from './pages.js'

/** What a thread keeps of a series it holds; told when it must let go. */
export interface Holder {
  /** Where the thread stores; 0 from now on. */
  at: number
  /** Another holder of the same series in this thread. */
  twin: Holder | undefined
  /** Where the thread counts its touches, if the family's series expire by them. */
  touch?: number
  /** Forgets it in the thread's maps. */
  letGo(): void
}

/** What the thread knows of a family's memory. */
interface Holdings {
  /** Page that is being filled, and the next place in it to look at. */
  page: number
  next: number
  /** The shard's pages of the family, and for each how many places were freed when it was last filled up. */
  readonly pages: number[]
  readonly frees: number[]
  /** Next of `pages` to look at for freed places, and the family's count of them when that began. */
  cursor: number
  freesSeen: number
  /** This shard's cell pages and who holds series there, by number of the place page. */
  readonly cells: number[]
  readonly holders: (Holder | undefined)[][]
}

/** Why there is no place: a drop reason, negative and offset by one so that it is no reference. */
export function refusal(reason: number): number {
  return -1 - reason
}

export function refusalReason(result: number): number {
  return -1 - result
}

export interface SeriesContext {
  readonly arena: Arena
  readonly threadId: number
  /** Threads whose end is this one's too, nearest last. */
  readonly ancestors: readonly number[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Cell pages that one call looks at for requests: 2,048 take about 20 µs. */
const PAGES_A_CALL = 2_048

/** Series of one registry as the calling thread finds, makes, holds and lets go of them. */
export class SeriesTable {
  readonly #context: SeriesContext
  readonly #arena: Arena
  readonly #birth: number
  readonly #holdings = new Map<number, Holdings>()
  /** All cell pages of this shard. */
  readonly #cellPages: number[] = []
  #shard: Shard | undefined
  #refusedAt = 0
  /** Generation and state of the place that was found last. */
  #found = 0
  #requestsSeen = 0
  #requestCursor = 0

  constructor(context: SeriesContext) {
    this.#context = context
    this.#arena = context.arena
    this.#birth = context.arena.f64[L.H_BIRTH_WORD]
  }

  /** This thread's shard, claimed at its first use; undefined when `maxThreads` are in use. */
  shard(): Shard | undefined {
    if (this.#shard !== undefined) return this.#shard
    const { i32 } = this.#arena
    const room = Atomics.load(i32, L.H_ROOM)
    if (this.#refusedAt === room) return undefined
    const shard = claimShard(this.#arena, this.#context.threadId, this.#context.ancestors)
    if (shard === undefined) {
      this.#refusedAt = room
      Atomics.add(i32, L.H_THREADS_REFUSED, 1)
      return undefined
    }
    this.#shard = shard
    this.#takeOver(shard)
    return shard
  }

  /** The live place of the label set in `labels`, or 0. Needs no shard. */
  find(family: Family, labels: LabelWriter): number {
    const { i32 } = this.#arena
    for (;;) {
      const epoch = Atomics.load(i32, L.H_EPOCH)
      const place = this.#search(family.ref, labels, Atomics.load(i32, this.#bucket(labels)), 0, false)
      // What is unlinked while we walk is freed in a later epoch at the earliest.
      if (Atomics.load(i32, L.H_EPOCH) !== epoch) continue
      return place !== 0 && (this.#found & L.STATE_MASK) === L.STATE_LIVE ? place : 0
    }
  }

  /**
   * Where the calling thread may store the cells of the series with the label set in `labels`, made if there is none:
   * a word index, or a negative refusal where a limit forbids it. `holder` is told when the thread must let go.
   */
  attach(family: Family, labels: LabelWriter, holder: Holder): number {
    this.answerRequests()
    const { i32 } = this.#arena
    const shard = this.shard()
    // Without a shard nothing can be stored, so nothing need be made.
    if (shard === undefined) return refusal(L.DROP_THREADS)
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, Atomics.load(i32, L.H_EPOCH))
    try {
      for (;;) {
        const place = this.#findOrMake(shard, family, labels)
        if (place < 0) return place
        const at = this.#hold(shard, family, place, holder)
        if (at !== 0) return at
      }
    } finally {
      Atomics.store(i32, shard.at + L.SHARD_EPOCH, 0)
    }
  }

  /** Runs `work`, in which no place that it finds is used again for another series. Without a shard it just runs. */
  inEpoch<T>(work: () => T): T {
    const shard = this.shard()
    if (shard === undefined) return work()
    const { i32 } = this.#arena
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, Atomics.load(i32, L.H_EPOCH))
    try {
      return work()
    } finally {
      Atomics.store(i32, shard.at + L.SHARD_EPOCH, 0)
    }
  }

  /** As attach, for the series of a family without labels, which always is. */
  attachOnly(family: Family, holder: Holder): number {
    const shard = this.shard()
    if (shard === undefined) return refusal(L.DROP_THREADS)
    const place = placeAt(this.#arena.i32[family.ref * 2 + L.F_FIRST_PAGE], 0)
    this.#found = this.#arena.i32[place * 2 + L.PLACE_STATE]
    return this.#hold(shard, family, place, holder)
  }

  /** Takes a series out of scrapes; false where there is none. */
  remove(family: Family, labels: LabelWriter): boolean {
    const place = this.find(family, labels)
    if (place === 0) return false
    return this.removePlace(family, place, this.#found)
  }

  /** `found` is the state in which the caller knew the series: it must not hit another one in its place. */
  removePlace(
    family: Family,
    place: number,
    found = Atomics.load(this.#arena.i32, place * 2 + L.PLACE_STATE),
  ): boolean {
    const page = pageOf(this.#arena, place)
    const index = placeIndex(this.#arena, place)
    const own = this.#holdings.get(family.ref)
    const number = this.#arena.i32[page * 2 + L.PAGE_NUMBER]
    const cells = own?.cells[number]
    if (own !== undefined && cells !== undefined) this.#release(cells, own.holders[number], index)
    const activity = () => placeActivity(this.#arena, family, place)
    return remove(this.#arena, family, { page, index, place, found, activity })
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
    for (const { cells, holders } of this.#holdings.values()) {
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
      const own = this.#holdingsOf(i32[page * 2 + L.PAGE_FAMILY])
      const holders = own.holders[i32[page * 2 + L.PAGE_NUMBER]]
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

  #bucket(labels: LabelWriter): number {
    return this.#arena.hash * 2 + (labels.hash & this.#arena.hashMask)
  }

  #findOrMake(shard: Shard, family: Family, labels: LabelWriter): number {
    const { i32 } = this.#arena
    const bucket = this.#bucket(labels)
    let head = Atomics.load(i32, bucket)
    const found = this.#search(family.ref, labels, head, 0)
    if (found !== 0) return found
    if (!this.#fits(family, labels)) return refusal(L.DROP_LABEL)
    const place = this.#write(shard, family, labels)
    if (place === 0) return refusal(L.DROP_MEMORY)
    if (!this.#reserve(family)) {
      this.#giveBack(family, place)
      return refusal(L.DROP_SERIES)
    }
    this.#make(place)
    for (;;) {
      i32[place * 2 + L.PLACE_NEXT] = head
      const seen = Atomics.compareExchange(i32, bucket, head, place)
      if (seen === head) break
      const theirs = this.#search(family.ref, labels, seen, head)
      if (theirs !== 0) {
        Atomics.store(i32, place * 2 + L.PLACE_STATE, nextLife(i32[place * 2 + L.PLACE_STATE]))
        this.#giveBack(family, place)
        this.#unreserve(family)
        return theirs
      }
      head = seen
    }
    this.#publish(place)
    this.#found = i32[place * 2 + L.PLACE_STATE]
    tally(i32, L.H_MADE)
    return place
  }

  /** Sets this thread's owner bit and looks again; 0 when the place was freed meanwhile, a negative refusal at a limit. */
  #hold(shard: Shard, family: Family, place: number, holder: Holder): number {
    const { i32 } = this.#arena
    const index = placeIndex(this.#arena, place)
    const page = pageOf(this.#arena, place)
    const cells = this.#cellPage(shard, family, page)
    if (cells === 0) return refusal(L.DROP_MEMORY)
    const owned = cells * 2 + L.CELLS_OWNED + (index >>> 5)
    const stored = family.aggregate === 'last' ? commonCells(this.#arena, family, page) : cells
    if (stored === 0) return refusal(L.DROP_MEMORY)
    Atomics.or(i32, owned, 1 << (index & 31))
    const holders = this.#holdingsOf(family.ref).holders[i32[page * 2 + L.PAGE_NUMBER]]
    if (!hold(this.#arena, place, this.#found, this.#context.now() - this.#birth)) {
      if (holders[index] === undefined) Atomics.and(i32, owned, ~(1 << (index & 31)))
      return 0
    }
    holder.twin = holders[index]
    holders[index] = holder
    if (family.expire === 'untouched')
      holder.touch = cells + L.CELLS_HEADER_WORDS + (index + 1) * family.cells - 1
    return stored + L.CELLS_HEADER_WORDS + index * family.cells
  }

  /**
   * Walks a chain from `place` up to `end`, which was searched before. Finishes what it finds MADE, if it may: not
   * without an epoch, for where a walk has gone astray, that may not be linked yet.
   */
  #search(family: number, labels: LabelWriter, place: number, end: number, finish = true): number {
    const { i32 } = this.#arena
    while (place !== end && place !== 0) {
      const at = place * 2
      if (i32[at + L.PLACE_HASH] === labels.hash && this.#same(family, labels, place)) {
        if (finish) this.#publish(place)
        this.#found = Atomics.load(i32, at + L.PLACE_STATE)
        if (canBeHeld(this.#found)) return place
      }
      place = Atomics.load(i32, at + L.PLACE_NEXT)
    }
    return 0
  }

  #same(family: number, labels: LabelWriter, place: number): boolean {
    const { i32, u8 } = this.#arena
    if ((i32[place * 2 + L.PLACE_TEXT_BYTES] & ~L.TEXT_CONTROL_BIT) !== labels.length) return false
    if (i32[pageOf(this.#arena, place) * 2 + L.PAGE_FAMILY] !== family) return false
    const text = i32[place * 2 + L.PLACE_TEXT] * L.WORD_BYTES
    for (let n = 0; n < labels.length; n++) if (u8[text + n] !== labels.bytes[n]) return false
    return true
  }

  #publish(place: number): void {
    const { i32 } = this.#arena
    const at = place * 2 + L.PLACE_STATE
    const state = Atomics.load(i32, at)
    if ((state & L.STATE_MASK) !== L.STATE_MADE) return
    Atomics.compareExchange(i32, at, state, (state & ~L.STATE_MASK) | L.STATE_LIVE)
  }

  /** Whether every exposition of the series fits into a slot, where a series is never divided. */
  #fits(family: Family, labels: LabelWriter): boolean {
    const { i32 } = this.#arena
    const suffix = i32[family.ref * 2 + L.F_SUFFIX_MAX]
    return seriesBytes(this.#arena, family, suffix, labels.length, labels.control) <= i32[L.H_SLOT_TEXT]
  }

  #reserve(family: Family): boolean {
    const { i32 } = this.#arena
    const max = i32[family.ref * 2 + L.F_MAX_SERIES]
    if (Atomics.add(i32, family.ref * 2 + L.F_SERIES, 1) >= max && max !== 0) {
      Atomics.sub(i32, family.ref * 2 + L.F_SERIES, 1)
      return false
    }
    const maxAll = i32[L.H_MAX_SERIES]
    if (Atomics.add(i32, L.H_SERIES, 1) >= maxAll && maxAll !== 0) {
      this.#unreserve(family)
      return false
    }
    return true
  }

  #unreserve(family: Family): void {
    Atomics.sub(this.#arena.i32, family.ref * 2 + L.F_SERIES, 1)
    Atomics.sub(this.#arena.i32, L.H_SERIES, 1)
  }

  /** From FREE to MADE: what is MADE is counted among the series, so that a death leaves no count of what is none. */
  #make(place: number): void {
    const { i32 } = this.#arena
    const at = place * 2
    Atomics.store(i32, at + L.PLACE_STATE, (i32[at + L.PLACE_STATE] & ~L.STATE_MASK) | L.STATE_MADE)
    // Born after it is MADE: a scrape that planned it as free must not come upon it later and find it old enough.
    Atomics.store(i32, at + L.PLACE_BORN, Atomics.load(i32, L.H_SCRAPE_SEQ))
    // Last, and before it is linked: a scrape that reads the page meanwhile reads it again.
    Atomics.add(i32, pageOf(this.#arena, place) * 2 + L.PAGE_MADE, 1)
  }

  /** Fills a free place of this shard's; 0 when memory is full. */
  #write(shard: Shard, family: Family, labels: LabelWriter): number {
    const { i32, f64 } = this.#arena
    const place = this.#takePlace(shard, family)
    if (place === 0) return 0
    const text = this.#textFor(shard, place, labels.length + 2)
    if (text === 0) {
      this.#giveBack(family, place)
      return 0
    }
    labels.copyTo(this.#arena.u8, text * L.WORD_BYTES)
    const at = place * 2
    const now = this.#context.now()
    i32[at + L.PLACE_HASH] = labels.hash
    this.#writeTextBytes(place, labels.length, labels.control)
    i32[at + L.PLACE_CHANGED] = now - this.#birth
    f64[place + L.PLACE_BIRTH_WORD] = now
    f64[place + L.PLACE_FOLD_WORD] = 0
    return place
  }

  /** Notes a text's length, and in the page the most that all its texts can have, which is never too little. */
  #writeTextBytes(place: number, bytes: number, control: number): void {
    const { i32 } = this.#arena
    const at = place * 2 + L.PLACE_TEXT_BYTES
    const page = pageOf(this.#arena, place) * 2 + L.PAGE_TEXT_BYTES
    const more = bytes - (i32[at] & ~L.TEXT_CONTROL_BIT)
    if (more > 0 || control !== 0) i32[page] = (i32[page] + Math.max(0, more)) | control
    i32[at] = bytes | control
    if (more < 0) i32[page] += more
  }

  /** The room a place has from its last life, if it is of the size wanted; else new room, the old given back. */
  #textFor(shard: Shard, place: number, bytes: number): number {
    const { i32 } = this.#arena
    const at = place * 2
    const words = textWords(bytes)
    const index = i32[at + L.PLACE_INDEX] & L.INDEX_MASK
    const had = i32[at + L.PLACE_INDEX] >>> L.INDEX_BITS
    const old = i32[at + L.PLACE_TEXT]
    if (had === words) return old
    // Out of the place before it is in the free list: a death in between must not leave it in both.
    i32[at + L.PLACE_INDEX] = index
    i32[at + L.PLACE_TEXT] = 0
    if (had !== 0) shard.freeText(old, had)
    const text = shard.allocText(bytes)
    if (text === 0) return 0
    i32[at + L.PLACE_TEXT] = text
    i32[at + L.PLACE_INDEX] = (words << L.INDEX_BITS) | index
    return text
  }

  #takePlace(shard: Shard, family: Family): number {
    const { i32 } = this.#arena
    const holdings = this.#holdingsOf(family.ref)
    for (;;) {
      if (holdings.page !== 0) {
        const capacity = i32[holdings.page * 2 + L.PAGE_CAPACITY]
        while (holdings.next < capacity) {
          const place = placeAt(holdings.page, holdings.next++)
          if (this.#usable(family, place)) return place
        }
      }
      const page = this.#pageWithFrees(family, holdings) || this.#newPage(shard, family, holdings)
      if (page === 0) return 0
      holdings.page = page
      holdings.next = 0
    }
  }

  /** An own page of which places were freed since it was last filled; 0 where there is none. */
  #pageWithFrees(family: Family, holdings: Holdings): number {
    const { i32 } = this.#arena
    const { pages, frees } = holdings
    for (;;) {
      if (holdings.cursor === 0) {
        const seen = Atomics.load(i32, family.ref * 2 + L.F_FREES)
        if (seen === holdings.freesSeen) return 0
        holdings.freesSeen = seen
      }
      while (holdings.cursor < pages.length) {
        const n = holdings.cursor++
        const freed = Atomics.load(i32, pages[n] * 2 + L.PAGE_FREES)
        if (freed === frees[n]) continue
        frees[n] = freed
        return pages[n]
      }
      // Once more if places were freed meanwhile: a new page at the end of each turn would make memory grow for ever.
      holdings.cursor = 0
    }
  }

  /** Whether an own place is free, or was left MADE but not linked by a former owner that died. */
  #usable(family: Family, place: number): boolean {
    const { i32, hash, hashMask } = this.#arena
    const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
    if ((state & L.STATE_MASK) === L.STATE_FREE) return true
    if ((state & L.STATE_MASK) !== L.STATE_MADE) return false
    let linked = Atomics.load(i32, hash * 2 + (i32[place * 2 + L.PLACE_HASH] & hashMask))
    while (linked !== 0 && linked !== place) linked = Atomics.load(i32, linked * 2 + L.PLACE_NEXT)
    if (linked === 0) {
      Atomics.store(i32, place * 2 + L.PLACE_STATE, nextLife(state))
      this.#unreserve(family)
      return true
    }
    this.#publish(place)
    return false
  }

  #giveBack(family: Family, place: number): void {
    const holdings = this.#holdingsOf(family.ref)
    if (pageOf(this.#arena, place) === holdings.page) holdings.next = placeIndex(this.#arena, place)
  }

  /** A page behind the family's last; each of a shard's is larger than the one before, up to the family's limit. */
  #newPage(shard: Shard, family: Family, holdings: Holdings): number {
    const { i32 } = this.#arena
    const { pages } = holdings
    const wanted =
      pages.length === 0 ? L.FIRST_PAGE_PLACES : i32[pages[pages.length - 1] * 2 + L.PAGE_CAPACITY] * 2
    const capacity = Math.min(wanted, family.pagePlaces)
    const page = this.#arena.alloc(L.PAGE_HEADER_WORDS + capacity * L.PLACE_WORDS)
    if (page === 0) return 0
    i32[page * 2 + L.PAGE_OWNER] = shard.index
    i32[page * 2 + L.PAGE_CAPACITY] = capacity
    for (let n = 0; n < capacity; n++) i32[placeAt(page, n) * 2 + L.PLACE_INDEX] = n
    appendPage(this.#arena, family.ref, page)
    Atomics.add(i32, L.H_PLACES, capacity)
    pages.push(page)
    holdings.frees.push(0)
    return page
  }

  /** This shard's cells for a page of places, made if there are none; 0 when memory is full. */
  #cellPage(shard: Shard, family: Family, page: number): number {
    const { i32 } = this.#arena
    const own = this.#holdingsOf(family.ref)
    const number = i32[page * 2 + L.PAGE_NUMBER]
    const known = own.cells[number]
    if (known !== undefined && known !== 0) return known
    const cells = allocCells(this.#arena, family, page, shard.index)
    if (cells === 0) return 0
    // Into the place page's chain first: what is in no chain is not folded, and an adopter must not store there.
    publishCells(this.#arena, page, cells)
    i32[cells * 2 + L.CELLS_OWN_NEXT] = i32[shard.at + L.SHARD_CELLS]
    Atomics.store(i32, shard.at + L.SHARD_CELLS, cells)
    this.#knowCells(own, number, cells)
    return cells
  }

  #knowCells(own: Holdings, number: number, cells: number): void {
    own.cells[number] = cells
    own.holders[number] = []
    this.#cellPages.push(cells)
  }

  #holdingsOf(family: number): Holdings {
    let holdings = this.#holdings.get(family)
    if (holdings === undefined) {
      holdings = {
        page: 0,
        next: 0,
        pages: [],
        frees: [],
        cursor: 0,
        freesSeen: 0,
        cells: [],
        holders: [],
      }
      this.#holdings.set(family, holdings)
    }
    return holdings
  }

  /** Learns what an adopted shard has: its cell pages, and its place pages, all of which may have room. */
  #takeOver(shard: Shard): void {
    const { i32 } = this.#arena
    if (i32[shard.at + L.SHARD_CLAIMS] === 1) return
    for (const cells of ownCells(shard)) {
      const page = i32[cells * 2 + L.CELLS_PAGE]
      const own = this.#holdingsOf(i32[page * 2 + L.PAGE_FAMILY])
      this.#knowCells(own, i32[page * 2 + L.PAGE_NUMBER], cells)
    }
    for (let family = Atomics.load(i32, L.H_FAMILIES); family !== 0; family = i32[family * 2 + L.F_NEXT]) {
      let page = Atomics.load(i32, family * 2 + L.F_FIRST_PAGE)
      for (; page !== 0; page = Atomics.load(i32, page * 2 + L.PAGE_NEXT)) {
        if (i32[page * 2 + L.PAGE_OWNER] !== shard.index) continue
        const holdings = this.#holdingsOf(family)
        holdings.pages.push(page)
        holdings.frees.push(-1)
        holdings.freesSeen = -1
      }
    }
  }
}
