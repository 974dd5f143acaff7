/**
 * Which threads end together: a Worker ends with the one that started it, and only the end of the topmost is seen. For
 * each thread that has others above it, the main thread apart, whose end is the process's, a record of their ids.
 *
 * Assumes: thread ids are never used twice in a process; no two threads see to one thread's end at once (who started
 * it does, or, where that one has ended with it, who started that one, and so on); the dead run no more instructions.
 * Guarantees: a record is whole before it can be found, and can be found before its thread takes anything that others
 * must give back for it (a shard, a slot, the right to sweep): so whatever a thread that died had taken, and however
 * far it had come, its owner's id and the records tell whose it was. Not so where memory has no room for a record: to
 * do without the thread would lose more. Records are used again; a thread that dies while it writes one leaves 64 bytes
 * that nobody uses.
 *
 *     free ─announce─▶ being written ─▶ a thread's ─its end, once all that it had is given back─▶ free
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'

const FREE = 0
const WRITING = -1

/** Makes known whose end is the calling thread's too, nearest last, unless it is known. */
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

/** Frees the records of a thread that has ended and of those below it: when all that they had is given back. */
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
