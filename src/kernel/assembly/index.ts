// The kernel: plans, folds, encodes and sweeps, over the registry's memory. It allocates nothing and keeps nothing: all it
// works with is a slot that its caller owns, so any number of instances can run over one memory.
import { byte, copy, copyText } from './copy'
import { fold } from './fold'
import {
  jsonClose,
  jsonEnd,
  jsonFixed,
  jsonHead,
  jsonHistogram,
  jsonLabels,
  jsonOpen,
} from './json'
import {
  F_AGGREGATE,
  F_BOUNDS,
  F_CELLS,
  F_HELP_BYTES,
  F_JSON_BYTES,
  F_KIND,
  F_LABELS,
  F_NAME_BYTES,
  F_TYPE_BYTES,
  FORMAT_JSON,
  H_SLOT_TEXT,
  KIND_HISTOGRAM,
  PAGE_CAPACITY,
  PAGE_FREES,
  PAGE_MADE,
  PAGE_HEADER_WORDS,
  PAGE_NEXT,
  PAGE_TEXT_BYTES,
  PIECE_CLOSE,
  PIECE_COMMA,
  PIECE_COUNT,
  PIECE_FAMILY,
  PIECE_FIELDS,
  PIECE_FIRST,
  PIECE_FLAGS,
  PIECE_HEAD,
  PIECE_OPEN,
  PIECE_PAGE,
  PIECE_WHOLE,
  PLACE_BORN,
  PLACE_STATE,
  PLACE_TEXT,
  PLACE_TEXT_BYTES,
  PLACE_WORDS,
  SLOT_BYTES,
  SLOT_FORMAT,
  SLOT_PIECES,
  SLOT_PIECES_WORD,
  SLOT_PLAN_COST,
  SLOT_PLAN_FIRST,
  SLOT_PLAN_PAGE,
  SLOT_PREFIX_BYTES,
  SLOT_SCRATCH_WORD,
  SLOT_SEQ,
  SLOT_STATUS,
  SLOT_TEXT_WORD,
  SLOT_VECTOR_WORD,
  STATE_FREE,
  STATE_LIVE,
  STATE_MASK,
  STATUS_FULL,
  STATUS_OK,
  TEXT_CONTROL_BIT,
} from './layout'
import { jsonNumber, number } from './number'
import { address, field, setField, shared } from './record'

export { sweep } from './sweep'

import { histogramHeads, histogramLines, simpleHead, textFixed, textHead } from './text'

// @ts-ignore: decorator
@inline
function placeOf(page: u32, index: i32): u32 {
  return page + PAGE_HEADER_WORDS + index * PLACE_WORDS
}

/**
 * Whether a scrape that began with `seq` tells a place: it is live, and was not born since. A plain load, which may
 * see a place before its text: then `changed` has the page told again. An acquiring one for each costs a sixth of the
 * encoder's time.
 */
// @ts-ignore: decorator
@inline
function told(place: usize, seq: i32): bool {
  const state = load<i32>(place, PLACE_STATE << 2)
  return (state & STATE_MASK) == STATE_LIVE && load<i32>(place, PLACE_BORN << 2) - seq <= 0
}

/** Whether it may be told by the time it is encoded: a series can come back to life. */
// @ts-ignore: decorator
@inline
function couldBeTold(place: u32, seq: i32): bool {
  return (shared(place, PLACE_STATE) & STATE_MASK) != STATE_FREE && field(place, PLACE_BORN) - seq <= 0
}

/** At most this many bytes are told of a family besides its series. */
export function headCost(slot: u32, family: u32): i32 {
  const name = field(slot, SLOT_PREFIX_BYTES) + field(family, F_NAME_BYTES)
  return field(slot, SLOT_FORMAT) == FORMAT_JSON
    ? name + field(family, F_JSON_BYTES) + 64
    : 2 * name + field(family, F_HELP_BYTES) + field(family, F_TYPE_BYTES) + 32
}

/** What text costs at most: in JSON a control character is spelled with six bytes. */
function textCost(bytes: i32, json: bool): i32 {
  const plain = bytes & ~TEXT_CONTROL_BIT
  return json && plain != bytes ? 6 * plain : plain
}

/**
 * How many places from `first` of `page` on, over as many pages as there are, fit into `budget` bytes. Where it
 * stopped, and what they cost at most, is left in the slot.
 */
