// The walk over a span: page by page, folded first and written second, by the
// encoder of the format and the family's kind.
import { cast, Encoder, encoderFor, writeKnown, writeSeries } from './encoder'
import { fold, ones } from './fold'
import { HistogramEncoder } from './histogram-text'
import { JsonEncoder } from './json'
import {
  FORMAT_JSON,
  FORMAT_OTLP,
  FORMAT_PROTOBUF,
  FORMAT_REMOTE_WRITE,
  FORMAT_REMOTE_WRITE_2,
  KIND_HISTOGRAM,
  KIND_INFO,
  KIND_SUMMARY,
  PIECE_HEAD,
  PIECE_WHOLE,
  SERIES_EXPOSED,
  STATUS_FULL,
  STATUS_OK,
} from './layout'
import { addInfinities } from './native'
import { OtlpEncoder } from './otlp'
import { indexOf, isSeries, pageOf, placeOf } from './place'
import { headBytesOf } from './plan'
import { ProtobufEncoder } from './protobuf'
import { quantiles } from './quantiles'
import { exists, fence, nth, refOf, view } from './record'
import { Family, Page, Piece, Place, Slot } from './records'
import { RemoteWrite1Encoder } from './remote-write-1'
import { RemoteWrite2Encoder } from './remote-write-2'
import { capacityOf, MOST_TRIES } from './sound'
import { SummaryEncoder } from './summary-text'
import { beginSymbols, forgetSymbols, symbolsSoFar } from './symbols'
import { SimpleEncoder, TextEncoder } from './text'

/** Whether the span has any series so far. An instance's own, as all globals are. */
let told: bool = false

/** Folds and encodes the pieces of a slot into its text. */
export function encodePieces(slot: Slot): void {
  const begin = slot.behind
  const pieces = slot.pieces
  let to = slot.format == FORMAT_REMOTE_WRITE_2 ? beginSymbols(slot, begin) : begin
  slot.status = STATUS_OK
  told = false
  for (let n = 0; n < pieces && slot.status == STATUS_OK; n++) {
    to = encodePiece(to, slot, nth<Piece>(slot.pieceTable, n))
  }
  // Symbols that no series refers to are nothing to send.
  slot.bytes = slot.format == FORMAT_REMOTE_WRITE_2 && !told ? 0 : <i32>(to - begin)
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
  const encoder = encoderFor(slot, piece, to)
  const headed = (piece.flags & (PIECE_HEAD | PIECE_WHOLE)) != 0 || slot.format >= FORMAT_PROTOBUF
  if (headed && to + headBytesOf(slot, encoder.family) > encoder.end) {
    slot.status = STATUS_FULL
    return to
  }
  to = begin(encoder, to)
  encoder.opened = to
  const family = encoder.family
  const kind = encoder.kind
  let page = view<Page>(piece.page)
  let first = piece.first
  let left = piece.count
  if (kind == KIND_INFO && family.labels != 0 && (slot.format <= FORMAT_PROTOBUF || slot.series == SERIES_EXPOSED)) {
    // Once, however many pieces what was set before makes.
    if (first == 0 && piece.page == family.firstPage) to = encodeCurrent(encoder, view<Family>(piece.family), to)
    left = 0
  }
  const vector = slot.vector
  const cells = family.cells
  const aggregate = family.aggregate
  const native = family.nativeBuckets != 0
  let tries = 0
  while (left > 0 && exists(page)) {
    const count = min(left, capacityOf(page, cells) - first)
    if (count <= 0 || first < 0 || tries++ == MOST_TRIES) unreachable()
    const made = page.shared.made
    const frees = page.shared.frees
    const symbols = symbolsSoFar()
    const values = kind == KIND_INFO ? ones(count, vector) : fold(page, first, count, cells, aggregate, vector)
    if (native) addInfinities(family, values, count)
    if (kind == KIND_SUMMARY) quantiles(piece.family, refOf(page), first, count, values)
    const after = write(encoder, to, placeOf(page, first), count, values)
    if (changed(slot, page, made, frees)) {
      forgetSymbols(slot, symbols)
      continue
    }
    if (after == 0) {
      slot.status = STATUS_FULL
      return to
    }
    to = after
    tries = 0
    left -= count
    page = view<Page>(page.shared.next)
    first = 0
  }
  if (to != encoder.opened) told = true
  return finish(encoder, to)
}

/**
 * The one label set of an info that holds when it is encoded. It can have been made since the scrape began: then it
 * stands in the place of the one before, which may be gone. A thread that replaced what held before may have hidden it
 * since, and has yet to bring it back: it holds all the same. Where its text does not fit what was planned for others,
 * there is no line this time.
 */
