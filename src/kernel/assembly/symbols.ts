// The symbols of remote write 2.0: each text of a span stands in it once, as a field of the request before the series that
// first has it, and series refer to it by number.
//
// Where the symbols are that a span has so far is noted in a hash table behind its text: see symbolsAt. Whoever sends
// label values chooses what is hashed: so a search is given up after a few steps, and a symbol that finds no room there is
// written again when it comes again, which receivers do not mind.
//
// The table is the slot's. The numbers are an instance's own, from one beginSymbols() to the next.
import { copy } from './copy'
import { unescaped } from './wire'
import { slotEnd } from './place'
import { nth, ownProcess } from './record'
import { Slot } from './records'
import { varint } from './varint'

const REQUEST_SYMBOL = 0x22
/** The table has this part of the text of a slot. */
const SHARE = 8
const MOST_STEPS = 8

@unmanaged
class Entry {
  /** Where it stands in the span; 0 where the entry is free. */
  at: usize
  reference: u32
}

let count: u32 = 0
/** The number of the symbol that was asked for last. */
export let symbol: u32 = 0

/** Where the table begins, and the text ends. */
// @ts-ignore: decorator
@inline
export function symbolsAt(slot: Slot): usize {
  return slotEnd(slot) - <usize>ownProcess().slotText / SHARE
}

function clear(slot: Slot): void {
  memory.fill(symbolsAt(slot), 0, <usize>ownProcess().slotText / SHARE)
}

/** Begins a span: its first symbol is the empty one. */
export function beginSymbols(slot: Slot, to: usize): usize {
  clear(slot)
  count = 1
  store<u16>(to, REQUEST_SYMBOL)
  return to + 2
}

export function symbolsSoFar(): u32 {
  return count
}

/** Forgets the symbols that came since: what they stand in is written anew. */
export function forgetSymbols(slot: Slot, mark: u32): void {
  if (count == mark) return
  count = mark
  clear(slot)
}

/** Writes a text unless it stands in the span already; `symbol` is its number. Of `raw` bytes, `bytes` without escapes. */
export function writeSymbol(slot: Slot, to: usize, from: usize, raw: i32, bytes: i32): usize {
  symbol = 0
  if (bytes == 0) return to
  store<u8>(to, REQUEST_SYMBOL)
  const text = varint(to + 1, bytes)
  const end = raw == bytes ? copy(text, from, bytes) : unescaped(text, from, from + raw)
  return keepSymbol(slot, to, text, end)
}

/** The same of a text that was just written behind `to`, where it was given room of its tag and length. */
export function keepSymbol(slot: Slot, to: usize, text: usize, end: usize): usize {
  const table = symbolsAt(slot)
  const mask = (<u32>ownProcess().slotText / SHARE / <u32>offsetof<Entry>()) - 1
  let at = hash(text, end) & mask
  for (let step = 0; step < MOST_STEPS; step++, at = (at + 1) & mask) {
    const entry = nth<Entry>(table, at)
    if (entry.at == 0) {
      entry.at = to
      entry.reference = count
      break
    }
    if (memory.compare(entry.at, to, end - to) == 0) {
      symbol = entry.reference
      return to
    }
  }
  symbol = count++
  return end
}

function hash(from: usize, end: usize): u32 {
  let h: u64 = <u64>(end - from)
  for (; from + 8 <= end; from += 8) h = mixed(h, load<u64>(from))
  const left = <i32>(end - from)
  if (left > 0) h = mixed(h, load<u64>(from) & ~(u64.MAX_VALUE << (<u64>left << 3)))
  return <u32>(h >> 32)
}

// @ts-ignore: decorator
@inline
function mixed(h: u64, word: u64): u64 {
  h = (h ^ word) * 0x9e37_79b9_7f4a_7c15
  return h ^ (h >> 29)
}
