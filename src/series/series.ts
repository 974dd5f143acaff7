/**
 * Series: one place for each label set, for all threads together, found through hash chains.
 *
 * Assumes: Only the thread of the owning shard fills a page of places. What states.ts says of a place's states.
 * Guarantees: Two threads that look up the same label set get the same place, however they interleave. Scrapes expose a
 * place only when it is whole. A thread that dies at any step leaves a chain that can be walked, and a place that its
 * shard's next owner finishes or uses.
 *
 *     take a FREE place of one's own ─▶ write it ─▶ count it: MADE ─▶ link at the head ─▶ LIVE (any thread that finds it)
 *                                                     └─ lost: another linked the same label set ─▶ FREE
 *
 * A link is a compare-exchange of the bucket's head. If it fails, what was put before the old head is searched before
 * the next attempt, so a label set is never linked twice. If the head is unchanged, nothing live was put before it: a
 * place that left the chain is not linked again while a look-up that could have seen it is inside its epoch.
 */

import { exemplarLines, type Family, shareWords } from '../catalogue/families.js'
import type { LabelWriter } from '../catalogue/labels.js'
import {
  blocksAt,
  checkedPageOf,
  commonCells,
  fitsSpan,
  pageOf,
  placeAt,
  placeIndex,
} from '../catalogue/pages.js'
import { damaged } from '../common/errors.js'
import type { Kernel } from '../kernel/loader.js'
import { isRegistryFull, isSelfFamily, reserve, unreserve } from '../lifecycle/reserve.js'
import { noteMade, noteRefusal, roomNumber } from '../lifecycle/room.js'
import { canBeHeld, changeState, hold, nextLife, publish, remove } from '../lifecycle/states.js'
import type { Arena } from '../memory/arena.js'
import { nextBirth } from '../memory/births.js'
import { capacityOf, Walk } from '../memory/damage.js'
import { exemplarTable } from '../memory/exemplars.js'
import * as L from '../memory/layout.js'
import { claimShard, type Shard } from '../memory/shards.js'
import { addWide } from '../memory/wide-counter.js'
import { type Holder, Holders, LOOK_UP_RELEASES, TURN_RELEASES } from './holders.js'
import { InheritedShares } from './inherited.js'
import { type Clocks, Places } from './places.js'
import { places } from './walk.js'

export type { Holder }

/** Encodes a refusal: a drop reason, negative and offset by one, so that it is no reference. */
export function refusal(reason: number): number {
  return -1 - reason
}

export function refusalReason(result: number): number {
  return -1 - result
}

export interface SeriesContext extends Clocks {
  readonly arena: Arena
  readonly threadId: number
  /** Threads that this one ends with, nearest last. */
  readonly ancestors: readonly number[]
  /** The calling thread's kernel, which the first call loads. A thread that only records needs none. */
  readonly kernel: () => Kernel
}

/** How often a refused label set is looked up again, without a wait, while others make series: some 10 µs in all. */
const LOOKS = 32
/** How often it is looked up after that, once a millisecond. */
const WAITS = 20
/** A thread that waited in vain does not wait again for so long, ms: a maker may have died, with nobody to bury it. */
const WAIT_AGAIN_AFTER = 1_000
/** Places of a chain that are passed without a look at where the chain leads: a longer one may be a circle. */
const QUICK_STEPS = 64
/** More often than a place is freed while it is attached to. */
const MOST_TRIES = 10_000
/** How often a refused attach is tried again if room was made meanwhile. */
const RETRIES = 3

/** What the thread has after it has claimed a shard. */
interface ThreadState {
  readonly shard: Shard
  readonly places: Places
  readonly holders: Holders
}

/**
 * Whether another shard's thread is making a series that counts against the same limit: a series of the family, or of
 * any family if the registry is full. Costs one load for each shard.
 */