export function plan(slot: u32, family: u32, page: u32, first: i32, budget: i32): i32 {
  const json = field(slot, SLOT_FORMAT) == FORMAT_JSON
  const seq = field(slot, SLOT_SEQ)
  const histogram = field(family, F_KIND) == KIND_HISTOGRAM
  const lines = !json && histogram ? field(family, F_BOUNDS) + 3 : 1
  const fixed = json ? jsonFixed(family) : textFixed(slot, family)
  let cost = 0
  let count = 0
  while (page != 0) {
    const capacity = field(page, PAGE_CAPACITY)
    // Most pages fit as a whole: what all their texts have at most is known.
    const whole = first == 0 ? capacity * lines * fixed + lines * textCost(field(page, PAGE_TEXT_BYTES), json) : i32.MAX_VALUE
    if (whole <= budget - cost) {
      cost += whole
      count += capacity
    } else {
      for (; first < capacity; first++) {
        const place = placeOf(page, first)
        if (couldBeTold(place, seq)) {
          const more = lines * (fixed + textCost(field(place, PLACE_TEXT_BYTES), json))
          if (cost + more > budget) {
            setField(slot, SLOT_PLAN_PAGE, page)
            setField(slot, SLOT_PLAN_FIRST, first)
            setField(slot, SLOT_PLAN_COST, cost)
            return count
          }
          cost += more
        }
        count++
      }
    }
    page = <u32>shared(page, PAGE_NEXT)
    first = 0
  }
  setField(slot, SLOT_PLAN_PAGE, 0)
  setField(slot, SLOT_PLAN_FIRST, 0)
  setField(slot, SLOT_PLAN_COST, cost)
  return count
}

