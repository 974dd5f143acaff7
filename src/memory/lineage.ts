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
 * record: to do without the thread would lose more. Records are used again. A thread that dies while it writes one
 * leaves 64 bytes that nobody uses.
 *
 *     free ─announce─▶ being written ─▶ a thread's ─its end, once all that it had is given back─▶ free
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'

const FREE = 0
const WRITING = -1

/** Records the threads that this thread ends with, nearest last, unless it was recorded before. */
export function announce(arena: Arena, threadId: number, ancestors: readonly number[]): void {
  const above = ancestors.filter(id => id !== 0).slice(-L.MAX_ANCESTORS)
  if (above.length === 0) return
  const { i32 } = arena
  for (const record of records(arena)) {
    if (Atomics.load(i32, record * 2 + L.LINEAGE_THREAD) === threadId + 1) return
  }
  const free = takeFree(arena)
  const record = free === 0 ? arena.alloc(L.LINEAGE_WORDS) : free
  if (record === 0) return
  above.forEach((id, n) => {
    i32[record * 2 + L.LINEAGE_ABOVE + n] = id + 1
  })
  if (above.length < L.MAX_ANCESTORS) i32[record * 2 + L.LINEAGE_ABOVE + above.length] = 0
  Atomics.store(i32, record * 2 + L.LINEAGE_THREAD, threadId + 1)
  if (free === 0) publish(arena, record)
}

function takeFree(arena: Arena): number {
  for (const record of records(arena)) {
    const at = record * 2 + L.LINEAGE_THREAD
    if (Atomics.compareExchange(arena.i32, at, FREE, WRITING) === FREE) return record
  }
  return 0
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

/** The ids of all threads that have ended when this one has. */
export function endedWith(arena: Arena, threadId: number): ReadonlySet<number> {
  const ended = new Set([threadId])
  for (const record of records(arena)) {
    const thread = Atomics.load(arena.i32, record * 2 + L.LINEAGE_THREAD)
    if (thread > 0 && isBelow(arena, record, threadId)) ended.add(thread - 1)
  }
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

/** Frees the records of a thread that has ended, and of those below it. Call when all that they had is given back. */
export function forgetLineage(arena: Arena, threadId: number): void {
  const ended = endedWith(arena, threadId)
  for (const record of records(arena)) {
    const at = record * 2 + L.LINEAGE_THREAD
    const thread = Atomics.load(arena.i32, at)
    if (thread > 0 && ended.has(thread - 1)) Atomics.store(arena.i32, at, FREE)
  }
}

function* records(arena: Arena): Generator<number> {
  const { i32 } = arena
  let record = Atomics.load(i32, L.H_LINEAGES)
  for (; record !== 0; record = i32[record * 2 + L.LINEAGE_NEXT]) yield record
}
