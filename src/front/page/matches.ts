/** Families that fit what was typed, the best first. Pure. */
import type { Family } from '../contract/dashboard.js'

/** A list that is longer is not read; typing on makes it shorter. */
export const MOST_MATCHES = 50

export interface Matches {
  readonly families: readonly Family[]
  /** How many fit in all. */
  readonly count: number
}

/** Each word is a part of the name; names that begin with the first word come first. */
export function matchesOf(typed: string, families: Iterable<Family>): Matches {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const [first = ''] = words
  const beginning: Family[] = []
  const inside: Family[] = []
  for (const family of families) {
    const name = family.name.toLowerCase()
    if (!words.every(word => name.includes(word))) continue
    const list = name.startsWith(first) ? beginning : inside
    list.push(family)
  }
  return {
    families: [...beginning.slice(0, MOST_MATCHES), ...inside].slice(0, MOST_MATCHES),
    count: beginning.length + inside.length,
  }
}
