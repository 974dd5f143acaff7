// Remote write 2.0: io.prometheus.write.v2.Request. Each text stands once in a request (symbols.ts); series refer to it.
import {
  built,
  ENTRY_FIXED,
  ENTRY_NAME,
  ENTRY_OWN,
  ENTRY_SUFFIX,
  entries,
  Entry,
  EXEMPLAR_AT,
  EXEMPLAR_SYMBOLS_AT,
  MOST_EXEMPLAR_SYMBOLS,
  Value,
  values,
} from './label-order'
import { KIND_COUNTER, KIND_HISTOGRAM, KIND_SUMMARY } from './layout'
import { nameBytes, nextMark } from './marks'
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
import { symbol, writeSymbol } from './symbols'
import { varint } from './varint'
import { lengthBytes, put, putLength } from './wire'

/** Fields of the messages, with their wire types. */
const REQUEST_SERIES = 0x2a
const SERIES_LABELS = 0x0a
const SERIES_HISTOGRAM = 0x1a
const SERIES_EXEMPLAR = 0x22
const SERIES_METADATA = 0x2a
const SERIES_CREATED = 0x30
const METADATA_TYPE = 0x08
const METADATA_HELP = 0x18
const METADATA_UNIT = 0x20
const EXEMPLAR_LABELS = 0x0a

@unmanaged
export class RemoteWrite2Encoder extends RemoteWriteEncoder {
  /** Symbols of the names of lines, of help and of unit. */
  valueName: u32
  bucketName: u32
  sumName: u32
  countName: u32
  help: u32
  unit: u32
  type: i32

  /** Writes the symbols that all series have in common. */
  begin(to: usize): usize {
    if (!this.beginRemote()) return to
    this.type = metadataType(this.slot, this.family)
    to = this.nameSymbols(to)
    to = this.labelSymbols(to)
    return this.metadataSymbols(to)
  }

  nameSymbols(to: usize): usize {
    const kind = this.kind
    const several = kind == KIND_HISTOGRAM || kind == KIND_SUMMARY
    to = this.nameSymbol(to, LINE_VALUE)
    this.valueName = symbol
    if (!several) return to
    if (kind == KIND_HISTOGRAM) to = this.nameSymbol(to, LINE_BUCKET)
    this.bucketName = symbol
    to = this.nameSymbol(to, LINE_SUM)
    this.sumName = symbol
    to = this.nameSymbol(to, LINE_COUNT)
    this.countName = symbol
    return to
  }

  nameSymbol(to: usize, line: i32): usize {
    const from = built(this.slot)
    const bytes = <i32>(this.lineName(from, line) - from)
    return writeSymbol(this.slot, to, from, bytes, bytes)
  }

  labelSymbols(to: usize): usize {
    const first = entries(this.slot)
    for (let n = 0; n < this.entries; n++) {
      const entry = nth<Entry>(first, n)
      // The names are in the definition, which a process that damages it can have made longer since it was planned.
      if (<u64>to + <u64><u32>entry.nameBytes + <u64><u32>entry.valueBytes + 32 > <u64>this.end) unreachable()
      to = writeSymbol(this.slot, to, entry.name, entry.nameBytes, entry.nameBytes)
      entry.built = symbol
      if (entry.kind != ENTRY_FIXED) continue
      to = this.valueSymbol(to, entry.value, entry.valueBytes)
      entry.builtBytes = symbol
    }
    return to
  }

  valueSymbol(to: usize, from: usize, raw: i32): usize {
    let escapes = 0
    const end = from + raw
    for (let at = nextMark(from, end); at < end; at = nextMark(at + 2, end)) escapes++
    return writeSymbol(this.slot, to, from, raw, raw - escapes)
  }

