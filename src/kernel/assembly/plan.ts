// How much of a family fits a span: what each format costs at most.
import { exemplarBytes, exemplarLines } from './exemplars'
import { jsonFixed, jsonHeadCost } from './json'
import {
  F_BOUNDS,
  F_KIND,
  FORMAT_JSON,
  FORMAT_PROTOBUF,
  KIND_GAUGE,
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  PAGE_CAPACITY,
  PAGE_NEXT,
  PAGE_TEXT_BYTES,
  PLACE_TEXT_BYTES,
  SLOT_CREATED,
  SLOT_FORMAT,
  SLOT_PLAN_COST,
  SLOT_PLAN_EXEMPLAR,
  SLOT_PLAN_FIRST,
  SLOT_PLAN_PAGE,
  SLOT_SEQ,
  TEXT_CONTROL_BIT,
} from './layout'
import { couldBeTold, placeOf } from './place'
import { protobufFixed, protobufHeadCost } from './protobuf'
import { field, setField, shared } from './record'
import { textFixed, textHeadCost } from './text'

/** At most this many bytes are told of a family besides its series. */
export function headCost(slot: u32, family: u32): i32 {
  const format = field(slot, SLOT_FORMAT)
  if (format == FORMAT_JSON) return jsonHeadCost(slot, family)
  return format == FORMAT_PROTOBUF ? protobufHeadCost(slot, family) : textHeadCost(slot, family)
}

/** Lines of a series, each of which has its labels. */
function linesOf(slot: u32, family: u32): i32 {
  const format = field(slot, SLOT_FORMAT)
  if (format == FORMAT_JSON || format == FORMAT_PROTOBUF) return 1
  const kind = field(family, F_KIND)
  const created = field(slot, SLOT_CREATED) != 0 && kind != KIND_GAUGE ? 1 : 0
  if (kind == KIND_SUMMARY) return field(family, F_BOUNDS) + 2 + created
  return (kind == KIND_HISTOGRAM ? field(family, F_BOUNDS) + 3 : 1) + created
}

/** At most this many bytes of a line are not the series' own labels. */
function fixedOf(slot: u32, family: u32): i32 {
  const format = field(slot, SLOT_FORMAT)
  if (format == FORMAT_JSON) return jsonFixed(family)
  return format == FORMAT_PROTOBUF ? protobufFixed(family) : textFixed(slot, family)
}

/** What text costs at most: in JSON a control character is spelled with six bytes. */
// @ts-ignore: decorator
@inline
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
  const lines = linesOf(slot, family)
  const exemplar = exemplarBytes(slot, family)
  setField(slot, SLOT_PLAN_EXEMPLAR, exemplar)
  // A series is one message in protobuf, with all of its exemplars.
  const fixed =
    fixedOf(slot, family) + (field(slot, SLOT_FORMAT) == FORMAT_PROTOBUF ? exemplarLines(family) : 1) * exemplar
  let cost = 0
  let count = 0
  while (page != 0) {
    const capacity = field(page, PAGE_CAPACITY)
    // Most pages fit as a whole: what all their texts have at most is known.
    const whole =
      first == 0 ? capacity * lines * fixed + lines * textCost(field(page, PAGE_TEXT_BYTES), json) : i32.MAX_VALUE
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
