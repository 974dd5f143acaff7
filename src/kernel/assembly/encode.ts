// The walk over a span: page by page, folded first and told second, by the run of the format and the family's kind.
import { fold, ones } from './fold'
import { jsonBegin, jsonFinish, jsonRun } from './json'
import {
  F_AGGREGATE,
  F_CELLS,
  F_CURRENT,
  F_FIRST_PAGE,
  F_KIND,
  F_LABELS,
  F_NATIVE_BUCKETS,
  FORMAT_JSON,
  FORMAT_OPENMETRICS,
  FORMAT_PROTOBUF,
  KIND_HISTOGRAM,
  KIND_INFO,
  KIND_SUMMARY,
  PAGE_CAPACITY,
  PAGE_FREES,
  PAGE_MADE,
  PAGE_NEXT,
  PIECE_CLOSE,
  PIECE_COUNT,
  PIECE_EXEMPLAR,
  PIECE_FAMILY,
  PIECE_FIELDS,
  PIECE_FIRST,
  PIECE_FLAGS,
  PIECE_HEAD,
  PIECE_PAGE,
  PLACE_BORN,
  SLOT_BYTES,
  SLOT_FORMAT,
  SLOT_PIECES,
  SLOT_PIECE_TABLE_WORD,
  SLOT_SCRATCH_WORD,
  SLOT_SEQ,
  SLOT_STATUS,
  SLOT_TEXT_WORD,
  SLOT_VECTOR_WORD,
  STATUS_FULL,
  STATUS_OK,
} from './layout'
import { addInfinities } from './native'
import { pageOf, placeOf } from './place'
import { protobufBegin, protobufFinish, protobufRun } from './protobuf'
import { address, field, setField, shared } from './record'
import { quantiles } from './quantiles'
import { summaries, summaryHeads } from './summary-text'
import { eof, histogramHeads, histograms, openMetricsHead, simpleHeads, simples, textHead } from './text'

/** Folds and encodes the pieces of a slot into its text. */
export function encode(slot: u32): void {
  const begin = address(slot + SLOT_TEXT_WORD)
  const pieces = field(slot, SLOT_PIECES)
  let to = begin
  setField(slot, SLOT_STATUS, STATUS_OK)
  for (let n = 0; n < pieces && field(slot, SLOT_STATUS) == STATUS_OK; n++) {
    to = encodePiece(to, slot, slot + SLOT_PIECE_TABLE_WORD + ((n * PIECE_FIELDS) >> 1))
  }
  setField(slot, SLOT_BYTES, <i32>(to - begin))
}

/**
 * Whether a place of the page was made or freed since these counts were read: its text may not have been whole, or
 * another's, while it was copied, so the page is told again. The addition of nothing is a fence: it keeps the copies
 * before the second look.
 */
// @ts-ignore: decorator
@inline
function changed(slot: u32, page: u32, made: i32, frees: i32): bool {
  atomic.add<i32>(address(slot) + (<usize>SLOT_STATUS << 2), 0)
  return shared(page, PAGE_MADE) != made || shared(page, PAGE_FREES) != frees
}

