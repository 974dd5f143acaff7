// Text format 0.0.4 and OpenMetrics 1.0: the head of a family, what the lines of all kinds have in common, and the lines
// of counters and gauges. The two formats differ in heads, in how `le` is spelled, in `_created` and in the end.
import { byte, copy } from './copy'
import { Encoder, writeOne, writeSeries } from './encoder'
import { exemplar } from './exemplars'
import {
  FORMAT_OPENMETRICS,
  HEAD_BYTES,
  KIND_COUNTER,
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  NUMBER_BYTES,
  PIECE_CLOSE,
  PIECE_HEAD,
} from './layout'
import { number } from './number'
import { indexOf, next, pageOf } from './place'
import { QUICK_HEAD, quickLines, stopped } from './quick'
import { address, nth, ownProcess } from './record'
import { Family, Place, Slot } from './records'
import { isMisfit, labelPrefix } from './state-label'

export const BUCKET: usize = memory.data<u8>([0x5f, 0x62, 0x75, 0x63, 0x6b, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const SUM: usize = memory.data<u8>([0x5f, 0x73, 0x75, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const COUNT: usize = memory.data<u8>([0x5f, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const CREATED: usize = memory.data<u8>([0x5f, 0x63, 0x72, 0x65, 0x61, 0x74, 0x65, 0x64, 0, 0, 0, 0, 0, 0, 0, 0])

/** Most bytes of those. */
const NAME_SUFFIX_BYTES = 8

/** The prefix, and so many bytes of the family's name. */
// @ts-ignore: decorator
@inline
function name(to: usize, slot: Slot, family: Family, bytes: i32): usize {
  to = copy(to, slot.prefix, slot.prefixBytes)
  return copy(to, address(family.name), bytes)
}

/** At most this many bytes are written of a family besides its series. */
export function textHeadCost(slot: Slot, family: Family): i32 {
  const names = 3 * (slot.prefixBytes + family.nameBytes)
  const openMetrics = family.omHelpBytes + family.omTypeBytes + family.omUnitBytes
  return names + max(family.helpBytes + family.typeBytes, openMetrics) + 32
}

/** At most this many bytes of a line are not the series' own labels. */
export function textFixed(slot: Slot, family: Family): i32 {
  return (
    // Twice, for a stateset's own label.
    2 * slot.prefixBytes +
    family.nameBytes +
    NAME_SUFFIX_BYTES +
    ownProcess().defaultsBytes +
    family.suffixMax +
    NUMBER_BYTES +
    8
  )
}

/** `# HELP name help` and `# TYPE name type`. */
function textHead(to: usize, slot: Slot, family: Family): usize {
  const bytes = family.nameBytes
  store<u64>(to, 0x0020504c45482023) // '# HELP '
  to = name(to + 7, slot, family, bytes)
  // What follows it ends in '# TYPE '.
  to = copy(to, address(family.help), family.helpBytes)
  to = name(to, slot, family, bytes)
  return copy(to, address(family.type), family.typeBytes)
}

/** The same, of the name without `_total`, and `# UNIT name unit` where there is one. */
function openMetricsHead(to: usize, slot: Slot, family: Family): usize {
  const bytes = family.baseBytes
  store<u64>(to, 0x0020504c45482023)
  to = name(to + 7, slot, family, bytes)
  to = copy(to, address(family.omHelp), family.omHelpBytes)
  to = name(to, slot, family, bytes)
  if (isMisfit(slot, family)) return copy(to, address(family.type), family.typeBytes)
  to = copy(to, address(family.omType), family.omTypeBytes)
  const unit = family.omUnitBytes
  if (unit == 0) return to
  store<u64>(to, 0x002054494e552023) // '# UNIT '
  to = name(to + 7, slot, family, bytes)
  return copy(to, address(family.omUnit), unit)
}

function eof(to: usize): usize {
  store<u32>(to, 0x4f452023) // '# EO'
  store<u16>(to, 0x0a46, 4)
  return to + 6
}

/** In `created` of a slot for text, which has no such lines: `le` stands before all other labels, as prom-client has it. */
export const OWN_FIRST = 2

/** Whether the family's series have a line that says when they were made: gauges and OpenMetrics' unknown do not. */
function hasCreated(slot: Slot, family: Family): bool {
  if (slot.created != 1) return false
  const kind = family.kind
  if (kind == KIND_HISTOGRAM || kind == KIND_SUMMARY) return true
  return (kind == KIND_COUNTER && family.baseBytes != family.nameBytes)
}

/** One line: head, labels, value. The text is followed by its `} ` in memory; without labels the head has them. */
// @ts-ignore: decorator
@inline
function line(to: usize, head: usize, bytes: i32, text: usize, textBytes: i32, value: f64): usize {
  to = copy(to, head, bytes)
  if (text != 0) to = copy(to, text, textBytes + 2)
  to = number(to, value)
  return byte(to, 0x0a)
}

/** In scratch, the heads of a family's lines: what stands before the series' own labels. */
export const HEAD_OF_VALUE = 0
const HEAD_OF_SUM = 1
const HEAD_OF_COUNT = 2
const HEAD_OF_CREATED = 3

/** What text and OpenMetrics have in common for families of all kinds. */
@unmanaged
export class TextEncoder extends Encoder {
  /** Bytes of each head. `createdHead` is 0 where the time that series were made is not exposed. */
  valueHead: i32
  sumHead: i32
  countHead: i32
  createdHead: i32
  /** Lines of a series, each with its label text. */
  lines: i32
  /** Bytes of a series at most besides that. */
  fixed: i32

  // @ts-ignore: decorator
  @inline
  get isOpenMetrics(): bool {
    return this.format == FORMAT_OPENMETRICS
  }

  /** Where the head of values is. */
  // @ts-ignore: decorator
  @inline
  get head(): usize {
    return this.slot.scratch
  }

  /**
   * Writes the family's head, where this piece has it, and the heads of its lines but for that of values. `lines` are
   * those of a series without `_created`, `exemplars` those of them that can have one.
   */
  beginLines(to: usize, lines: i32, exemplars: i32): usize {
    const slot = this.slot
    const family = this.family
    this.createdHead = 0
    if (hasCreated(slot, family)) {
      const bytes = this.kind == KIND_COUNTER ? family.baseBytes : family.nameBytes
      this.createdHead = this.lineHead(HEAD_OF_CREATED, bytes, CREATED, 8, false)
      lines++
    }
    this.lines = lines
    this.fixed = lines * textFixed(slot, family) + exemplars * this.room
    if ((this.flags & PIECE_HEAD) == 0) return to
    return this.isOpenMetrics ? openMetricsHead(to, slot, family) : textHead(to, slot, family)
  }

  /** And the heads of sum and count. */
  beginSums(): void {
    const bytes = this.family.nameBytes
    this.sumHead = this.lineHead(HEAD_OF_SUM, bytes, SUM, 4, false)
    this.countHead = this.lineHead(HEAD_OF_COUNT, bytes, COUNT, 6, false)
  }

  /**
   * A head: `name{defaults,`; all of a line up to the value, where the family has no labels. `open` leaves the braces
   * open for `le` or `quantile`. Returns its length.
   */
  lineHead(nth: i32, nameBytes: i32, suffix: usize, suffixBytes: i32, open: bool): i32 {
    const slot = this.slot
    const family = this.family
    const begin = this.head + <usize>nth * HEAD_BYTES
    let to = name(begin, slot, family, nameBytes)
    to = copy(to, suffix, suffixBytes)
    const labelled = family.labels != 0
    const defaults = ownProcess().defaultsBytes
    if (!labelled && defaults == 0 && !open) to = byte(to, 0x20)
    else {
      to = byte(to, 0x7b)
      if (defaults != 0) to = copy(to, address(ownProcess().defaults), defaults)
      if (labelled) {
        if (defaults != 0) to = byte(to, 0x2c)
        to = copy(to, slot.prefix, labelPrefix(slot, family))
      } else if (!open) {
        to = byte(to, 0x7d)
        to = byte(to, 0x20)
      }
    }
    return <i32>(to - begin)
  }

  // @ts-ignore: decorator
  @inline
  most(bytes: i32, _control: bool): u64 {
    return <u64>this.fixed + <u64>this.lines * <u64><u32>bytes
  }

  // @ts-ignore: decorator
  @inline
  sumLine(to: usize, text: usize, bytes: i32, sum: f64): usize {
    return line(to, this.head + HEAD_OF_SUM * HEAD_BYTES, this.sumHead, text, bytes, sum)
  }

  // @ts-ignore: decorator
  @inline
  countLine(to: usize, text: usize, bytes: i32, count: f64): usize {
    return line(to, this.head + HEAD_OF_COUNT * HEAD_BYTES, this.countHead, text, bytes, count)
  }

  /** When a series was made, in seconds, where that is exposed. */
  // @ts-ignore: decorator
  @inline
  createdLine(to: usize, text: usize, bytes: i32, place: Place): usize {
    if (this.createdHead == 0) return to
    return line(to, this.head + HEAD_OF_CREATED * HEAD_BYTES, this.createdHead, text, bytes, place.birth / 1000)
  }

  /** What stands behind the last piece of a document. */
  finish(to: usize): usize {
    return this.isOpenMetrics && (this.flags & PIECE_CLOSE) != 0 ? eof(to) : to
  }
}

/** Counters, gauges, and all else with one value. */
@unmanaged
export class SimpleEncoder extends TextEncoder {
  begin(to: usize): usize {
    this.valueHead = this.lineHead(HEAD_OF_VALUE, this.family.nameBytes, BUCKET, 0, false)
    return this.beginLines(to, 1, 1)
  }

  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    const text = this.labelText(place)
    to = line(to, this.head, this.valueHead, text, bytes, load<f64>(values))
    const room = this.room
    if (room != 0) to = byte(exemplar(to - 1, this.family, pageOf(place), indexOf(place), 0, room), 0x0a)
    return this.createdLine(to, text, bytes, place)
  }

  /** As writeSeries, but what is of quick.ts's kind is left to it. */
  writeQuick(to: usize, first: Place, count: i32, values: usize): usize {
    const bytes = this.valueHead
    const quick = this.createdHead == 0 && this.room == 0 && this.family.labels != 0 && bytes <= QUICK_HEAD
    if (!quick) return writeSeries<SimpleEncoder>(this, to, first, count, values)
    const end = this.end
    const limit = end - this.fixed
    const seq = this.seq
    const step = this.step
    const head = this.head
    const last = nth<Place>(changetype<usize>(first), count)
    for (let place = first; place != last; place = next(place), values += step) {
      const before = place
      to = quickLines(to, limit, seq, head, bytes, place, last, values, step)
      place = stopped
      if (place == last) break
      values += ((changetype<usize>(place) - changetype<usize>(before)) / offsetof<Place>()) * step
      to = writeOne<SimpleEncoder>(this, to, end, seq, place, values)
      if (to == 0) return 0
    }
    return to
  }
}
