// How often a block uses each symbol.
import { DISTANCE_CODES, SYMBOLS } from './codes'

export const COUNTS: usize = memory.data(SYMBOLS * 4)
export const DISTANCE_COUNTS: usize = memory.data(DISTANCE_CODES * 4)

export function forgetCounts(): void {
  memory.fill(COUNTS, 0, SYMBOLS * 4)
  memory.fill(DISTANCE_COUNTS, 0, DISTANCE_CODES * 4)
}

// @ts-ignore: decorator
@inline
export function count(symbol: i32): void {
  const at = COUNTS + (<usize>symbol << 2)
  store<u32>(at, load<u32>(at) + 1)
}

// @ts-ignore: decorator
@inline
export function countDistance(code: i32): void {
  const at = DISTANCE_COUNTS + (<usize>code << 2)
  store<u32>(at, load<u32>(at) + 1)
}