/** Folds and encodes the pieces of a slot into its text. */
export function encode(slot: u32): void {
  const begin = address(slot + SLOT_TEXT_WORD)
  const json = field(slot, SLOT_FORMAT) == FORMAT_JSON
  const pieces = field(slot, SLOT_PIECES)
  let to = begin
  setField(slot, SLOT_STATUS, STATUS_OK)
  for (let n = 0; n < pieces && field(slot, SLOT_STATUS) == STATUS_OK; n++) {
    const piece = slot + SLOT_PIECES_WORD + ((n * PIECE_FIELDS) >> 1)
    to = json ? jsonPiece(to, slot, piece) : textPiece(to, slot, piece)
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

// @ts-ignore: decorator
@inline
function slotEnd(slot: u32): usize {
  return address(slot + SLOT_TEXT_WORD) + load<u32>(<usize>H_SLOT_TEXT << 2)
}

function textPiece(to: usize, slot: u32, piece: u32): usize {
  const family = <u32>field(piece, PIECE_FAMILY)
  const scratch = address(slot + SLOT_SCRATCH_WORD)
  const vector = address(slot + SLOT_VECTOR_WORD)
  const histogram = field(family, F_KIND) == KIND_HISTOGRAM
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  if ((field(piece, PIECE_FLAGS) & PIECE_HEAD) != 0) to = textHead(to, slot, family)
  const heads = histogram ? histogramHeads(scratch, slot, family) : <u64>simpleHead(scratch, slot, family)

  let page = <u32>field(piece, PIECE_PAGE)
  let first = field(piece, PIECE_FIRST)
  let left = field(piece, PIECE_COUNT)
  while (left > 0 && page != 0) {
    const count = min(left, field(page, PAGE_CAPACITY) - first)
    const made = shared(page, PAGE_MADE)
    const frees = shared(page, PAGE_FREES)
    const values = fold(page, first, count, cells, aggregate, vector)
    const place = placeOf(page, first)
    const after = histogram
      ? histograms(to, slot, family, scratch, heads, place, count, values)
      : simples(to, slot, family, scratch, <i32>heads, place, count, values)
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
  return to
}

/** Lines of a run of counters or gauges; 0 where they do not fit. */
function simples(
  to: usize,
  slot: u32,
  family: u32,
  head: usize,
  headBytes: i32,
  from: u32,
  count: i32,
  values: usize,
): usize {
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const step = <usize>field(family, F_CELLS) << 3
  // A head is mostly short: two loads, made once for all lines.
  const short = headBytes <= 32
  const head0 = v128.load(head)
  const head1 = v128.load(head, 16)
  let place = address(from)
  const last = place + (<usize>count * PLACE_WORDS << 3)
  for (; place != last; place += PLACE_WORDS << 3) {
    if (told(place, seq)) {
      const bytes = load<i32>(place, PLACE_TEXT_BYTES << 2) & ~TEXT_CONTROL_BIT
      if (to + <usize>(fixed + bytes) > end) return 0
      if (short) {
        v128.store(to, head0)
        v128.store(to, head1, 16)
        to += headBytes
      } else to = copy(to, head, headBytes)
      // The text is followed by its `} ` in memory; a family without labels has them in its head.
      if (labelled) to = copyText(to, address(load<u32>(place, PLACE_TEXT << 2)), bytes + 2)
      to = number(to, load<f64>(values))
      to = byte(to, 0x0a)
    }
    values += step
  }
  return to
}

/** Lines of a run of histograms; 0 where they do not fit. */
function histograms(
  to: usize,
  slot: u32,
  family: u32,
  scratch: usize,
  heads: u64,
  from: u32,
  count: i32,
  values: usize,
): usize {
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const fixed = textFixed(slot, family)
  const labelled = field(family, F_LABELS) != 0
  const lines = field(family, F_BOUNDS) + 3
  const step = <usize>field(family, F_CELLS) << 3
  let place = address(from)
  const last = place + (<usize>count * PLACE_WORDS << 3)
  for (; place != last; place += PLACE_WORDS << 3) {
    if (told(place, seq)) {
      const bytes = load<i32>(place, PLACE_TEXT_BYTES << 2) & ~TEXT_CONTROL_BIT
      if (to + <usize>(lines * (fixed + bytes)) > end) return 0
      const text = labelled ? address(load<u32>(place, PLACE_TEXT << 2)) : 0
      to = histogramLines(to, scratch, heads, family, text, bytes, values)
    }
    values += step
  }
  return to
}

function jsonPiece(to: usize, slot: u32, piece: u32): usize {
  const family = <u32>field(piece, PIECE_FAMILY)
  const flags = field(piece, PIECE_FLAGS)
  const vector = address(slot + SLOT_VECTOR_WORD)
  const seq = field(slot, SLOT_SEQ)
  const end = slotEnd(slot)
  const histogram = field(family, F_KIND) == KIND_HISTOGRAM
  const labelled = field(family, F_LABELS) != 0
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const fixed = jsonFixed(family)
  const whole = (flags & PIECE_WHOLE) != 0
  if ((flags & PIECE_OPEN) != 0) to = byte(to, 0x7b)
  if ((flags & PIECE_COMMA) != 0) to = byte(to, 0x2c)
  if (whole) to = jsonHead(to, slot, family)

  let page = <u32>field(piece, PIECE_PAGE)
  let first = field(piece, PIECE_FIRST)
  let left = field(piece, PIECE_COUNT)
  let series = 0
  while (left > 0 && page != 0) {
    const count = min(left, field(page, PAGE_CAPACITY) - first)
    const made = shared(page, PAGE_MADE)
    const frees = shared(page, PAGE_FREES)
    const begin = to
    const before = series
    let full = false
    let values = fold(page, first, count, cells, aggregate, vector)
    let place = placeOf(page, first)
    for (let n = 0; n < count; n++) {
      if (told(address(place), seq)) {
        const bits = field(place, PLACE_TEXT_BYTES)
        const textBytes = bits & ~TEXT_CONTROL_BIT
        const control = (bits & TEXT_CONTROL_BIT) != 0
        if (to + <usize>(fixed + (control ? 6 : 1) * textBytes) > end) {
          full = true
          break
        }
        const text = labelled ? address(field(place, PLACE_TEXT)) : 0
        // A piece of a divided family begins with a comma, which its reader drops where nothing stood before.
        if (series == 0 && whole) to = jsonOpen(to, family, text)
        else to = byte(to, 0x2c)
        to = jsonLabels(to, family, text, textBytes, control)
        to = histogram ? jsonHistogram(to, family, values) : jsonNumber(to, load<f64>(values))
        to = jsonEnd(to, family)
        series++
      }
      place += PLACE_WORDS
      values += <usize>cells << 3
    }
    if (changed(slot, page, made, frees)) {
      to = begin
      series = before
      continue
    }
    if (full) {
      setField(slot, SLOT_STATUS, STATUS_FULL)
      return to
    }
    left -= count
    page = <u32>shared(page, PAGE_NEXT)
    first = 0
  }
  if (whole) {
    if (series != 0) to = jsonClose(to, family)
    else {
      store<u32>(to, 0x6c6c756e) // null
      to += 4
    }
    to = byte(to, 0x7d)
  }
  if ((flags & PIECE_CLOSE) != 0) {
    to = byte(to, 0x7d)
    to = byte(to, 0x0a)
  }
  return to
}

/** Spells one number into the slot's text, for tests; returns its length. */
export function spell(slot: u32, value: f64): i32 {
  const to = address(slot + SLOT_TEXT_WORD)
  return <i32>(number(to, value) - to)
}