function isMaking(arena: Arena, family: number, except: number): boolean {
  const { i32 } = arena
  const full = isRegistryFull(arena)
  for (let index = 1; index < arena.shardCount; index++) {
    if (index === except) continue
    const making = Atomics.load(i32, (arena.shards + index * L.SHARD_WORDS) * 2 + L.SHARD_MAKING)
    if (making === family || (full && making !== 0)) return true
  }
  return false
}

/** The series of one registry, as the calling thread finds, makes, holds and lets go of them. */
export class SeriesTable {
  readonly #context: SeriesContext
  readonly #arena: Arena
  #thread: ThreadState | undefined
  #refusedAt = 0
  #waitAgainAt = 0
  readonly #inherited: InheritedShares
  /** State and generation of the place that was found last. */
  #found = 0

  constructor(context: SeriesContext) {
    this.#context = context
    this.#arena = context.arena
    this.#inherited = new InheritedShares(context.arena)
  }

  /** This thread's shard, claimed at its first use; undefined when `maxThreads` are in use. */
  shard(): Shard | undefined {
    return this.#claim()?.shard
  }

  #claim(): ThreadState | undefined {
    if (this.#thread !== undefined) return this.#thread
    const { i32 } = this.#arena
    const room = roomNumber(this.#arena)
    if (this.#refusedAt === room) return undefined
    const { threadId, ancestors, uptime } = this.#context
    const shard = claimShard(this.#arena, threadId, ancestors, uptime())
    if (shard === undefined) {
      this.#refusedAt = room
      Atomics.add(i32, L.H_THREADS_REFUSED, 1)
      return undefined
    }
    const arena = this.#arena
    const places = new Places(arena, shard, this.#context)
    this.#thread = { shard, places, holders: new Holders(arena, shard) }
    return this.#thread
  }

  /** The place of the label set in `labels`, if scrapes expose it, or 0. Needs no shard. */
  find(family: Family, labels: LabelWriter): number {
    const { i32 } = this.#arena
    for (;;) {
      const epoch = Atomics.load(i32, L.H_EPOCH)
      const place = this.#search(family.ref, labels, Atomics.load(i32, this.#bucket(labels)), 0, false)
      // A place that is unlinked during the walk is freed in a later epoch at the earliest. So if the epoch is
      // unchanged, the walk did not stray.
      if (Atomics.load(i32, L.H_EPOCH) !== epoch) continue
      // The label set of an info that holds is exposed, also where a thread that replaced it before has yet to bring it
      // back; and no other, also where one has yet to be hidden.
      const exposed =
        family.kind === 'info' && family.labelNames.length !== 0
          ? Atomics.load(i32, family.ref * 2 + L.F_CURRENT) === place
          : (this.#found & L.STATE_MASK) === L.STATE_LIVE
      return place !== 0 && exposed ? place : 0
    }
  }

  /**
   * The word at which the calling thread may store the cells of the series with the label set in `labels`. The series
   * is made if there is none. A negative refusal if a limit forbids it. `holder.letGo` is called when the thread must
   * let go.
   */
  attach(family: Family, labels: LabelWriter, holder: Holder): number {
    const thread = this.#claim()
    // Without a shard nothing can be stored, so the series is not made.
    if (thread === undefined) return refusal(L.DROP_THREADS)
    thread.holders.answerRequests(LOOK_UP_RELEASES)
    this.#enter(thread.shard)
    try {
      for (let tries = 0, turns = 0; ; turns++) {
        if (turns === MOST_TRIES) throw damaged('a place never stands still')
        const room = roomNumber(this.#arena)
        let place = this.#findOrMake(thread, family, labels)
        if (place === refusal(L.DROP_LABEL)) return place
        if (place < 0) {
          const theirs = this.#awaitMakers(thread.shard, family, labels)
          if (theirs === 0 && (tries++ === RETRIES || roomNumber(this.#arena) === room)) return place
          if (theirs === 0) continue
          place = theirs
        }
        const at = this.#hold(thread.holders, family, place, holder)
        if (at !== 0) return at
      }
    } finally {
      this.#leave(thread.shard)
    }
  }

  /**
   * Waits some milliseconds at most, until no other thread is making a series that may have taken the last room. That
   * may be the very series that was refused here, or one that is given back because another thread has made it, too.
   * Returns the place if it is there by then, or 0. A thread that takes longer makes room when it is done (room.ts).
   */
  #awaitMakers(shard: Shard, family: Family, labels: LabelWriter): number {
    const { i32 } = this.#arena
    noteRefusal(this.#arena, family.ref)
    for (let n = 0; ; n++) {
      // Read before the look-up, because the thread that was making it may have linked it since.
      const room = roomNumber(this.#arena)
      const making = isMaking(this.#arena, family.ref, shard.index)
      const place = this.#search(family.ref, labels, Atomics.load(i32, this.#bucket(labels)), 0)
      if (place !== 0 || !making) return place
      if (n < LOOKS) continue
      const now = this.#context.uptime()
      if (!(now >= this.#waitAgainAt)) return 0
      // Counted, not timed: where the beginning of the clock is damaged, its time may stand still, or be none.
      if (n === LOOKS + WAITS) {
        this.#waitAgainAt = now + WAIT_AGAIN_AFTER
        return 0
      }
      Atomics.wait(i32, L.H_ROOM, room, 1)
    }
  }

  /**
   * Runs `work` inside an epoch: no place that it finds is used again for another series meanwhile. Without a shard it
   * runs without an epoch.
   */
  inEpoch<T>(work: () => T): T {
    const shard = this.shard()
    if (shard === undefined) return work()
    this.#enter(shard)
    try {
      return work()
    } finally {
      this.#leave(shard)
    }
  }

  #enter(shard: Shard): void {
    const { i32 } = this.#arena
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, Atomics.load(i32, L.H_EPOCH))
  }

  #leave(shard: Shard): void {
    const { i32 } = this.#arena
    // Where making a series failed.
    if (i32[shard.at + L.SHARD_MAKING] !== 0) Atomics.store(i32, shard.at + L.SHARD_MAKING, 0)
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, 0)
  }

  /** As attach, for the only series of a family without labels, which always exists. */
  attachOnly(family: Family, holder: Holder): number {
    const thread = this.#claim()
    if (thread === undefined) return refusal(L.DROP_THREADS)
    const page = this.#arena.i32[family.ref * 2 + L.F_FIRST_PAGE]
    capacityOf(this.#arena, page)
    const place = placeAt(page, 0)
    this.#found = this.#arena.i32[place * 2 + L.PLACE_STATE]
    return this.#hold(thread.holders, family, place, holder)
  }

  /**
   * The Int32 index of the first reference to the exemplars that the calling thread keeps of a series that it holds; 0
   * when memory is full, or while the series is hidden.
   */
  exemplarsOf(family: Family, labels: LabelWriter): number {
    const place = this.find(family, labels)
    return place === 0 ? 0 : this.#exemplars(family, place)
  }

  /** As exemplarsOf, for the only series of a family without labels. */
  exemplarsOfOnly(family: Family): number {
    return this.#exemplars(family, placeAt(this.#arena.i32[family.ref * 2 + L.F_FIRST_PAGE], 0))
  }

  #exemplars(family: Family, place: number): number {
    const page = checkedPageOf(this.#arena, place)
    const cells = this.#thread?.holders.held(family, page)?.cells ?? 0
    if (cells === 0) return 0
    const capacity = capacityOf(this.#arena, page)
    const lines = exemplarLines(family)
    const table = exemplarTable(this.#arena, cells, capacity * lines)
    return table === 0 ? 0 : table * 2 + placeIndex(this.#arena, place) * lines
  }

  /** Hides a series from scrapes; false if there is none. */
  remove(family: Family, labels: LabelWriter): boolean {
    const place = this.find(family, labels)
    if (place === 0) return false
    return this.removePlace(family, place, this.#found)
  }

  /**
   * `found` is the state in which the caller found the series, so that another series in the same place is not removed.
   */
  removePlace(
    family: Family,
    place: number,
    found = Atomics.load(this.#arena.i32, place * 2 + L.PLACE_STATE),
  ): boolean {
    // Loaded before anything is changed, because loading may fail.
    const kernel = this.#context.kernel()
    const page = checkedPageOf(this.#arena, place)
    const index = placeIndex(this.#arena, place)
    this.#thread?.holders.release(family, page, index)
    const activity = () => kernel.activityOf(family.ref, page, index)
    return remove(this.#arena, family, { page, index, place, found, activity })
  }

  /**
   * Makes a label set to which the calling thread has just attached the current one of its info, and hides all others.
   * One store changes what is exposed, so a scrape sees either the label set before or this one. If threads do it at
   * once, the last store counts. If `labels` is undefined, none is exposed from now on.
   *
   * The others are hidden after that store. A thread that dies before it has hidden them leaves that to the next one. A
   * thread that hides a label set which another thread has made current meanwhile brings it back. The sweeper does so,
   * too, and never frees the current one.
   */
  makeCurrent(family: Family, labels?: LabelWriter): void {
    const { i32 } = this.#arena
    const current = family.ref * 2 + L.F_CURRENT
    this.inEpoch(() => {
      const head = labels === undefined ? 0 : Atomics.load(i32, this.#bucket(labels))
      const place = labels === undefined ? 0 : this.#search(family.ref, labels, head, 0)
      Atomics.store(i32, current, place)
      if (place !== 0) this.#show(place)
      for (const other of places(this.#arena, family)) {
        if (Atomics.load(i32, current) === other) continue
        this.removePlace(family, other)
        if (Atomics.load(i32, current) === other) this.#show(other)
      }
    })
  }

  /** Brings a hidden series back, with all that it has. */
  #show(place: number): void {
    const state = Atomics.load(this.#arena.i32, place * 2 + L.PLACE_STATE)
    if (canBeHeld(state) && !changeState(this.#arena, place, state, L.STATE_LIVE)) this.#show(place)
  }

  /**
   * Notes that this thread's share of a `sum` gauge is set to a value, and not only added to. Returns the part of the
   * cell that dead threads left.
   */
  setShare(family: Family, cells: number, at: number, value: number): number {
    return this.#inherited.set(family, cells, at, value)
  }

  /**
   * Lets go of what others asked for, as much as fits one turn of the timer. Returns whether there may be more to do.
   * See Holders.
   */
  answerRequests(): boolean {
    return this.#thread?.holders.answerRequests(TURN_RELEASES) ?? false
  }

  /** Lets go of everything, when this thread is done with the registry. */
  releaseAll(): void {
    this.#thread?.holders.releaseAll()
  }

  #bucket(labels: LabelWriter): number {
    return this.#arena.hash * 2 + (labels.hash & this.#arena.hashMask)
  }

  #findOrMake({ shard, places }: ThreadState, family: Family, labels: LabelWriter): number {
    const { i32 } = this.#arena
    const bucket = this.#bucket(labels)
    const head = Atomics.load(i32, bucket)
    const found = this.#search(family.ref, labels, head, 0)
    if (found !== 0) return found
    if (!this.#fits(family, labels)) return refusal(L.DROP_LABEL)
    // Stored before the series takes any room, so that a thread that is refused meanwhile can see why.
    Atomics.store(i32, shard.at + L.SHARD_MAKING, family.ref)
    const place = this.#makeAt(places, family, labels, bucket, head)
    Atomics.store(i32, shard.at + L.SHARD_MAKING, 0)
    return place
  }

  /**
   * Makes a series, unless another thread links the label set first. `head` is the head of the bucket; its whole chain
   * was searched.
   */
  #makeAt(places: Places, family: Family, labels: LabelWriter, bucket: number, head: number): number {
    const { i32 } = this.#arena
    const place = places.write(family, labels)
    if (place === 0) return refusal(L.DROP_MEMORY)
    if (!reserve(this.#arena, family.ref)) {
      places.giveBack(family, place)
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
        places.giveBack(family, place)
        unreserve(this.#arena, family.ref)
        return theirs
      }
      head = seen
    }
    publish(this.#arena, place)
    noteMade(this.#arena, family.ref)
    this.#found = i32[place * 2 + L.PLACE_STATE]
    if (!isSelfFamily(this.#arena, family.ref)) addWide(this.#arena, L.H_MADE)
    return place
  }

  /**
   * Sets this thread's owner bit and checks the state again. Returns 0 if the place was freed meanwhile, a negative
   * refusal at a limit.
   */
  #hold(holders: Holders, family: Family, place: number, holder: Holder): number {
    const { i32 } = this.#arena
    const index = placeIndex(this.#arena, place)
    const page = checkedPageOf(this.#arena, place)
    const held = holders.held(family, page)
    if (held === undefined) return refusal(L.DROP_MEMORY)
    const { cells, holders: on } = held
    const owned = cells * 2 + L.CELLS_OWNED + (index >>> 5)
    const stored = family.aggregate === 'last' ? commonCells(this.#arena, family, page) : cells
    if (stored === 0) return refusal(L.DROP_MEMORY)
    Atomics.or(i32, owned, 1 << (index & 31))
    if (!hold(this.#arena, place, this.#found, this.#context.uptime())) {
      if (on[index] === undefined) Atomics.and(i32, owned, ~(1 << (index & 31)))
      return 0
    }
    holder.twin = on[index]
    on[index] = holder
    if (shareWords(family) !== 0) {
      this.#inherited.begin(family, cells, index)
      holder.page = cells
    }
    if (family.expire === 'untouched')
      holder.touch = cells + L.CELLS_HEADER_WORDS + (index + 1) * family.cells - 1
    if (family.native !== undefined || family.window !== undefined)
      holder.native = blocksAt(this.#arena, family, page, cells, index)
    return stored + L.CELLS_HEADER_WORDS + index * family.cells
  }

  /**
   * Walks a chain from `place` up to `end`, which was searched before. If `finish`, makes a MADE place that it finds
   * LIVE. A walk without an epoch must not do that, because it may have strayed to a place that is not linked yet.
   */
  #search(family: number, labels: LabelWriter, place: number, end: number, finish = true): number {
    const { i32 } = this.#arena
    let walk: Walk | undefined
    let left = QUICK_STEPS
    while (place !== end && place !== 0) {
      if (--left < 0) {
        walk ??= new Walk(this.#arena, 'places', L.PLACE_WORDS)
        walk.pass(place)
      }
      const at = place * 2
      if (i32[at + L.PLACE_HASH] === labels.hash && this.#same(family, labels, place)) {
        if (finish) publish(this.#arena, place)
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

  /** Whether every exposition of the series fits a slot, in which a series is never divided. */
  #fits(family: Family, labels: LabelWriter): boolean {
    const { i32 } = this.#arena
    const suffix = i32[family.ref * 2 + L.F_SUFFIX_MAX]
    const help = i32[family.ref * 2 + L.F_RAW_HELP_BYTES]
    return fitsSpan(this.#arena, family, help, suffix, labels.length, labels.control)
  }

  /**
   * From FREE to MADE, after the series was counted: every MADE place is counted, so a death leaves no count of a
   * series that does not exist.
   */
  #make(place: number): void {
    const { i32 } = this.#arena
    const at = place * 2
    Atomics.store(i32, at + L.PLACE_STATE, (i32[at + L.PLACE_STATE] & ~L.STATE_MASK) | L.STATE_MADE)
    // Stored after the place is MADE: a scrape that planned it as free must not find it later and take it for old
    // enough.
    Atomics.store(i32, at + L.PLACE_BORN, nextBirth(this.#arena))
    // Raised last, and before the place is linked, so that a scrape which reads the page meanwhile reads it again.
    Atomics.add(i32, pageOf(this.#arena, place) * 2 + L.PAGE_MADE, 1)
  }
}