function encodeCurrent(encoder: Encoder, family: Family, to: usize): usize {
  const slot = encoder.slot
  let after = to
  let tries = 0
  while (true) {
    if (tries++ == MOST_TRIES) unreachable()
    const place = view<Place>(family.shared.current)
    if (!exists(place)) break
    const page = pageOf(place)
    if (indexOf(place) >= capacityOf(page, 1)) unreachable()
    const made = page.shared.made
    const frees = page.shared.frees
    const symbols = symbolsSoFar()
    after = isSeries(place) ? writeCurrent(encoder, to, place, ones(1, slot.vector)) : to
    if (changed(slot, page, made, frees) || family.shared.current != refOf(place)) {
      forgetSymbols(slot, symbols)
      continue
    }
    break
  }
  return after == 0 ? to : after
}

/** Writes what stands before the series of a piece. */
function begin(encoder: Encoder, to: usize): usize {
  if (encoder.format == FORMAT_JSON) return cast<JsonEncoder>(encoder).begin(to)
  if (encoder.format == FORMAT_PROTOBUF) return cast<ProtobufEncoder>(encoder).begin(to)
  if (encoder.format == FORMAT_REMOTE_WRITE) return cast<RemoteWrite1Encoder>(encoder).begin(to)
  if (encoder.format == FORMAT_REMOTE_WRITE_2) return cast<RemoteWrite2Encoder>(encoder).begin(to)
  if (encoder.format == FORMAT_OTLP) return cast<OtlpEncoder>(encoder).begin(to)
  if (encoder.kind == KIND_HISTOGRAM) return cast<HistogramEncoder>(encoder).begin(to)
  if (encoder.kind == KIND_SUMMARY) return cast<SummaryEncoder>(encoder).begin(to)
  return cast<SimpleEncoder>(encoder).begin(to)
}

/** Writes a run of places of one page from their folded values; 0 where they do not fit. */
function write(encoder: Encoder, to: usize, from: Place, count: i32, values: usize): usize {
  if (encoder.format == FORMAT_JSON) return writeSeries(cast<JsonEncoder>(encoder), to, from, count, values)
  if (encoder.format == FORMAT_PROTOBUF) return writeSeries(cast<ProtobufEncoder>(encoder), to, from, count, values)
  if (encoder.format == FORMAT_REMOTE_WRITE) return writeSeries(cast<RemoteWrite1Encoder>(encoder), to, from, count, values)
  if (encoder.format == FORMAT_REMOTE_WRITE_2) return writeSeries(cast<RemoteWrite2Encoder>(encoder), to, from, count, values)
  if (encoder.format == FORMAT_OTLP) return writeSeries(cast<OtlpEncoder>(encoder), to, from, count, values)
  if (encoder.kind == KIND_HISTOGRAM) return writeSeries(cast<HistogramEncoder>(encoder), to, from, count, values)
  if (encoder.kind == KIND_SUMMARY) return writeSeries(cast<SummaryEncoder>(encoder), to, from, count, values)
  return cast<SimpleEncoder>(encoder).writeQuick(to, from, count, values)
}

/** Writes one label set of an info; 0 where it does not fit. */
function writeCurrent(encoder: Encoder, to: usize, place: Place, values: usize): usize {
  const end = encoder.end
  if (encoder.format == FORMAT_JSON) return writeKnown(cast<JsonEncoder>(encoder), to, end, place, values)
  if (encoder.format == FORMAT_PROTOBUF) return writeKnown(cast<ProtobufEncoder>(encoder), to, end, place, values)
  if (encoder.format == FORMAT_REMOTE_WRITE) return writeKnown(cast<RemoteWrite1Encoder>(encoder), to, end, place, values)
  if (encoder.format == FORMAT_REMOTE_WRITE_2) return writeKnown(cast<RemoteWrite2Encoder>(encoder), to, end, place, values)
  if (encoder.format == FORMAT_OTLP) return writeKnown(cast<OtlpEncoder>(encoder), to, end, place, values)
  return writeKnown(cast<SimpleEncoder>(encoder), to, end, place, values)
}

/** Writes what stands behind them. */
function finish(encoder: Encoder, to: usize): usize {
  if (encoder.format == FORMAT_JSON) return cast<JsonEncoder>(encoder).finish(to)
  if (encoder.format == FORMAT_PROTOBUF) return cast<ProtobufEncoder>(encoder).finish(to)
  if (encoder.format == FORMAT_OTLP) return cast<OtlpEncoder>(encoder).finish(to)
  if (encoder.format > FORMAT_PROTOBUF) return to
  return cast<TextEncoder>(encoder).finish(to)
}
