// A block with Huffman codes of its own, or stored where that is shorter. RFC 1951, 3.2.7.
import { out, pendingBits, pendingCount, put, putStored, resume } from './bits'
import {
  DISTANCE_CODES,
  distanceExtra,
  END_OF_BLOCK,
  FIRST_LENGTH,
  LENGTH_CODES,
  lengthBase,
  lengthCode,
  lengthExtra,
  MAX_MATCH,
  SYMBOLS,
} from './codes'
import { COUNTS, DISTANCE_COUNTS } from './counts'
import { makeCodes, makeLengths } from './huffman'
import { TOKENS } from './map'

/** Lengths of both alphabets, one after the other, as they are told. */
const LENGTHS: usize = memory.data(SYMBOLS + DISTANCE_CODES + 2)
const CODES: usize = memory.data(SYMBOLS * 4)
const DISTANCE_LENGTHS: usize = memory.data(DISTANCE_CODES + 2)
/** Their codes, from bit 16 on how many extra bits follow, and from bit 24 on how many bits the code is. */
const DISTANCES: usize = memory.data(DISTANCE_CODES * 4)
/** By length of a match: its code with its extra bits, and from bit 24 on how many bits that is. */
const MATCHES: usize = memory.data((MAX_MATCH + 1) * 4)

/** How code lengths are told: a symbol (16 to 18 repeat), and above it what its extra bits say. */
const TOLD: usize = memory.data((SYMBOLS + DISTANCE_CODES) * 2)
const TOLD_SYMBOLS = 19
const TOLD_COUNTS: usize = memory.data(TOLD_SYMBOLS * 4)
const TOLD_LENGTHS: usize = memory.data(TOLD_SYMBOLS + 1)
const TOLD_CODES: usize = memory.data(TOLD_SYMBOLS * 4)
const TOLD_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
const MAX_TOLD_BITS = 7
/** Of a stored block. There may be three of them, so that this is never too much. */
const STORED_HEAD_BYTES = 5
const MAX_BITS = 15
const REPEAT = 16
const ZEROS = 17
const MANY_ZEROS = 18

export function writeBlock(from: usize, bytes: i32, tokensEnd: usize): void {
  makeLengths(COUNTS, SYMBOLS, LENGTHS, MAX_BITS)
  makeLengths(DISTANCE_COUNTS, DISTANCE_CODES, DISTANCE_LENGTHS, MAX_BITS)
  const literals = used(LENGTHS, SYMBOLS)
  const distances = used(DISTANCE_LENGTHS, DISTANCE_CODES)
  const body = bodyBits()
  makeCodes(LENGTHS, SYMBOLS, CODES)
  makeCodes(DISTANCE_LENGTHS, DISTANCE_CODES, DISTANCES)
  memory.copy(LENGTHS + literals, DISTANCE_LENGTHS, distances)
  const told = tell(literals + distances)
  makeLengths(TOLD_COUNTS, TOLD_SYMBOLS, TOLD_LENGTHS, MAX_TOLD_BITS)
  if ((headBits() + body) >> 3 >= bytes + STORED_HEAD_BYTES) {
    putStored(from, bytes)
    return
  }
  writeHead(literals, distances, told)
  fillMatches()
  writeTokens(tokensEnd)
}

/** Symbols up to the last one that has a code; of literals 257 at least, as the end of the block has one. */
function used(lengths: usize, symbols: i32): i32 {
  while (symbols > 1 && load<u8>(lengths + symbols - 1) == 0) symbols--
  return symbols
}

/** What the block takes without its head. */
function bodyBits(): i32 {
  let bits = 0
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const extra = symbol < FIRST_LENGTH ? 0 : lengthExtra(symbol - FIRST_LENGTH)
    bits += load<i32>(COUNTS + (<usize>symbol << 2)) * (load<u8>(LENGTHS + symbol) + extra)
  }
  for (let code = 0; code < DISTANCE_CODES; code++) {
    bits += load<i32>(DISTANCE_COUNTS + (<usize>code << 2)) * (load<u8>(DISTANCE_LENGTHS + code) + distanceExtra(code))
  }
  return bits
}

/** What its head takes, at most. */
function headBits(): i32 {
  let bits = 3 + 14 + 3 * TOLD_SYMBOLS
  for (let symbol = 0; symbol < TOLD_SYMBOLS; symbol++) {
    const extra = symbol < REPEAT ? 0 : symbol == REPEAT ? 2 : symbol == ZEROS ? 3 : 7
    bits += load<i32>(TOLD_COUNTS + (<usize>symbol << 2)) * (load<u8>(TOLD_LENGTHS + symbol) + extra)
  }
  return bits
}

