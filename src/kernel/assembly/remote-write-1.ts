// Remote write 1.0: prometheus.WriteRequest. Each series has its labels spelled out.
//
// What stands before a label's value is the same for all series of a family, and whole labels are, too: they are built once
// for a piece, into scratch, and copied.
import { copy } from './copy'
import {
  built,
  checkBuilt,
  ENTRY_FIXED,
  ENTRY_NAME,
  ENTRY_OWN,
  ENTRY_SUFFIX,
  entries,
  Entry,
  EXEMPLAR_AT,
  Value,
  values,
} from './label-order'
import { labels, PAIR, PAIR_NAME, PAIR_VALUE } from './label-pairs'
import { PIECE_HEAD } from './layout'
import { address, nth } from './record'
import { Place } from './records'
import {
  exemplarEnd,
  LINE_BUCKET,
  LINE_COUNT,
  LINE_SUM,
  LINE_VALUE,
  metadataType,
  RemoteWriteEncoder,
  writeLines,
} from './remote-write'
import { varint } from './varint'
import { bytesField, lengthBytes, put, putLength, unescaped } from './wire'

/** Fields of the messages, with their wire types. */
const REQUEST_SERIES = 0x0a
const REQUEST_METADATA = 0x1a
const SERIES_EXEMPLAR = 0x1a
const SERIES_HISTOGRAM = 0x22
const METADATA_TYPE = 0x08
const METADATA_NAME = 0x12
const METADATA_HELP = 0x22
const METADATA_UNIT = 0x2a

@unmanaged
export class RemoteWrite1Encoder extends RemoteWriteEncoder {
  /** The label `__name__` of each kind of line: where it is built, and how long. */
  valueName: usize
  valueNameBytes: i32
  bucketName: usize
  bucketNameBytes: i32
  sumName: usize
  sumNameBytes: i32
  countName: usize
  countNameBytes: i32

  begin(to: usize): usize {
    if (this.beginRemote()) this.build()
    return (this.flags & PIECE_HEAD) != 0 && !this.gone ? this.metadata(to) : to
  }

  /** Type, name, help and unit: once in a push. */
  metadata(to: usize): usize {
    const slot = this.slot
    const family = this.family
    const length = lengthBytes(slot.prefixBytes + family.nameBytes + family.rawHelpBytes + family.unitBytes + 32)
    const begin = put(to, REQUEST_METADATA) + length
    let at = put(begin, METADATA_TYPE)
    at = varint(at, metadataType(slot, family))
    at = varint(put(at, METADATA_NAME), slot.prefixBytes + family.nameBytes)
    at = this.lineNameText(at)
    const help = family.rawHelpBytes
    if (help != 0) at = bytesField(at, METADATA_HELP, address(family.rawHelp), help)
    const unit = family.unitBytes
    // A space stands before it there.
    if (unit != 0) at = bytesField(at, METADATA_UNIT, address(family.omUnit) + 1, unit)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  lineNameText(to: usize): usize {
    to = copy(to, this.slot.prefix, this.slot.prefixBytes)
    return copy(to, address(this.family.name), this.family.nameBytes)
  }

  /** Builds what does not differ from series to series. */
  build(): void {
    const first = entries(this.slot)
    let to = built(this.slot)
    for (let n = 0; n < this.entries; n++) {
      const entry = nth<Entry>(first, n)
      if (entry.kind == ENTRY_NAME) {
        this.valueName = to
        to = this.pairOfLine(to, entry, LINE_VALUE)
        this.valueNameBytes = <i32>(to - this.valueName)
        this.bucketName = to
        to = this.pairOfLine(to, entry, LINE_BUCKET)
        this.bucketNameBytes = <i32>(to - this.bucketName)
        this.sumName = to
        to = this.pairOfLine(to, entry, LINE_SUM)
        this.sumNameBytes = <i32>(to - this.sumName)
        this.countName = to
        to = this.pairOfLine(to, entry, LINE_COUNT)
        this.countNameBytes = <i32>(to - this.countName)
        continue
      }
      checkBuilt(this.slot, to, entry.nameBytes + entry.valueBytes + 32)
      entry.built = <u32>to
      if (entry.kind == ENTRY_FIXED) to = this.pair(to, entry)
      else to = this.beforeValue(to, entry)
      entry.builtBytes = <i32>(to - <usize>entry.built)
    }
  }

  /** A label up to its value. */
  beforeValue(to: usize, entry: Entry): usize {
    to = bytesField(to, PAIR_NAME, entry.name, entry.nameBytes)
    return put(to, PAIR_VALUE)
  }

  pairOfLine(to: usize, entry: Entry, line: i32): usize {
    // Behind room for the lengths, which are known when it is written.
    const begin = to + 3
    const value = this.beforeValue(begin, entry) + 2
    const end = this.lineName(value, line)
    putLength(value - 2, <i32>(end - value), 2)
    store<u8>(to, PAIR)
    putLength(to + 1, <i32>(end - begin), 2)
    return end
  }

  /** A whole label, whose value is not empty. */
  pair(to: usize, entry: Entry): usize {
    const from = entry.value
    const raw = entry.valueBytes
    if (raw == 0) return to
    const length = lengthBytes(entry.nameBytes + raw + 16)
    const valueLength = lengthBytes(raw)
    const begin = to + 1 + length
    const value = this.beforeValue(begin, entry) + valueLength
    const end = unescaped(value, from, from + raw)
    putLength(value - valueLength, <i32>(end - value), valueLength)
    store<u8>(to, PAIR)
    putLength(to + 1, <i32>(end - begin), length)
    return end
  }

  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    this.findLabels(place, bytes)
    return writeLines(this, to, place, values)
  }

