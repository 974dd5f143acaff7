// How much of a family fits a span: what each format costs at most.
import { exemplarBytes, exemplarLines } from './exemplars'
import { jsonFixed, jsonHeadCost } from './json'
import {
  FORMAT_JSON,
  FORMAT_OTLP,
  FORMAT_PROTOBUF,
  FORMAT_REMOTE_WRITE,
  FORMAT_REMOTE_WRITE_2,
  KIND_GAUGE,
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  TEXT_CONTROL_BIT,
} from './layout'
import { otlpFixed, otlpHeadCost } from './otlp'
import { mayBeExposed, placeOf } from './place'
import { protobufFixed, protobufHeadCost } from './protobuf'
import { exists, refOf, view } from './record'
import { Family, Page, Slot } from './records'
import { remoteFixed, remoteHeadCost, remoteLines, remoteOnce } from './remote-write'
import { capacityOf, MOST_LINES } from './sound'
import { textFixed, textHeadCost } from './text'

/** At most this many bytes are written of a family besides its series. */
export function headBytesOf(slot: Slot, family: Family): i32 {
  const format = slot.format
  if (format == FORMAT_JSON) return jsonHeadCost(slot, family)
  if (format == FORMAT_PROTOBUF) return protobufHeadCost(slot, family)
  if (isRemoteWrite(format)) return remoteHeadCost(slot, family)
  return format == FORMAT_OTLP ? otlpHeadCost(slot, family) : textHeadCost(slot, family)
}

// @ts-ignore: decorator
@inline
function isRemoteWrite(format: i32): bool {
  return format == FORMAT_REMOTE_WRITE || format == FORMAT_REMOTE_WRITE_2
}

/** Whether a series is one message, with all of its exemplars. */
// @ts-ignore: decorator
@inline
function isMessage(format: i32): bool {
  return format == FORMAT_PROTOBUF || format == FORMAT_OTLP
}

/** Lines of a series, each of which has its labels. */
function linesOf(slot: Slot, family: Family): i32 {
  const format = slot.format
  if (format == FORMAT_JSON || isMessage(format)) return 1
  if (isRemoteWrite(format)) return remoteLines(family)
  const kind = family.kind
  const created = slot.created != 0 && kind != KIND_GAUGE ? 1 : 0
  if (kind == KIND_SUMMARY) return family.bounds + 2 + created
  return (kind == KIND_HISTOGRAM ? family.bounds + 3 : 1) + created
}

/** At most this many bytes of a line are not the series' own labels. */
function fixedOf(slot: Slot, family: Family): i32 {
  const format = slot.format
  if (format == FORMAT_JSON) return jsonFixed(family)
  if (format == FORMAT_PROTOBUF) return protobufFixed(family)
  if (isRemoteWrite(format)) return remoteFixed(slot, family)
  return format == FORMAT_OTLP ? otlpFixed(family) : textFixed(slot, family)
}

/** What text costs at most: in JSON a control character is spelled with six bytes. */
// @ts-ignore: decorator
@inline
function textCost(bytes: i32, json: bool): u64 {
  const plain = bytes & ~TEXT_CONTROL_BIT
  return json && plain != bytes ? 6 * <u64><u32>plain : <u64><u32>plain
}

/**
 * How many places from `first` of `page` on, over as many pages as there are, fit into `budget` bytes. Where it
 * stopped, and what they cost at most, is left in the slot.
 */
export function planPlaces(slot: Slot, family: Family, page: Page, first: i32, budget: i32): i32 {
  const json = slot.format == FORMAT_JSON
  const seq = slot.seq
  const lines = linesOf(slot, family)
  if (<u32>lines > MOST_LINES) unreachable()
  const exemplar = exemplarBytes(slot, family)
  slot.planExemplar = exemplar
  // Unsigned and wide: no number that was damaged makes a plan cost less than nothing.
  const fixed = <u64><u32>(
    fixedOf(slot, family) + (isMessage(slot.format) ? exemplarLines(family) : 1) * exemplar
  )
  const once = <u64><u32>(isRemoteWrite(slot.format) ? remoteOnce(family) : 0)
  const most: u64 = max(budget, 0)
  let cost = 0
  let count = 0
  // As in Walk of src/memory/damage.ts.
  let mark = changetype<Page>(0)
  let steps = 0
  let lap = 1
  while (exists(page)) {
    if (page == mark) unreachable()
    if (++steps == lap) {
      mark = page
      lap <<= 1
      steps = 0
    }
    const capacity = capacityOf(page, 1)
    // Most pages fit as a whole: what all their texts have at most is known.
    const whole =
      first == 0
        ? <u64>(capacity * lines) * fixed + <u64>capacity * once + <u64>lines * textCost(page.textBytes, json)
        : u64.MAX_VALUE
    if (<u64>cost + whole <= most) {
      cost += <i32>whole
      count += capacity
    } else {
      for (; first < capacity; first++) {
        const place = placeOf(page, first)
        if (mayBeExposed(place, seq)) {
          const more = once + <u64>lines * (fixed + textCost(place.textBytes, json))
          if (<u64>cost + more > most) {
            slot.planPage = refOf(page)
            slot.planFirst = first
            slot.planCost = cost
            return count
          }
          cost += <i32>more
        }
        count++
      }
    }
    page = view<Page>(page.shared.next)
    first = 0
  }
  slot.planPage = 0
  slot.planFirst = 0
  slot.planCost = cost
  return count
}
