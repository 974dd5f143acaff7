// Exemplars: the newest that a thread gave for a line. How a record is read while its writer changes it stands in
// src/memory/exemplars.ts.
import { newestCells, olderCells } from './cells'
import { copy } from './copy'
import { beforeCopy } from './hook'
import { FORMAT_OPENMETRICS, FORMAT_PROTOBUF, KIND_COUNTER, KIND_HISTOGRAM, NUMBER_BYTES } from './layout'
import { number } from './number'
import { address, exists, refOf, view } from './record'
import { CellPage, Exemplar, Family, Page, Slot } from './records'
import { inArena, MOST_EXEMPLAR, mostRecords } from './sound'

/** What OpenMetrics has of one besides its text: ` # {} ` and two numbers. */
const TEXT_BYTES = 8 + 2 * NUMBER_BYTES
/** What protobuf does: tags, lengths, value and time; of labels more than text has by less than its own length. */
const PROTOBUF_BYTES = 64

/** Lines of a series that can have one. */
// @ts-ignore: decorator
@inline
export function exemplarLines(family: Family): i32 {
  return family.kind == KIND_HISTOGRAM ? family.bounds + 1 : 1
}

/** Bytes that one exemplar of a family takes at most, as far as any were given; 0 where none are exposed. */
export function exemplarBytes(slot: Slot, family: Family): i32 {
  if (slot.exemplars == 0) return 0
  const kind = family.kind
  if (kind != KIND_COUNTER && kind != KIND_HISTOGRAM) return 0
  const most = family.shared.exemplarMax
  if (most == 0) return 0
  if (<u32>most > MOST_EXEMPLAR) unreachable()
  if (slot.format != FORMAT_OPENMETRICS) return 2 * most + PROTOBUF_BYTES
  // What is unknown to OpenMetrics has none there.
  return kind == KIND_COUNTER && family.baseBytes == family.nameBytes ? 0 : most + TEXT_BYTES
}

/** The longest text that was planned for, in OpenMetrics or in protobuf. */
// @ts-ignore: decorator
@inline
export function longestText(room: i32, format: i32): i32 {
  return format == FORMAT_OPENMETRICS ? room - TEXT_BYTES : (room - PROTOBUF_BYTES) >> 1
}

/** Where the reference to the newest exemplar of a line of a place is; 0 where there is none. */
export function newestExemplar(family: Family, page: Page, index: i32, line: i32): usize {
  const at = <usize>(index * exemplarLines(family) + line) << 2
  let best: usize = 0
  let newest: f64 = 0
  for (let cells = newestCells(page), left = mostRecords(); exists(cells); cells = olderCells(cells, --left)) {
    const table = cells.shared.exemplars
    if (table == 0) continue
    const reference = address(table) + at
    const record = view<Exemplar>(atomic.load<u32>(reference))
    if (!exists(record)) continue
    const seq = record.shared.seq
    const time = record.time
    if ((seq & 1) != 0 || record.bytes < 0 || time < newest) continue
    newest = time
    best = reference
  }
  return best
}

/** Of copyExemplar(), for its caller: globals are an instance's own. The time is in seconds. */
export let exemplarValue: f64 = 0
export let exemplarTime: f64 = 0

/**
 * Copies the text of the newest exemplar of a line, which can change while it is read; its bytes, or -1 where there is
 * none, or not a whole one, or a longer one than `most`.
 */
export function copyExemplar(to: usize, family: Family, page: Page, index: i32, line: i32, most: i32): i32 {
  const reference = newestExemplar(family, page, index, line)
  if (reference == 0) return -1
  const record = view<Exemplar>(atomic.load<u32>(reference))
  const seq = record.shared.seq
  const bytes = record.bytes
  if (bytes < 0 || bytes > most) return -1
  copy(to, record.behind, bytes)
  exemplarValue = record.value
  exemplarTime = record.time
  beforeCopy(0)
  return holds(reference, record, seq) ? bytes : -1
}

/** Whether a record is what it was when its sequence was read: nothing that was copied of it is of another. */
// @ts-ignore: decorator
@inline
export function holds(reference: usize, record: Exemplar, seq: i32): bool {
  // The addition of nothing is a fence: it keeps the copies before the second look.
  return (seq & 1) == 0 && record.shared.addSeq(0) == seq && atomic.load<u32>(reference) == refOf(record)
}

/** Takes a place's exemplars in one shard away, when no thread may store there. */
export function clearExemplars(family: Family, cells: CellPage, index: i32): void {
  const table = cells.shared.exemplars
  if (table == 0) return
  const lines = exemplarLines(family)
  const first = address(table) + (<usize>(index * lines) << 2)
  if (!inArena(first, <usize>lines << 2)) unreachable()
  for (let n = 0; n < lines; n++) {
    const record = view<Exemplar>(atomic.load<u32>(first + (<usize>n << 2)))
    if (inArena(changetype<usize>(record), offsetof<Exemplar>())) record.bytes = -1
  }
}

/** ` # {trace_id="…"} value time`; nothing where there is none, or not a whole one, or a longer one than was planned. */
export function exemplar(to: usize, family: Family, page: Page, index: i32, line: i32, room: i32): usize {
  const reference = newestExemplar(family, page, index, line)
  if (reference == 0) return to
  const record = view<Exemplar>(atomic.load<u32>(reference))
  const seq = record.shared.seq
  const bytes = record.bytes
  if (bytes < 0 || bytes > longestText(room, FORMAT_OPENMETRICS)) return to
  store<u32>(to, 0x7b202320) // ' # {'
  let at = copy(to + 4, record.behind, bytes)
  store<u16>(at, 0x207d) // '} '
  at = number(at + 2, record.value)
  store<u8>(at, 0x20)
  at = number(at + 1, record.time)
  beforeCopy(0)
  return holds(reference, record, seq) ? at : to
}