function encodePiece(to: usize, slot: u32, piece: u32): usize {
  const format = field(slot, SLOT_FORMAT)
  const family = <u32>field(piece, PIECE_FAMILY)
  const vector = address(slot + SLOT_VECTOR_WORD)
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const native = field(family, F_NATIVE_BUCKETS) != 0
  const summary = field(family, F_KIND) == KIND_SUMMARY
  const info = field(family, F_KIND) == KIND_INFO
  const before = to
  let heads: u64 = 0
  if (format == FORMAT_JSON) to = jsonBegin(to, slot, family, field(piece, PIECE_FLAGS))
  else if (format == FORMAT_PROTOBUF) to = protobufBegin(to, slot, family)
  else {
    const openMetrics = format == FORMAT_OPENMETRICS
    if ((field(piece, PIECE_FLAGS) & PIECE_HEAD) != 0) {
      to = openMetrics ? openMetricsHead(to, slot, family) : textHead(to, slot, family)
    }
    const scratch = address(slot + SLOT_SCRATCH_WORD)
    const kind = field(family, F_KIND)
    if (kind == KIND_HISTOGRAM) heads = histogramHeads(scratch, slot, family)
    else if (kind == KIND_SUMMARY) heads = summaryHeads(scratch, slot, family)
    else heads = simpleHeads(scratch, slot, family)
  }
  const opened = to

  let page = <u32>field(piece, PIECE_PAGE)
  let first = field(piece, PIECE_FIRST)
  let left = field(piece, PIECE_COUNT)
  if (info && field(family, F_LABELS) != 0) {
    // Once, however many pieces what was set before makes.
    if (first == 0 && page == <u32>field(family, F_FIRST_PAGE)) {
      to = encodeCurrent(to, slot, family, piece, format, heads, opened, vector)
    }
    left = 0
  }
  while (left > 0 && page != 0) {
    const count = min(left, field(page, PAGE_CAPACITY) - first)
    const made = shared(page, PAGE_MADE)
    const frees = shared(page, PAGE_FREES)
    const values = info ? ones(count, vector) : fold(page, first, count, cells, aggregate, vector)
    if (native) addInfinities(family, values, count)
    if (summary) quantiles(family, page, first, count, values)
    const after = run(to, slot, family, piece, format, heads, opened, placeOf(page, first), count, values)
    if (changed(slot, page, made, frees)) continue
    if (after == 0) {
      setField(slot, SLOT_STATUS, STATUS_FULL)
      return to
    }
    to = after
    left -= count
    page = <u32>shared(page, PAGE_NEXT)
    first = 0
  }

  if (format == FORMAT_JSON) return jsonFinish(to, family, field(piece, PIECE_FLAGS), opened)
  if (format == FORMAT_PROTOBUF) return protobufFinish(to, before, opened)
  return format == FORMAT_OPENMETRICS && (field(piece, PIECE_FLAGS) & PIECE_CLOSE) != 0 ? eof(to) : to
}

/**
 * The one label set of an info that holds when it is encoded. It can have been made since the scrape began: then it
 * stands in the place of the one before, which may be gone. Where its text does not fit what was planned for others,
 * there is no line this time.
 */
function encodeCurrent(
  to: usize,
  slot: u32,
  family: u32,
  piece: u32,
  format: i32,
  heads: u64,
  opened: usize,
  vector: usize,
): usize {
  const seq = field(slot, SLOT_SEQ)
  let after = to
  while (true) {
    const place = <u32>shared(family, F_CURRENT)
    if (place == 0) break
    const page = pageOf(address(place))
    const made = shared(page, PAGE_MADE)
    const frees = shared(page, PAGE_FREES)
    setField(slot, SLOT_SEQ, field(place, PLACE_BORN))
    after = run(to, slot, family, piece, format, heads, opened, place, 1, ones(1, vector))
    if (changed(slot, page, made, frees) || <u32>shared(family, F_CURRENT) != place) continue
    break
  }
  setField(slot, SLOT_SEQ, seq)
  return after == 0 ? to : after
}

/** Tells a run of places of one page from their folded values; 0 where they do not fit. */
// @ts-ignore: decorator
@inline
function run(
  to: usize,
  slot: u32,
  family: u32,
  piece: u32,
  format: i32,
  heads: u64,
  opened: usize,
  from: u32,
  count: i32,
  values: usize,
): usize {
  if (format == FORMAT_JSON) return jsonRun(to, slot, family, field(piece, PIECE_FLAGS), opened, from, count, values)
  const room = field(piece, PIECE_EXEMPLAR)
  if (format == FORMAT_PROTOBUF) return protobufRun(to, slot, family, room, from, count, values)
  const kind = field(family, F_KIND)
  if (kind == KIND_HISTOGRAM) return histograms(to, slot, family, heads, room, from, count, values)
  if (kind == KIND_SUMMARY) return summaries(to, slot, family, heads, from, count, values)
  return simples(to, slot, family, heads, room, from, count, values)
}
