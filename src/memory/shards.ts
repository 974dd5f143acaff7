/**
 * Shards: what each recording thread owns. Only its thread writes to a shard's cells, and only its thread fills its
 * pages of places.
 *
 *     FREE ──claim──▶ MOVING ──▶ LIVE ──the thread's death, seen from outside──▶ MOVING ──▶ ORPHAN ──claim──▶ MOVING …
 *
 * Assumes: A thread calls `orphanThread` for another one only after that one's outer 'exit' event, when it can run no
 * more instructions. Thread ids are never used twice in a process. What lineage.ts guarantees.
 * Guarantees: Every change of state is a compare-exchange of one word that names the thread, too. So a shard has at
 * most one owner, and a burial cannot hit a thread that has claimed the shard since. An orphan keeps all that it
 * counted and is folded as before; it holds no place, owns no share (shares.ts), and is in nobody's way. An adopter
 * finds no place half made, and takes the cells over one by one, as it attaches to them. After a death in MOVING, the
 * same work is done again from the start.
 */
import { damaged, isDamage } from '../common/errors.js'
import type { Arena } from './arena.js'
import { cellsOfShard, untilDamage } from './damage.js'
import * as L from './layout.js'
import { announce, endedWith } from './lineage.js'
import { type Owner, ownerOf, ownerWord, ownWord, stateOf, taking, wordAt } from './owner.js'
import { disownShares } from './shares.js'

export class Shard {
  readonly arena: Arena
  readonly index: number
  /** Int32 index of the record. */
  readonly at: number

  constructor(arena: Arena, index: number) {
    this.arena = arena
    this.index = index
    this.at = (arena.shards + index * L.SHARD_WORDS) * 2
  }

  /**
   * A reference to room for text that is the shard's own, or 0 when memory is full; `textWords` is its size. Freed room
   * is used first, then chunks from start to end, so that a scrape reads texts in order of memory. Only the owner may
   * call it.
   */
  allocText(bytes: number): number {
    const { i32 } = this.arena
    const words = textWords(bytes)
    const list = this.at + L.SHARD_FREE_TEXTS + textClass(words)
    const free = i32[list]
    if (free !== 0) {
      if (!this.arena.has(free, words)) {
        i32[list] = 0
        throw damaged('a freed text is out of the arena')
      }
      i32[list] = i32[free * 2]
      return free
    }
    let at = i32[this.at + L.SHARD_TEXT]
    if (at + words > i32[this.at + L.SHARD_TEXT_END] || !this.arena.has(at, words)) {
      if (words > TEXT_CHUNK_WORDS / 4) return this.arena.alloc(words)
      at = this.arena.alloc(TEXT_CHUNK_WORDS)
      if (at === 0) return this.arena.alloc(words)
      // End first: a death between the stores must not leave an end that belongs to an older chunk.
      i32[this.at + L.SHARD_TEXT_END] = 0
      i32[this.at + L.SHARD_TEXT] = at
      i32[this.at + L.SHARD_TEXT_END] = at + TEXT_CHUNK_WORDS
    }
    i32[this.at + L.SHARD_TEXT] = at + words
    return at
  }

  /** Frees text that nobody can be reading. Only the owner may call it. */
  freeText(text: number, words: number): void {
    const { i32 } = this.arena
    const nth = textClass(words)
    // No text has had such a size. It is left alone.
    if (!(Number.isInteger(nth) && nth >= 0 && nth < FREE_LISTS && this.arena.has(text, words))) return
    const list = this.at + L.SHARD_FREE_TEXTS + nth
    i32[text * 2] = i32[list]
    i32[list] = text
  }
}

/** Words that are allocated for a text of so many bytes: the same for all texts of its class. */
export function textWords(bytes: number): number {
  const steps = Math.ceil(bytes / (L.TEXT_STEP_WORDS * L.WORD_BYTES))
  return L.TEXT_STEP_WORDS * (steps <= L.TEXT_CLASSES ? steps : 2 ** Math.ceil(Math.log2(steps)))
}

function textClass(words: number): number {
  const steps = words / L.TEXT_STEP_WORDS
  return steps <= L.TEXT_CLASSES ? steps : L.TEXT_CLASSES + Math.log2(steps / L.TEXT_CLASSES)
}

const TEXT_CHUNK_WORDS = 512
/** As many as SHARD_FREE_TEXTS has. */
const FREE_LISTS = 39

/**
 * A shard for the calling thread: an orphan if there is one, else a free one; undefined when `maxThreads` are in use.
 * `ancestors` are the threads that this one ends with, nearest last; `now` is in ms since the registry was made.
 */
export function claimShard(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[],
  now = 0,
): Shard | undefined {
  return taking(arena, () => claim(arena, threadId, ancestors, now))
}

