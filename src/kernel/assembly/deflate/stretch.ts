// The head of a stretch, a deflate block with Huffman codes of its own: RFC 1951, 3.2.7.
import { put } from './bits'
import { fillBook, MAX_CODE_BITS } from './book'
import { DISTANCE_CODES, distanceExtra, END_OF_BLOCK, FIRST_LENGTH, lengthExtra, SYMBOLS } from './codes'
import { countAt, widen } from './counts'
import { makeCodes, makeLengths } from './huffman'
import {
  CODES,
  COUNTS,
  DISTANCE_COUNTS,
  DISTANCE_LENGTHS,
  DISTANCES,
  LENGTHS,
  RUNS,
  RUN_CODES,
  RUN_COUNTS,
  RUN_LENGTHS,
  workspace,
} from './map'

// LENGTHS has the lengths of both alphabets, one after the other, as the head has them. RUNS has runs of code lengths: each a
// symbol of the code length alphabet (16 to 18 repeat), and above it its extra bits.

const RUN_SYMBOLS = 19
const MAX_RUN_BITS = 7
const REPEAT = 16
const ZEROS = 17
const MANY_ZEROS = 18

/** Bits that what was counted takes, in codes made for it. */
export function countedBits(): i32 {
  makeLengths(workspace + COUNTS, SYMBOLS, workspace + LENGTHS, MAX_CODE_BITS)
  makeLengths(workspace + DISTANCE_COUNTS, DISTANCE_CODES, workspace + DISTANCE_LENGTHS, MAX_CODE_BITS)
  let bits = 0
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const extra = symbol < FIRST_LENGTH ? 0 : lengthExtra(symbol - FIRST_LENGTH)
    bits += countAt(workspace + COUNTS, symbol) * (load<u8>(workspace + symbol, LENGTHS) + extra)
  }
  for (let code = 0; code < DISTANCE_CODES; code++) {
    bits += countAt(workspace + DISTANCE_COUNTS, code) * (load<u8>(workspace + code, DISTANCE_LENGTHS) + distanceExtra(code))
  }
  return bits
}

/** Makes codes from what was counted, and begins a block in them. */
export function beginStretch(): void {
  widen(workspace + COUNTS, SYMBOLS, MAX_CODE_BITS)
  widen(workspace + DISTANCE_COUNTS, DISTANCE_CODES, MAX_CODE_BITS)
  makeLengths(workspace + COUNTS, SYMBOLS, workspace + LENGTHS, MAX_CODE_BITS)
  makeLengths(workspace + DISTANCE_COUNTS, DISTANCE_CODES, workspace + DISTANCE_LENGTHS, MAX_CODE_BITS)
  makeCodes(workspace + LENGTHS, SYMBOLS, workspace + CODES)
  makeCodes(workspace + DISTANCE_LENGTHS, DISTANCE_CODES, workspace + DISTANCES)
  fillBook()
  // All symbols have a code.
  memory.copy(workspace + LENGTHS + SYMBOLS, workspace + DISTANCE_LENGTHS, DISTANCE_CODES)
  writeHead(findRuns(SYMBOLS + DISTANCE_CODES))
}

export function endStretch(): void {
  const last = load<u32>(workspace + (END_OF_BLOCK << 2), CODES)
  put(last & 0xff_ffff, last >> 24)
}

/** Kind of block, and the code lengths of both alphabets, themselves in a Huffman code. */
function writeHead(runs: i32): void {
  makeLengths(workspace + RUN_COUNTS, RUN_SYMBOLS, workspace + RUN_LENGTHS, MAX_RUN_BITS)
  makeCodes(workspace + RUN_LENGTHS, RUN_SYMBOLS, workspace + RUN_CODES)
  let count = RUN_SYMBOLS
  while (count > 4 && load<u8>(workspace + runSymbol(count - 1), RUN_LENGTHS) == 0) count--
  put(4, 3)
  put((SYMBOLS - 257) | ((DISTANCE_CODES - 1) << 5) | ((count - 4) << 10), 14)
  for (let n = 0; n < count; n++) put(load<u8>(workspace + runSymbol(n), RUN_LENGTHS), 3)
  for (let n = 0; n < runs; n++) {
    const one = load<u16>(workspace + (n << 1), RUNS)
    const symbol = one & 0xff
    const code = load<u32>(workspace + (<usize>symbol << 2), RUN_CODES)
    put(code & 0xff_ffff, code >> 24)
    if (symbol == REPEAT) put(one >> 8, 2)
    else if (symbol == ZEROS) put(one >> 8, 3)
    else if (symbol == MANY_ZEROS) put(one >> 8, 7)
  }
}

/** In which order their lengths are runs: the repeats, 0, then from 8 on in turns up and down. */
function runSymbol(n: i32): i32 {
  if (n < 3) return REPEAT + n
  if (n == 3) return 0
  return (n & 1) == 0 ? 6 + (n >> 1) : 9 - (n >> 1)
}

/** Runs of equal code lengths; returns how many symbols they take. */
function findRuns(lengths: i32): i32 {
  memory.fill(workspace + RUN_COUNTS, 0, RUN_SYMBOLS * 4)
  let runs = 0
  for (let n = 0; n < lengths; ) {
    const length = load<u8>(workspace + n, LENGTHS)
    let run = 1
    while (n + run < lengths && load<u8>(workspace + n + run, LENGTHS) == length) run++
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
  const at = workspace + RUN_COUNTS + (<usize>symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
  store<u16>(workspace + (runs << 1), <u16>(symbol | (rest << 8)), RUNS)
  return runs + 1
}
