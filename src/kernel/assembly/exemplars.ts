// Exemplars: the newest that a thread gave for a line. How a record is read while its writer changes it is told in
// src/memory/exemplars.ts.
import { copy } from './copy'
import { beforeCopy } from './hook'
import {
  CELLS_EXEMPLARS,
  CELLS_NEXT,
  EXEMPLAR_BYTES,
  EXEMPLAR_HEADER_WORDS,
  EXEMPLAR_SEQ,
  EXEMPLAR_TIME_WORD,
  EXEMPLAR_VALUE_WORD,
  F_BASE_BYTES,
  F_BOUNDS,
  F_EXEMPLAR_MAX,
  F_KIND,
  F_NAME_BYTES,
  FORMAT_OPENMETRICS,
  FORMAT_PROTOBUF,
  KIND_COUNTER,
  KIND_HISTOGRAM,
  NUMBER_BYTES,
  PAGE_CELLS,
  SLOT_EXEMPLARS,
  SLOT_FORMAT,
} from './layout'
import { number } from './number'
import { address, field, setField, shared } from './record'

/** What OpenMetrics tells of one besides its text: ` # {} ` and two numbers. */
const TEXT_BYTES = 8 + 2 * NUMBER_BYTES
/** What protobuf does: tags, lengths, value and time; of labels more than text has by less than its own length. */
const PROTOBUF_BYTES = 64

/** Lines of a series that can have one. */
// @ts-ignore: decorator
@inline
export function exemplarLines(family: u32): i32 {
  return field(family, F_KIND) == KIND_HISTOGRAM ? field(family, F_BOUNDS) + 1 : 1
}

/** Bytes that one exemplar of a family takes at most, as far as any were given; 0 where none are told. */
export function exemplarBytes(slot: u32, family: u32): i32 {
  if (field(slot, SLOT_EXEMPLARS) == 0) return 0
  const kind = field(family, F_KIND)
  if (kind != KIND_COUNTER && kind != KIND_HISTOGRAM) return 0
  const most = shared(family, F_EXEMPLAR_MAX)
  if (most == 0) return 0
  if (field(slot, SLOT_FORMAT) == FORMAT_PROTOBUF) return 2 * most + PROTOBUF_BYTES
  // What is unknown to OpenMetrics has none there.
  return kind == KIND_COUNTER && field(family, F_BASE_BYTES) == field(family, F_NAME_BYTES) ? 0 : most + TEXT_BYTES
}

/** The longest text that was planned for, in OpenMetrics or in protobuf. */
// @ts-ignore: decorator
@inline
export function longestText(room: i32, format: i32): i32 {
  return format == FORMAT_OPENMETRICS ? room - TEXT_BYTES : (room - PROTOBUF_BYTES) >> 1
}

/** Where the reference to the newest exemplar of the nth line of a place is; 0 where there is none. */
export function newestExemplar(family: u32, page: u32, index: i32, nth: i32): usize {
  const at = <usize>(index * exemplarLines(family) + nth) << 2
  let best: usize = 0
  let newest: f64 = 0
  for (let cells = <u32>shared(page, PAGE_CELLS); cells != 0; cells = <u32>field(cells, CELLS_NEXT)) {
    const table = <u32>shared(cells, CELLS_EXEMPLARS)
    if (table == 0) continue
    const reference = address(table) + at
    const record = atomic.load<u32>(reference)
    if (record == 0) continue
    const seq = shared(record, EXEMPLAR_SEQ)
    const time = load<f64>(address(record + EXEMPLAR_TIME_WORD))
    if ((seq & 1) != 0 || field(record, EXEMPLAR_BYTES) < 0 || time < newest) continue
    newest = time
    best = reference
  }
  return best
}

/** Whether a record is what it was when its sequence was read: nothing that was copied of it is of another. */
// @ts-ignore: decorator
@inline
export function holds(reference: usize, record: u32, seq: i32): bool {
  // The addition of nothing is a fence: it keeps the copies before the second look.
  return (seq & 1) == 0 && atomic.add<i32>(address(record) + (EXEMPLAR_SEQ << 2), 0) == seq && atomic.load<u32>(reference) == record
}

/** Takes a place's exemplars in one shard away, when no thread may store there. */
export function clearExemplars(family: u32, cells: u32, index: i32): void {
  const table = <u32>shared(cells, CELLS_EXEMPLARS)
  if (table == 0) return
  const lines = exemplarLines(family)
  const first = address(table) + (<usize>(index * lines) << 2)
  for (let n = 0; n < lines; n++) {
    const record = atomic.load<u32>(first + (<usize>n << 2))
    if (record != 0) setField(record, EXEMPLAR_BYTES, -1)
  }
}

/** ` # {trace_id="…"} value time`; nothing where there is none, or not a whole one, or a longer one than was planned. */
export function exemplar(to: usize, family: u32, page: u32, index: i32, nth: i32, room: i32): usize {
  const reference = newestExemplar(family, page, index, nth)
  if (reference == 0) return to
  const record = atomic.load<u32>(reference)
  const seq = shared(record, EXEMPLAR_SEQ)
  const bytes = field(record, EXEMPLAR_BYTES)
  if (bytes < 0 || bytes > longestText(room, FORMAT_OPENMETRICS)) return to
  store<u32>(to, 0x7b202320) // ' # {'
  let at = copy(to + 4, address(record + EXEMPLAR_HEADER_WORDS), bytes)
  store<u16>(at, 0x207d) // '} '
  at = number(at + 2, load<f64>(address(record + EXEMPLAR_VALUE_WORD)))
  store<u8>(at, 0x20)
  at = number(at + 1, load<f64>(address(record + EXEMPLAR_TIME_WORD)))
  beforeCopy(0)
  return holds(reference, record, seq) ? at : to
}
