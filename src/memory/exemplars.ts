/**
 * Exemplars: for each line that can have one, the last that each thread gave.
 *
 *     cell page ─▶ table, made with the first exemplar of a page ─▶ record ─▶ sequence odd ─▶ written ─▶ even
 *                                                                └─ too small: another is written and put in its place
 *
 * Assumes: only the shard's thread writes a table and its records.
 * Guarantees:
 * - A thread that gives no exemplars pays for one field a cell page.
 * - A reader reads the reference, the sequence and the record, then the reference and the sequence again. If neither
 *   changed, it has read one exemplar of this series. A reference never comes back, because a record is only replaced
 *   by a larger one.
 * - A thread that dies while it writes leaves an odd sequence. That exemplar is not exposed until the shard's next
 *   owner gives another. At most one record, which nothing refers to any more, is never used again.
 * - The sweeper clears a place for its next life only when no thread may store there. It then marks the place's records
 *   empty.
 */
import type { Arena } from './arena.js'
import * as L from './layout.js'
import { type Shard, textWords } from './shards.js'

/** F_EXEMPLAR_MAX is raised in steps of so many bytes. */
const STEP = 16

/** The table of a cell page, with room for so many references; made if there is none. 0 when memory is full. */
export function exemplarTable(arena: Arena, cells: number, references: number): number {
  const { i32 } = arena
  const at = cells * 2 + L.CELLS_EXEMPLARS
  const words = Math.ceil(references / 2)
  if (i32[at] === 0) Atomics.store(i32, at, arena.alloc(words))
  const table = i32[at]
  // Where there can be none there is no room for exemplars.
  return arena.has(table, words) ? table : 0
}

/** Has scrapes that are planned from now on reserve room for exemplar texts of so many bytes in a family. */
export function reserveExemplars(arena: Arena, family: number, bytes: number): void {
  const { i32 } = arena
  const at = family * 2 + L.F_EXEMPLAR_MAX
  const most = L.roundUp(Math.max(bytes, 1), STEP)
  let seen = Atomics.load(i32, at)
  while (seen < most) {
    const now = Atomics.compareExchange(i32, at, seen, most)
    if (now === seen) return
    seen = now
  }
}

/** Keeps an exemplar at a table's reference (an Int32 index); false when memory is full. */
export function keepExemplar(
  arena: Arena,
  shard: Shard,
  reference: number,
  value: number,
  seconds: number,
  text: Uint8Array,
): boolean {
  const { i32 } = arena
  const old = i32[reference]
  const bytes = L.EXEMPLAR_HEADER_WORDS * L.WORD_BYTES + text.length
  const words = textWords(bytes)
  const had = i32[old * 2 + L.EXEMPLAR_WORDS]
  if (old !== 0 && had >= words && arena.has(old, had)) {
    const seq = beginExemplar(arena, old)
    fillExemplar(arena, old, value, seconds, text)
    endExemplar(arena, old, seq)
    return true
  }
  const record = shard.allocText(bytes)
  if (record === 0) return false
  i32[record * 2 + L.EXEMPLAR_SEQ] = 0
  i32[record * 2 + L.EXEMPLAR_WORDS] = words
  fillExemplar(arena, record, value, seconds, text)
  Atomics.store(i32, reference, record)
  if (old !== 0) shard.freeText(old, had)
  return true
}

/**
 * First step of a change: the odd sequence keeps readers away. It is one atomic read and write, so that no later store
 * can be seen before it.
 */
export function beginExemplar(arena: Arena, record: number): number {
  return Atomics.or(arena.i32, record * 2 + L.EXEMPLAR_SEQ, 1) | 1
}

/** Second step: writes the exemplar. */
export function fillExemplar(
  arena: Arena,
  record: number,
  value: number,
  seconds: number,
  text: Uint8Array,
): void {
  arena.i32[record * 2 + L.EXEMPLAR_BYTES] = text.length
  arena.f64[record + L.EXEMPLAR_VALUE_WORD] = value
  arena.f64[record + L.EXEMPLAR_TIME_WORD] = seconds
  arena.u8.set(text, (record + L.EXEMPLAR_HEADER_WORDS) * L.WORD_BYTES)
}

/** Third step: the even sequence lets readers read it. */
export function endExemplar(arena: Arena, record: number, seq: number): void {
  Atomics.store(arena.i32, record * 2 + L.EXEMPLAR_SEQ, (seq + 1) | 0)
}