  /** One series; `n` is its line, if that can have an exemplar, else -1. */
  line(to: usize, line: i32, bound: usize, boundBytes: i32, value: f64, place: Place, n: i32): usize {
    const length = lengthBytes(this.fixed + this.textBytes + this.room)
    const begin = put(to, REQUEST_SERIES) + length
    let at = this.labelPairs(begin, line, bound, boundBytes)
    at = this.sample(at, value)
    if (this.room != 0 && n >= 0) at = this.exemplar(at, place, n)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  nativeLine(to: usize, sum: f64, special: usize, place: Place): usize {
    const length = lengthBytes(this.fixed + this.textBytes + this.once)
    const begin = put(to, REQUEST_SERIES) + length
    let at = this.labelPairs(begin, LINE_VALUE, 0, 0)
    // Without classic buckets there is none that it could be in.
    if (this.room != 0 && this.family.bounds == 0) at = this.exemplar(at, place, 0)
    at = this.histogram(at, SERIES_HISTOGRAM, sum, special)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  labelPairs(to: usize, line: i32, bound: usize, boundBytes: i32): usize {
    const count = this.entries
    const first = entries(this.slot)
    const own = values(this.slot)
    for (let n = 0; n < count; n++) {
      const entry = nth<Entry>(first, n)
      const kind = entry.kind
      if (kind == ENTRY_FIXED) to = copy(to, <usize>entry.built, entry.builtBytes)
      else if (kind == ENTRY_OWN) {
        const value = nth<Value>(own, entry.own)
        const length = value.bytes
        // A label without a value is no label.
        if (length == 0) continue
        to = this.beginPair(to, entry, length)
        to = value.raw == length ? copy(to, value.at, length) : unescaped(to, value.at, value.at + value.raw)
      } else if (kind == ENTRY_NAME) to = this.namePair(to, line)
      else if (kind == ENTRY_SUFFIX && bound != 0) {
        to = this.beginPair(to, entry, boundBytes)
        to = copy(to, bound, boundBytes)
      }
    }
    return to
  }

  // @ts-ignore: decorator
  @inline
  beginPair(to: usize, entry: Entry, length: i32): usize {
    const before = entry.builtBytes
    store<u8>(to, PAIR)
    to = varint(to + 1, before + (length < 1 << 7 ? 1 : lengthBytes(length)) + length)
    return varint(copy(to, <usize>entry.built, before), length)
  }

  // @ts-ignore: decorator
  @inline
  namePair(to: usize, line: i32): usize {
    if (line == LINE_BUCKET) return copy(to, this.bucketName, this.bucketNameBytes)
    if (line == LINE_SUM) return copy(to, this.sumName, this.sumNameBytes)
    if (line == LINE_COUNT) return copy(to, this.countName, this.countNameBytes)
    return copy(to, this.valueName, this.valueNameBytes)
  }

  exemplar(to: usize, place: Place, n: i32): usize {
    const bytes = this.exemplarText(place, n)
    if (bytes < 0) return to
    const length = lengthBytes(this.room)
    const begin = put(to, SERIES_EXEMPLAR) + length
    const at = exemplarEnd(labels(begin, this.slot.scratch + EXEMPLAR_AT, bytes, bytes))
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }
}