  metadataSymbols(to: usize): usize {
    const family = this.family
    to = writeSymbol(this.slot, to, address(family.rawHelp), family.rawHelpBytes, family.rawHelpBytes)
    this.help = symbol
    // A space stands before it there.
    to = writeSymbol(this.slot, to, address(family.omUnit) + 1, family.unitBytes, family.unitBytes)
    this.unit = symbol
    return to
  }

  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    this.findLabels(place, bytes)
    return writeLines(this, this.ownSymbols(to), place, values)
  }

  /** The symbols of a series' own values. */
  ownSymbols(to: usize): usize {
    const first = entries(this.slot)
    const own = values(this.slot)
    const count = this.entries
    for (let n = 0; n < count; n++) {
      const entry = nth<Entry>(first, n)
      if (entry.kind != ENTRY_OWN) continue
      const value = nth<Value>(own, entry.own)
      to = writeSymbol(this.slot, to, value.at, value.raw, value.bytes)
      entry.builtBytes = symbol
    }
    return to
  }

  /** One series; `n` is its line, if that can have an exemplar, else -1. */
  line(to: usize, line: i32, bound: usize, boundBytes: i32, value: f64, place: Place, n: i32): usize {
    // Symbols are fields of the request: they come before its series.
    let boundSymbol: u32 = 0
    if (bound != 0) {
      to = writeSymbol(this.slot, to, bound, boundBytes, boundBytes)
      boundSymbol = symbol
    }
    let exemplars = -1
    if (this.room != 0 && n >= 0) {
      const bytes = this.exemplarText(place, n)
      if (bytes >= 0) {
        to = this.exemplarSymbols(to, bytes)
        exemplars = exemplarSymbols
      }
    }
    const length = lengthBytes(this.fixed + this.room)
    const begin = put(to, REQUEST_SERIES) + length
    let at = this.labelReferences(begin, this.nameOf(line), boundSymbol)
    at = this.sample(at, value)
    if (exemplars >= 0) at = this.exemplar(at, exemplars)
    at = this.about(at, place)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  nativeLine(to: usize, sum: f64, special: usize, place: Place): usize {
    let exemplars = -1
    // Without classic buckets there is none that it could be in.
    if (this.room != 0 && this.family.bounds == 0) {
      const bytes = this.exemplarText(place, 0)
      if (bytes >= 0) {
        to = this.exemplarSymbols(to, bytes)
        exemplars = exemplarSymbols
      }
    }
    const length = lengthBytes(this.fixed + this.once)
    const begin = put(to, REQUEST_SERIES) + length
    let at = this.labelReferences(begin, this.valueName, 0)
    at = this.histogram(at, SERIES_HISTOGRAM, sum, special)
    if (exemplars >= 0) at = this.exemplar(at, exemplars)
    at = this.about(at, place)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  /** The symbol of a line's name. */
  // @ts-ignore: decorator
  @inline
  nameOf(line: i32): u32 {
    if (line == LINE_BUCKET) return this.bucketName
    if (line == LINE_SUM) return this.sumName
    return line == LINE_COUNT ? this.countName : this.valueName
  }

  labelReferences(to: usize, name: u32, bound: u32): usize {
    const count = this.entries
    const first = entries(this.slot)
    const length = lengthBytes(10 * count)
    const begin = put(to, SERIES_LABELS) + length
    let at = begin
    for (let n = 0; n < count; n++) {
      const entry = nth<Entry>(first, n)
      const kind = entry.kind
      const value = kind == ENTRY_NAME ? name : kind == ENTRY_SUFFIX ? bound : entry.builtBytes
      // A label without a value is no label.
      if (value != 0) at = varint(varint(at, entry.built), value)
    }
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }

  /** Metadata, and when the series was made, where its value only rises. */
  about(to: usize, place: Place): usize {
    if (this.gone) return to
    const begin = put(to, SERIES_METADATA) + 1
    let at = varint(put(begin, METADATA_TYPE), this.type)
    if (this.help != 0) at = varint(put(at, METADATA_HELP), this.help)
    if (this.unit != 0) at = varint(put(at, METADATA_UNIT), this.unit)
    putLength(to + 1, <i32>(at - begin), 1)
    const kind = this.kind
    const birth = place.birth
    if ((kind != KIND_COUNTER && kind != KIND_HISTOGRAM && kind != KIND_SUMMARY) || birth == 0) return at
    return varint(put(at, SERIES_CREATED), <u64>birth)
  }

  /** Writes the symbols of an exemplar's labels, from its text in scratch; `exemplarSymbols` says how many they are. */
  exemplarSymbols(to: usize, bytes: i32): usize {
    const slot = this.slot
    const symbols = slot.scratch + EXEMPLAR_SYMBOLS_AT
    let text = slot.scratch + EXEMPLAR_AT
    const end = text + bytes
    let count = 0
    while (text < end && count < MOST_EXEMPLAR_SYMBOLS) {
      const name = nameBytes(text, end)
      const value = text + name + 2
      let quote = nextMark(value, end)
      let escapes = 0
      while (quote < end && load<u8>(quote) != 0x22) {
        escapes++
        quote = nextMark(quote + 2, end)
      }
      if (quote >= end) break
      to = writeSymbol(slot, to, text, name, name)
      store<u32>(symbols + (<usize>count << 2), symbol)
      const raw = <i32>(quote - value)
      to = writeSymbol(slot, to, value, raw, raw - escapes)
      store<u32>(symbols + (<usize>count << 2), symbol, 4)
      count += 2
      text = quote + 2
    }
    exemplarSymbols = count
    return to
  }

  exemplar(to: usize, count: i32): usize {
    const symbols = this.slot.scratch + EXEMPLAR_SYMBOLS_AT
    const length = lengthBytes(this.room)
    const begin = put(to, SERIES_EXEMPLAR) + length
    let at = begin
    if (count != 0) {
      at = put(at, EXEMPLAR_LABELS) + 2
      for (let n = 0; n < count; n++) at = varint(at, load<u32>(symbols + (<usize>n << 2)))
      putLength(begin + 1, <i32>(at - begin) - 3, 2)
    }
    at = exemplarEnd(at)
    putLength(to + 1, <i32>(at - begin), length)
    return at
  }
}

/** Of exemplarSymbols(), for its caller. */
let exemplarSymbols: i32 = 0
