/** Gives numbers from 0 up to, but not including, 1. */
export type Random = () => number

/** FNV-1a over a string's UTF-16 units, its bits mixed at the end: 32 bits, the same everywhere. */
export function hash(text: string, seed = 0): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  // FNV's high bits hardly move on short strings; shares are cut from them.
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A share from 0 up to, but not including, 1 that belongs to this string under this seed. */
export function shareOf(text: string, seed: number): number {
  return hash(text, seed) / 0x1_0000_0000
}

/** Mulberry32: the same numbers for the same seed. Not for secrets. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
