/**
 * Shards: what each recording thread owns. A shard's cells have one writer, its thread; its place pages are filled
 * by that thread alone.
 *
 *     FREE ──claim──▶ MOVING ──▶ LIVE ──the thread's death, seen from outside──▶ MOVING ──▶ ORPHAN ──claim──▶ MOVING …
 *
 * Assumes: a thread calls `orphanThread` for another only after that one's outer 'exit' event, when no instruction of
 * it can run any more; thread ids are never used twice in a process; what lineage.ts says.
 * Guarantees: every change of state is a compare-exchange of one word that names the thread too, so a shard has at
 * most one owner, and burying the dead cannot hit who has come after; an orphan keeps all it counted and goes on
 * being folded, holds no place, owns no share (shares.ts), and is in nobody's way; who adopts it finds no place half
 * made, and takes its cells over one by one, as it attaches to them. A death in MOVING
 * leaves work that is done again from the start.
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { announce, endedWith } from './lineage.js'
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
   * Room for text, of the shard's own: what was freed first, else from chunks one after the other, so that a scrape
   * reads it in order. Only the owner may call it. Returns a reference, or 0 when memory is full; `textWords` tells
   * how much it has room for.
   */
  allocText(bytes: number): number {
    const { i32 } = this.arena
    const words = textWords(bytes)
    const list = this.at + L.SHARD_FREE_TEXTS + textClass(words)
    const free = i32[list]
    if (free !== 0) {
      i32[list] = i32[free * 2]
      return free
    }
    let at = i32[this.at + L.SHARD_TEXT]
    if (at + words > i32[this.at + L.SHARD_TEXT_END]) {
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

  /** Gives text back that nobody can be reading. Only the owner may call it. */
  freeText(text: number, words: number): void {
    const { i32 } = this.arena
    const list = this.at + L.SHARD_FREE_TEXTS + textClass(words)
    i32[text * 2] = i32[list]
    i32[list] = text
  }
}

/** Words that a text of so many bytes is given: what all texts of its class have. */
export function textWords(bytes: number): number {
  const steps = Math.ceil(bytes / (L.TEXT_STEP_WORDS * L.WORD_BYTES))
  return L.TEXT_STEP_WORDS * (steps <= L.TEXT_CLASSES ? steps : 2 ** Math.ceil(Math.log2(steps)))
}

function textClass(words: number): number {
  const steps = words / L.TEXT_STEP_WORDS
  return steps <= L.TEXT_CLASSES ? steps : L.TEXT_CLASSES + Math.log2(steps / L.TEXT_CLASSES)
}

const TEXT_CHUNK_WORDS = 512

function shardState(thread: number, state: number): number {
  return (thread << L.SHARD_STATE_BITS) | state
}

/**
 * A shard for the calling thread: an orphan's if there is one, else a free one; undefined when `maxThreads` are in use.
 * `ancestors` are the threads whose end is this one's too, nearest last; `now` is in ms since the registry was made.
 */
export function claimShard(
  arena: Arena,
  threadId: number,
  ancestors: readonly number[],
  now = 0,
): Shard | undefined {
  announce(arena, threadId, ancestors)
  const { i32 } = arena
  const count = i32[L.H_SHARD_COUNT]
  for (const wanted of [L.SHARD_ORPHAN, L.SHARD_FREE]) {
    for (let index = 1; index < count; index++) {
      const shard = new Shard(arena, index)
      const seen = Atomics.load(i32, shard.at + L.SHARD_STATE)
      if ((seen & L.SHARD_STATE_MASK) !== wanted) continue
      const moving = shardState(threadId, L.SHARD_MOVING)
      if (Atomics.compareExchange(i32, shard.at + L.SHARD_STATE, seen, moving) !== seen) continue
      i32[shard.at + L.SHARD_WATCHED] = 0
      i32[shard.at + L.SHARD_CLAIMED] = now
      i32[shard.at + L.SHARD_CLAIMS] += 1
      Atomics.store(i32, shard.at + L.SHARD_STATE, shardState(threadId, L.SHARD_LIVE))
      return shard
    }
  }
  return undefined
}

/** Its cell pages, newest first. */
export function* ownCells(shard: Shard): Generator<number> {
  const { i32 } = shard.arena
  let cells = Atomics.load(i32, shard.at + L.SHARD_CELLS)
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_OWN_NEXT]) yield cells
}

/**
 * Gives up the shards of a thread that has ended, and of all that it or those had started: they cannot outlive it.
 * What they counted stays. Call from the thread that saw its 'exit'.
 */
export function orphanThread(arena: Arena, threadId: number): void {
  const { i32 } = arena
  const ended = endedWith(arena, threadId)
  for (let index = 1; index < i32[L.H_SHARD_COUNT]; index++) {
    const shard = new Shard(arena, index)
    const seen = Atomics.load(i32, shard.at + L.SHARD_STATE)
    const state = seen & L.SHARD_STATE_MASK
    if (state !== L.SHARD_LIVE && state !== L.SHARD_MOVING) continue
    const owner = seen >> L.SHARD_STATE_BITS
    if (!ended.has(owner)) continue
    const moving = shardState(owner, L.SHARD_MOVING)
    if (Atomics.compareExchange(i32, shard.at + L.SHARD_STATE, seen, moving) !== seen) continue
    // Inside a look-up: it may have counted a series that it did not come to make.
    if (Atomics.load(i32, shard.at + L.SHARD_EPOCH) !== 0) Atomics.add(i32, L.H_DEATHS_INSIDE, 1)
    Atomics.store(i32, shard.at + L.SHARD_EPOCH, 0)
    Atomics.store(i32, shard.at + L.SHARD_MAKING, 0)
    for (const cells of ownCells(shard)) {
      for (let n = 0; n < L.CELLS_BITS_FIELDS; n++) {
        Atomics.store(i32, cells * 2 + L.CELLS_OWNED + n, 0)
        Atomics.store(i32, cells * 2 + L.CELLS_REQUESTED + n, 0)
      }
      disownShares(arena, cells)
    }
    Atomics.compareExchange(i32, shard.at + L.SHARD_STATE, moving, shardState(0, L.SHARD_ORPHAN))
  }
  // It may have asked others to let go of a series, and died before it said so.
  Atomics.add(i32, L.H_REQUESTS, 1)
}

/** Notes which shards in use have somebody who will see their thread's end. */
export function markWatched(arena: Arena, threadIds: ReadonlySet<number>): void {
  const { i32 } = arena
  for (let index = 1; index < i32[L.H_SHARD_COUNT]; index++) {
    const at = (arena.shards + index * L.SHARD_WORDS) * 2
    const seen = Atomics.load(i32, at + L.SHARD_STATE)
    if ((seen & L.SHARD_STATE_MASK) !== L.SHARD_LIVE) continue
    if (threadIds.has(seen >> L.SHARD_STATE_BITS)) i32[at + L.SHARD_WATCHED] = 1
  }
}