function claim(arena: Arena, threadId: number, ancestors: readonly number[], now: number): Shard | undefined {
  announce(arena, threadId, ancestors)
  const { i32, i64 } = arena
  const count = arena.shardCount
  const moving = ownWord(arena, threadId, L.SHARD_MOVING)
  for (const wanted of [L.SHARD_ORPHAN, L.SHARD_FREE]) {
    for (let index = 1; index < count; index++) {
      const shard = new Shard(arena, index)
      const owner = wordAt(shard.at + L.SHARD_OWNER)
      const seen = Atomics.load(i64, owner)
      if (stateOf(seen) !== wanted) continue
      if (Atomics.compareExchange(i64, owner, seen, moving) !== seen) continue
      i32[shard.at + L.SHARD_WATCHED] = 0
      i32[shard.at + L.SHARD_CLAIMED] = now
      i32[shard.at + L.SHARD_CLAIMS] += 1
      Atomics.store(i64, owner, ownWord(arena, threadId, L.SHARD_LIVE))
      return shard
    }
  }
  return undefined
}

/** The cell pages of a shard, newest first; those beyond damage are not used again. */
export function ownCells({ arena, at }: Shard): Generator<number> {
  return untilDamage(cellsOfShard(arena, at))
}

/**
 * Makes orphans of the shards of a thread that has ended, and of all threads below it, because they cannot outlive it.
 * What they counted stays. Call from the thread that saw its 'exit'.
 */
export function orphanThread(arena: Arena, threadId: number): void {
  const { attachment } = arena
  const ended = endedWith(arena, threadId)
  orphanShards(arena, owner => owner.attachment === attachment && ended.has(owner.threadId))
}

/** Makes an orphan of the calling thread's own shard: it records no more. */
export function orphanOwn(arena: Arena, threadId: number): void {
  const { attachment } = arena
  orphanShards(arena, owner => owner.attachment === attachment && owner.threadId === threadId)
}

/** Makes orphans of all shards of an attachment that has ended. Call only while its lock is held. */
export function orphanAttachment(arena: Arena, attachment: number): void {
  orphanShards(arena, owner => owner.attachment === attachment)
}

/** Makes orphans of the shards of owners that run no more instructions. */
function orphanShards(arena: Arena, hasEnded: (owner: Owner) => boolean): void {
  const { i32, i64 } = arena
  for (let index = 1; index < arena.shardCount; index++) {
    const shard = new Shard(arena, index)
    const word = wordAt(shard.at + L.SHARD_OWNER)
    const seen = Atomics.load(i64, word)
    const state = stateOf(seen)
    if (state !== L.SHARD_LIVE && state !== L.SHARD_MOVING) continue
    const owner = ownerOf(seen)
    if (!hasEnded(owner)) continue
    const moving = ownerWord(owner, L.SHARD_MOVING)
    if (Atomics.compareExchange(i64, word, seen, moving) !== seen) continue
    // The thread died inside a look-up: it may have counted a series that it did not make any more.
    if (Atomics.load(i32, shard.at + L.SHARD_EPOCH) !== 0) Atomics.add(i32, L.H_DEATHS_INSIDE, 1)
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, 0)
    Atomics.store(i32, shard.at + L.SHARD_MAKING, 0)
    for (const cells of ownCells(shard)) {
      for (let n = 0; n < L.CELLS_BITS_FIELDS; n++) {
        Atomics.store(i32, cells * 2 + L.CELLS_OWNED + n, 0)
        Atomics.store(i32, cells * 2 + L.CELLS_REQUESTED + n, 0)
      }
      try {
        disownShares(arena, cells)
      } catch (error) {
        // What is damaged is left: the shard must not stay between two owners.
        if (!isDamage(error)) throw error
      }
    }
    Atomics.compareExchange(i64, word, moving, BigInt(L.SHARD_ORPHAN))
  }
  // It may have asked other threads to let go of a series, and died before it raised H_REQUESTS.
  Atomics.add(i32, L.H_REQUESTS, 1)
}

/** Marks the shards in use whose threads are watched: some thread will see their end. */
export function markWatched(arena: Arena, threadIds: ReadonlySet<number>): void {
  const { i32, i64 } = arena
  for (let index = 1; index < arena.shardCount; index++) {
    const at = (arena.shards + index * L.SHARD_WORDS) * 2
    const seen = Atomics.load(i64, wordAt(at + L.SHARD_OWNER))
    if (stateOf(seen) !== L.SHARD_LIVE) continue
    const { attachment, threadId } = ownerOf(seen)
    if (attachment === arena.attachment && threadIds.has(threadId)) i32[at + L.SHARD_WATCHED] = 1
  }
}
