// The walk over a span: page by page, folded first and written second, by the run of the format and the family's kind.
import { fold, ones } from './fold'
import { jsonBegin, jsonFinish, jsonRun } from './json'
import {
  FORMAT_JSON,
  FORMAT_OPENMETRICS,
  FORMAT_PROTOBUF,
  KIND_HISTOGRAM,
  KIND_INFO,
  KIND_SUMMARY,
  PIECE_CLOSE,
  PIECE_HEAD,
  STATUS_FULL,
  STATUS_OK,
} from './layout'
import { addInfinities } from './native'
import { pageOf, placeOf } from './place'
import { protobufBegin, protobufFinish, protobufRun } from './protobuf'
import { exists, fence, nth, refOf, view } from './record'
import { Family, Page, Piece, Place, Slot } from './records'
import { quantiles } from './quantiles'
import { summaries, summaryHeads } from './summary-text'
import { eof, histogramHeads, histograms, openMetricsHead, simpleHeads, simples, textHead } from './text'

/** Folds and encodes the pieces of a slot into its text. */
export function encodePieces(slot: Slot): void {
  const begin = slot.behind
  const pieces = slot.pieces
  let to = begin
  slot.status = STATUS_OK
  for (let n = 0; n < pieces && slot.status == STATUS_OK; n++) {
    to = encodePiece(to, slot, nth<Piece>(slot.pieceTable, n))
  }
  slot.bytes = <i32>(to - begin)
}

/**
 * Whether a place of the page was made or freed since these counts were read: its text may not have been whole, or
 * another's, while it was copied, so the page is written again. The fence keeps the copies before the second look.
 */
// @ts-ignore: decorator
@inline
function changed(slot: Slot, page: Page, made: i32, frees: i32): bool {
  fence(changetype<usize>(slot) + offsetof<Slot>('status'))
  return page.shared.made != made || page.shared.frees != frees
}

function encodePiece(to: usize, slot: Slot, piece: Piece): usize {
  const format = slot.format
  const family = view<Family>(piece.family)
  const vector = slot.vector
  const cells = family.cells
  const aggregate = family.aggregate
  const native = family.nativeBuckets != 0
  const summary = family.kind == KIND_SUMMARY
  const info = family.kind == KIND_INFO
  const before = to
  let heads: u64 = 0
  if (format == FORMAT_JSON) to = jsonBegin(to, slot, family, piece.flags)
  else if (format == FORMAT_PROTOBUF) to = protobufBegin(to, slot, family)
  else {
    const openMetrics = format == FORMAT_OPENMETRICS
    if ((piece.flags & PIECE_HEAD) != 0) {
      to = openMetrics ? openMetricsHead(to, slot, family) : textHead(to, slot, family)
    }
    const scratch = slot.scratch
    const kind = family.kind
    if (kind == KIND_HISTOGRAM) heads = histogramHeads(scratch, slot, family)
    else if (kind == KIND_SUMMARY) heads = summaryHeads(scratch, slot, family)
    else heads = simpleHeads(scratch, slot, family)
  }
  const opened = to

  let page = view<Page>(piece.page)
  let first = piece.first
  let left = piece.count
  if (info && family.labels != 0) {
    // Once, however many pieces what was set before makes.
    if (first == 0 && piece.page == family.firstPage) {
      to = encodeCurrent(to, slot, family, piece, format, heads, opened, vector)
    }
    left = 0
  }
  while (left > 0 && exists(page)) {
    const count = min(left, page.capacity - first)
    const made = page.shared.made
    const frees = page.shared.frees
    const values = info ? ones(count, vector) : fold(page, first, count, cells, aggregate, vector)
    if (native) addInfinities(family, values, count)
    if (summary) quantiles(refOf(family), refOf(page), first, count, values)
    const after = run(to, slot, family, piece, format, heads, opened, placeOf(page, first), count, values)
    if (changed(slot, page, made, frees)) continue
    if (after == 0) {
      slot.status = STATUS_FULL
      return to
    }
    to = after
    left -= count
    page = view<Page>(page.shared.next)
    first = 0
  }

  if (format == FORMAT_JSON) return jsonFinish(to, family, piece.flags, opened)
  if (format == FORMAT_PROTOBUF) return protobufFinish(to, before, opened)
  return format == FORMAT_OPENMETRICS && (piece.flags & PIECE_CLOSE) != 0 ? eof(to) : to
}

/**
 * The one label set of an info that holds when it is encoded. It can have been made since the scrape began: then it
 * stands in the place of the one before, which may be gone. Where its text does not fit what was planned for others,
 * there is no line this time.
 */
function encodeCurrent(
  to: usize,
  slot: Slot,
  family: Family,
  piece: Piece,
  format: i32,
  heads: u64,
  opened: usize,
  vector: usize,
): usize {
  const seq = slot.seq
  let after = to
  while (true) {
    const place = view<Place>(family.shared.current)
    if (!exists(place)) break
    const page = pageOf(place)
    const made = page.shared.made
    const frees = page.shared.frees
    slot.seq = place.born
    after = run(to, slot, family, piece, format, heads, opened, place, 1, ones(1, vector))
    if (changed(slot, page, made, frees) || family.shared.current != refOf(place)) continue
    break
  }
  slot.seq = seq
  return after == 0 ? to : after
}

/** Writes a run of places of one page from their folded values; 0 where they do not fit. */
// @ts-ignore: decorator
@inline
function run(
  to: usize,
  slot: Slot,
  family: Family,
  piece: Piece,
  format: i32,
  heads: u64,
  opened: usize,
  from: Place,
  count: i32,
  values: usize,
): usize {
  if (format == FORMAT_JSON) return jsonRun(to, slot, family, piece.flags, opened, from, count, values)
  const room = piece.exemplar
  if (format == FORMAT_PROTOBUF) return protobufRun(to, slot, family, room, from, count, values)
  const kind = family.kind
  if (kind == KIND_HISTOGRAM) return histograms(to, slot, family, heads, room, from, count, values)
  if (kind == KIND_SUMMARY) return summaries(to, slot, family, heads, from, count, values)
  return simples(to, slot, family, heads, room, from, count, values)
}
