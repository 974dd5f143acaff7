// How often a sample uses each symbol.
import { DISTANCE_CODES, distanceCode, END_OF_BLOCK, FIRST_LENGTH, lengthCode, SYMBOLS } from './codes'
import { COUNTS, DISTANCE_COUNTS, workspace } from './map'

export function forgetCounts(): void {
  memory.fill(workspace + COUNTS, 0, SYMBOLS * 4)
  memory.fill(workspace + DISTANCE_COUNTS, 0, DISTANCE_CODES * 4)
}

// @ts-ignore: decorator
@inline
export function countAt(counts: usize, symbol: i32): u32 {
  return load<u32>(counts + (<usize>symbol << 2))
}

// @ts-ignore: decorator
@inline
function raise(at: usize): void {
  store<u32>(at, load<u32>(at) + 1)
}

// @ts-ignore: decorator
@inline
export function count(byte: i32): void {
  raise(workspace + COUNTS + (<usize>byte << 2))
}

export function countMatch(length: i32, distance: i32): void {
  raise(workspace + COUNTS + (<usize>(FIRST_LENGTH + lengthCode(length)) << 2))
  raise(workspace + DISTANCE_COUNTS + (<usize>distanceCode(distance) << 2))
}

export function countEnd(): void {
  raise(workspace + COUNTS + (<usize>END_OF_BLOCK << 2))
}

/** All counts of an alphabet together. */
export function total(counts: usize, symbols: i32): u32 {
  let sum: u32 = 0
  for (let symbol = 0; symbol < symbols; symbol++) sum += countAt(counts, symbol)
  return sum
}

/**
 * Gives each symbol a count, so that each has a code: symbols that the sample has not may follow. The counts are so low
 * that these symbols get the longest codes, of `bits` bits.
 */
export function widen(counts: usize, symbols: i32, bits: i32): void {
  const least = max((total(counts, symbols) << 4) >> bits, 1)
  for (let symbol = 0; symbol < symbols; symbol++) {
    store<u32>(counts + (<usize>symbol << 2), max(countAt(counts, symbol) << 4, least))
  }
}
