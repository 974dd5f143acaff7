/**
 * A span: the part of an exposition that fits one slot. These functions write its plan into the slot, and read its
 * bytes. The kernel encodes it, in this thread or in one of a pool.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import type { Format, Pushed, PushFormat, SpanOptions } from './types.js'

const FORMATS: Record<Format | PushFormat, number> = {
  text: L.FORMAT_TEXT,
  json: L.FORMAT_JSON,
  openmetrics: L.FORMAT_OPENMETRICS,
  protobuf: L.FORMAT_PROTOBUF,
  'remote-write': L.FORMAT_REMOTE_WRITE,
  'remote-write-2': L.FORMAT_REMOTE_WRITE_2,
  otlp: L.FORMAT_OTLP,
}

const SERIES: Record<Pushed['series'], number> = {
  exposed: L.SERIES_EXPOSED,
  gone: L.SERIES_GONE,
  'all-gone': L.SERIES_ALL_GONE,
}

/** Formats in which each part of a family has a head of its own. */
export function isHeaded(format: Format | PushFormat): boolean {
  return FORMATS[format] >= L.FORMAT_PROTOBUF
}

/** The most bytes of a span of that format. */
export function spanBudget(arena: Arena, format: Format | PushFormat): number {
  // There the last eighth has the table of symbols.
  return format === 'remote-write-2' ? (arena.slotText / 8) * 7 : arena.slotText
}

const encoder = new TextEncoder()

/** Makes a slot ready for the plan of a scrape that began with number `seq`. */
export function beginSpan(arena: Arena, slot: number, options: SpanOptions, seq: number): void {
  const { format, prefix, created = false, ownFirst = false, pushed } = options
  const at = slot * 2
  arena.i32[at + L.SLOT_FORMAT] = FORMATS[format]
  arena.i32[at + L.SLOT_SEQ] = seq
  arena.i32[at + L.SLOT_PIECES] = 0
  const rich = format === 'openmetrics' || isHeaded(format)
  // Text has no such lines: there it says how the lines of histograms are spelled. See OWN_FIRST in assembly/text.ts.
  arena.i32[at + L.SLOT_CREATED] = rich ? Number(created) : ownFirst ? 2 : 0
  arena.i32[at + L.SLOT_EXEMPLARS] = rich ? 1 : 0
  if (pushed !== undefined) beginPushed(arena, slot, pushed)
  const bytes = encoder.encode(prefix)
  arena.i32[at + L.SLOT_PREFIX_BYTES] = bytes.length
  arena.u8.set(bytes, (slot + L.SLOT_PREFIX_WORD) * L.WORD_BYTES)
}

function beginPushed({ i32, f64, u8 }: Arena, slot: number, { time, series, added }: Pushed): void {
  f64[slot + L.SLOT_TIME_WORD] = time
  i32[slot * 2 + L.SLOT_SERIES] = SERIES[series]
  i32[slot * 2 + L.SLOT_ADDED_BYTES] = added.length
  u8.set(added, (slot + L.SLOT_SCRATCH_WORD) * L.WORD_BYTES)
}

/** From now on, exemplars are not planned in this slot. */
export function leaveOutExemplars(arena: Arena, slot: number): void {
  arena.i32[slot * 2 + L.SLOT_EXEMPLARS] = 0
}

export interface Piece {
  readonly family: number
  readonly page: number
  readonly first: number
  readonly count: number
  readonly flags: number
}

export function pieceCount(arena: Arena, slot: number): number {
  return arena.i32[slot * 2 + L.SLOT_PIECES]
}

/** Adds a piece that the kernel has just planned. */
export function addPiece(arena: Arena, slot: number, piece: Piece): void {
  const { i32 } = arena
  const n = i32[slot * 2 + L.SLOT_PIECES]++
  const at = (slot + L.SLOT_PIECE_TABLE_WORD) * 2 + n * L.PIECE_FIELDS
  i32[at + L.PIECE_FAMILY] = piece.family
  i32[at + L.PIECE_PAGE] = piece.page
  i32[at + L.PIECE_FIRST] = piece.first
  i32[at + L.PIECE_COUNT] = piece.count
  i32[at + L.PIECE_FLAGS] = piece.flags
  i32[at + L.PIECE_EXEMPLAR] = i32[slot * 2 + L.SLOT_PLAN_EXEMPLAR]
}

/** Sets a flag of a piece. */
export function flagPiece(arena: Arena, slot: number, n: number, flag: number): void {
  arena.i32[(slot + L.SLOT_PIECE_TABLE_WORD) * 2 + n * L.PIECE_FIELDS + L.PIECE_FLAGS] |= flag
}

/** The bytes that the kernel wrote. @throws Error if it could not write them all. */
export function spanBytes(arena: Arena, slot: number): Uint8Array {
  const status = arena.i32[slot * 2 + L.SLOT_STATUS]
  if (status !== L.STATUS_OK)
    throw new Error(`encoding failed with status ${status}: a span outgrew its slot`)
  const from = (slot + L.SLOT_TEXT_WORD) * L.WORD_BYTES
  return arena.u8.subarray(from, from + arena.i32[slot * 2 + L.SLOT_BYTES])
}