/** Kind of block, and the code lengths of both alphabets, themselves in a Huffman code. */
function writeHead(literals: i32, distances: i32, told: i32): void {
  makeCodes(TOLD_LENGTHS, TOLD_SYMBOLS, TOLD_CODES)
  let count = TOLD_SYMBOLS
  while (count > 4 && load<u8>(TOLD_LENGTHS + load<u8>(TOLD_ORDER + count - 1)) == 0) count--
  put(4, 3)
  put((literals - 257) | ((distances - 1) << 5) | ((count - 4) << 10), 14)
  for (let n = 0; n < count; n++) put(load<u8>(TOLD_LENGTHS + load<u8>(TOLD_ORDER + n)), 3)
  for (let n = 0; n < told; n++) {
    const one = load<u16>(TOLD + (n << 1))
    const symbol = one & 0xff
    const code = load<u32>(TOLD_CODES + (<usize>symbol << 2))
    put(code & 0xff_ffff, code >> 24)
    if (symbol == REPEAT) put(one >> 8, 2)
    else if (symbol == ZEROS) put(one >> 8, 3)
    else if (symbol == MANY_ZEROS) put(one >> 8, 7)
  }
}

/** Runs of equal code lengths; returns how many symbols they take. */
function tell(lengths: i32): i32 {
  memory.fill(TOLD_COUNTS, 0, TOLD_SYMBOLS * 4)
  let told = 0
  for (let n = 0; n < lengths; ) {
    const length = load<u8>(LENGTHS + n)
    let run = 1
    while (n + run < lengths && load<u8>(LENGTHS + n + run) == length) run++
    n += run
    if (length != 0) {
      told = tellOne(told, length, 0)
      run--
    }
    while (run >= 3) {
      const most = length != 0 ? 6 : run > 10 ? 138 : 10
      const some = min(run, most)
      if (length != 0) told = tellOne(told, REPEAT, some - 3)
      else if (most == 10) told = tellOne(told, ZEROS, some - 3)
      else told = tellOne(told, MANY_ZEROS, some - 11)
      run -= some
    }
    for (; run > 0; run--) told = tellOne(told, length, 0)
  }
  return told
}

function tellOne(told: i32, symbol: i32, rest: i32): i32 {
  const at = TOLD_COUNTS + (<usize>symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
  store<u16>(TOLD + (told << 1), <u16>(symbol | (rest << 8)))
  return told + 1
}

function fillMatches(): void {
  for (let code = 0; code < LENGTH_CODES; code++) {
    const own = load<u32>(CODES + (<usize>(FIRST_LENGTH + code) << 2))
    const bits = own >> 24
    const extra = lengthExtra(code)
    const base = lengthBase(code)
    for (let rest = 0; rest < 1 << extra; rest++) {
      if (base + rest > MAX_MATCH || lengthCode(base + rest) != code) break
      store<u32>(MATCHES + (<usize>(base + rest) << 2), (own & 0xff_ffff) | (rest << bits) | ((bits + extra) << 24))
    }
  }
  for (let code = 0; code < DISTANCE_CODES; code++) {
    const at = DISTANCES + (<usize>code << 2)
    store<u32>(at, load<u32>(at) | (distanceExtra(code) << 16))
  }
}

/** The block itself. As put(), with what it keeps in locals. */
function writeTokens(tokensEnd: usize): void {
  let to = out()
  let pending = pendingBits()
  let count = pendingCount()
  for (let token = TOKENS; token < tokensEnd; token += 4) {
    const one = load<u32>(token)
    if (one < <u32>FIRST_LENGTH) {
      const code = load<u32>(CODES + (<usize>one << 2))
      pending |= <u64>(code & 0xff_ffff) << <u64>count
      count += code >> 24
    } else {
      const match = load<u32>(MATCHES + (<usize>((one >> 16) & 0x1ff) << 2))
      const distance = load<u32>(DISTANCES + (<usize>(one >> 25) << 2))
      const matchBits = match >> 24
      const distanceBits = distance >> 24
      const extra = (distance >> 16) & 0xff
      const rest = <u64>(one & ((1 << extra) - 1)) << distanceBits
      pending |= (<u64>(match & 0xff_ffff) | ((<u64>(distance & 0xffff) | rest) << matchBits)) << <u64>count
      count += matchBits + distanceBits + extra
    }
    store<u64>(to, pending)
    const bytes = count >> 3
    to += bytes
    pending >>= <u64>(bytes << 3)
    count &= 7
  }
  resume(to, pending, count)
  const last = load<u32>(CODES + (END_OF_BLOCK << 2))
  put(last & 0xff_ffff, last >> 24)
}
