/**
 * Which threads end together. A Worker ends with the thread that started it, and only the end of the topmost is seen.
 * Each thread that was started by others has a record of their ids. The main thread is not in it, because its end is
 * the end of the process.
 *
 * Assumes: Thread ids are never used twice in a process. No two threads bury the same thread at once: the thread that
 * started it does, or, if that one has ended with it, the one that started that one, and so on. Dead threads run no
 * more instructions.
 * Guarantees: A record is whole before it can be found, and it can be found before its thread takes anything that
 * others must give back for it (a shard, a slot, the right to sweep). So whatever a dead thread had taken, and however
 * far it had come, the owner's id and the records show whose it was. This does not hold if memory has no room for a
 * record: to do without the thread would lose more. Records are used again.
 *
 *     free ─announce─▶ being written ─▶ a thread's ─its end, once all that it had is given back─▶ free
 */
import type { Arena } from './arena.js'
import { allLineages, untilDamage } from './damage.js'
import * as L from './layout.js'
import { NOBODY, type Owner, ownerOf, ownWord, stateOf, wordAt } from './owner.js'

/** Records the threads that this thread ends with, nearest last, unless it was recorded before. */
export function announce(arena: Arena, threadId: number, ancestors: readonly number[]): void {
  const above = ancestors.filter(id => id !== 0).slice(-L.MAX_ANCESTORS)
  if (above.length === 0) return
  const { i32, i64 } = arena
  const whole = ownWord(arena, threadId, L.LINEAGE_WHOLE)
  for (const record of records(arena)) if (Atomics.load(i64, ownerAt(record)) === whole) return
  const free = takeFree(arena, threadId)
  const record = free === 0 ? arena.alloc(L.LINEAGE_WORDS) : free
  if (record === 0) return
  above.forEach((id, n) => {
    i32[record * 2 + L.LINEAGE_ABOVE + n] = id + 1
  })
  if (above.length < L.MAX_ANCESTORS) i32[record * 2 + L.LINEAGE_ABOVE + above.length] = 0
  Atomics.store(i64, ownerAt(record), whole)
  if (free === 0) publish(arena, record)
}

function takeFree(arena: Arena, threadId: number): number {
  const writing = ownWord(arena, threadId, L.LINEAGE_WRITING)
  for (const record of records(arena)) {
    if (Atomics.compareExchange(arena.i64, ownerAt(record), NOBODY, writing) === NOBODY) return record
  }
  return 0
}

function ownerAt(record: number): number {
  return wordAt(record * 2 + L.LINEAGE_OWNER)
}

function publish(arena: Arena, record: number): void {
  const { i32 } = arena
  let head = Atomics.load(i32, L.H_LINEAGES)
  for (;;) {
    i32[record * 2 + L.LINEAGE_NEXT] = head
    const seen = Atomics.compareExchange(i32, L.H_LINEAGES, head, record)
    if (seen === head) return
    head = seen
  }
}

/** The ids of all threads of this process that have ended when this one has. */
export function endedWith(arena: Arena, threadId: number): ReadonlySet<number> {
  const ended = new Set([threadId])
  for (const [record, thread] of ownRecords(arena)) if (isBelow(arena, record, threadId)) ended.add(thread)
  return ended
}

function isBelow(arena: Arena, record: number, threadId: number): boolean {
  for (let n = 0; n < L.MAX_ANCESTORS; n++) {
    const above = arena.i32[record * 2 + L.LINEAGE_ABOVE + n]
    if (above === 0) return false
    if (above === threadId + 1) return true
  }
  return false
}

/**
 * Frees the records of a thread that has ended, and of those below it, with one that it was writing when it died. Call
 * when all that they had is given back.
 */
export function forgetLineage(arena: Arena, threadId: number): void {
  const ended = endedWith(arena, threadId)
  forget(arena, owner => owner.attachment === arena.attachment && ended.has(owner.threadId))
}

/** Frees the records of all threads of an attachment that has ended. Call when all that they had is given back. */
export function forgetAttachment(arena: Arena, attachment: number): void {
  forget(arena, owner => owner.attachment === attachment)
}

function forget(arena: Arena, hasEnded: (owner: Owner) => boolean): void {
  for (const record of records(arena)) {
    const word = Atomics.load(arena.i64, ownerAt(record))
    // Exchanged: it can have been freed meanwhile, and be another thread's.
    if (word !== NOBODY && hasEnded(ownerOf(word)))
      Atomics.compareExchange(arena.i64, ownerAt(record), word, NOBODY)
  }
}

/** The whole records of threads of this process, with their ids. */
function* ownRecords(arena: Arena): Generator<[record: number, threadId: number]> {
  for (const record of records(arena)) {
    const word = Atomics.load(arena.i64, ownerAt(record))
    const { attachment, threadId } = ownerOf(word)
    if (stateOf(word) === L.LINEAGE_WHOLE && attachment === arena.attachment) yield [record, threadId]
  }
}

/** Beyond damage nobody is known: threads that were recorded there are taken for such as ended by themselves. */
function records(arena: Arena): Generator<number> {
  return untilDamage(allLineages(arena))
}
