// The head of a stretch, a deflate block with Huffman codes of its own: RFC 1951, 3.2.7.
import { put } from './bits'
import { CODES, DISTANCES, fillBook, MAX_CODE_BITS } from './book'
import { DISTANCE_CODES, distanceExtra, END_OF_BLOCK, FIRST_LENGTH, lengthExtra, SYMBOLS } from './codes'
import { countAt, COUNTS, DISTANCE_COUNTS, widen } from './counts'
import { makeCodes, makeLengths } from './huffman'

/** Lengths of both alphabets, one after the other, as the head has them. */
const LENGTHS: usize = memory.data(SYMBOLS + DISTANCE_CODES + 2)
const DISTANCE_LENGTHS: usize = memory.data(DISTANCE_CODES + 2)

/** Runs of code lengths: each a symbol of the code length alphabet (16 to 18 repeat), and above it its extra bits. */
const RUNS: usize = memory.data((SYMBOLS + DISTANCE_CODES) * 2)
const RUN_SYMBOLS = 19
const RUN_COUNTS: usize = memory.data(RUN_SYMBOLS * 4)
const RUN_LENGTHS: usize = memory.data(RUN_SYMBOLS + 1)
const RUN_CODES: usize = memory.data(RUN_SYMBOLS * 4)
const RUN_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
const MAX_RUN_BITS = 7
const REPEAT = 16
const ZEROS = 17
const MANY_ZEROS = 18

/** Bits that what was counted takes, in codes made for it. */
export function countedBits(): i32 {
  makeLengths(COUNTS, SYMBOLS, LENGTHS, MAX_CODE_BITS)
  makeLengths(DISTANCE_COUNTS, DISTANCE_CODES, DISTANCE_LENGTHS, MAX_CODE_BITS)
  let bits = 0
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const extra = symbol < FIRST_LENGTH ? 0 : lengthExtra(symbol - FIRST_LENGTH)
    bits += countAt(COUNTS, symbol) * (load<u8>(LENGTHS + symbol) + extra)
  }
  for (let code = 0; code < DISTANCE_CODES; code++) {
    bits += countAt(DISTANCE_COUNTS, code) * (load<u8>(DISTANCE_LENGTHS + code) + distanceExtra(code))
  }
  return bits
}

/** Makes codes from what was counted, and begins a block in them. */
export function beginStretch(): void {
  widen(COUNTS, SYMBOLS, MAX_CODE_BITS)
  widen(DISTANCE_COUNTS, DISTANCE_CODES, MAX_CODE_BITS)
  makeLengths(COUNTS, SYMBOLS, LENGTHS, MAX_CODE_BITS)
  makeLengths(DISTANCE_COUNTS, DISTANCE_CODES, DISTANCE_LENGTHS, MAX_CODE_BITS)
  makeCodes(LENGTHS, SYMBOLS, CODES)
  makeCodes(DISTANCE_LENGTHS, DISTANCE_CODES, DISTANCES)
  fillBook()
  // All symbols have a code.
  memory.copy(LENGTHS + SYMBOLS, DISTANCE_LENGTHS, DISTANCE_CODES)
  writeHead(findRuns(SYMBOLS + DISTANCE_CODES))
}

export function endStretch(): void {
  const last = load<u32>(CODES + (END_OF_BLOCK << 2))
  put(last & 0xff_ffff, last >> 24)
}

/** Kind of block, and the code lengths of both alphabets, themselves in a Huffman code. */
function writeHead(runs: i32): void {
  makeLengths(RUN_COUNTS, RUN_SYMBOLS, RUN_LENGTHS, MAX_RUN_BITS)
  makeCodes(RUN_LENGTHS, RUN_SYMBOLS, RUN_CODES)
  let count = RUN_SYMBOLS
  while (count > 4 && load<u8>(RUN_LENGTHS + load<u8>(RUN_ORDER + count - 1)) == 0) count--
  put(4, 3)
  put((SYMBOLS - 257) | ((DISTANCE_CODES - 1) << 5) | ((count - 4) << 10), 14)
  for (let n = 0; n < count; n++) put(load<u8>(RUN_LENGTHS + load<u8>(RUN_ORDER + n)), 3)
  for (let n = 0; n < runs; n++) {
    const one = load<u16>(RUNS + (n << 1))
    const symbol = one & 0xff
    const code = load<u32>(RUN_CODES + (<usize>symbol << 2))
    put(code & 0xff_ffff, code >> 24)
    if (symbol == REPEAT) put(one >> 8, 2)
    else if (symbol == ZEROS) put(one >> 8, 3)
    else if (symbol == MANY_ZEROS) put(one >> 8, 7)
  }
}

/** Runs of equal code lengths; returns how many symbols they take. */
function findRuns(lengths: i32): i32 {
  memory.fill(RUN_COUNTS, 0, RUN_SYMBOLS * 4)
  let runs = 0
  for (let n = 0; n < lengths; ) {
    const length = load<u8>(LENGTHS + n)
    let run = 1
    while (n + run < lengths && load<u8>(LENGTHS + n + run) == length) run++
    n += run
    if (length != 0) {
      runs = addRun(runs, length, 0)
      run--
    }
    while (run >= 3) {
      const most = length != 0 ? 6 : run > 10 ? 138 : 10
      const some = min(run, most)
      if (length != 0) runs = addRun(runs, REPEAT, some - 3)
      else if (most == 10) runs = addRun(runs, ZEROS, some - 3)
      else runs = addRun(runs, MANY_ZEROS, some - 11)
      run -= some
    }
    for (; run > 0; run--) runs = addRun(runs, length, 0)
  }
  return runs
}

function addRun(runs: i32, symbol: i32, rest: i32): i32 {
  const at = RUN_COUNTS + (<usize>symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
  store<u16>(RUNS + (runs << 1), <u16>(symbol | (rest << 8)))
  return runs + 1
}
