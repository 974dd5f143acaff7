/**
 * The count of series against `maxSeries`, of a family and of the registry: taken before a series is made, given back
 * when it was not. What a death in between leaves, recount.ts mends. Series without labels, which come with their
 * family, are not in it: a death between publishing a family and counting it could be told from neither side.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/** Counts one more series of a family; false where a limit forbids it. */
export function reserve(arena: Arena, family: number): boolean {
  const { i32 } = arena
  if (!take(i32, family * 2 + L.F_SERIES, i32[family * 2 + L.F_MAX_SERIES])) return false
  // The library's own take nothing of the program's limit.
  if ((i32[family * 2 + L.F_FLAGS] & L.FLAG_SELF) !== 0) return true
  if (take(i32, L.H_SERIES, i32[L.H_MAX_SERIES])) return true
  Atomics.sub(i32, family * 2 + L.F_SERIES, 1)
  return false
}

/** Never above the limit, not for a moment: who came then would be refused what there is room for. 0 is no limit. */
function take(i32: Int32Array, at: number, max: number): boolean {
  let seen = Atomics.load(i32, at)
  while (max === 0 || seen < max) {
    const now = Atomics.compareExchange(i32, at, seen, seen + 1)
    if (now === seen) return true
    seen = now
  }
  return false
}

export function unreserve(arena: Arena, family: number): void {
  const { i32 } = arena
  Atomics.sub(i32, family * 2 + L.F_SERIES, 1)
  if ((i32[family * 2 + L.F_FLAGS] & L.FLAG_SELF) === 0) Atomics.sub(i32, L.H_SERIES, 1)
}
