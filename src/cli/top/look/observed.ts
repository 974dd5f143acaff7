/** What a native histogram observed: ever, now and at the look before; and between the two. */
import { type Buckets, difference } from '../../../reading/buckets.js'

export interface Observed {
  readonly now: Float64Array
  readonly before: Float64Array | undefined
}

/** Buckets in little room: bounds and counts in turn. */
export function packed(buckets: Buckets): Float64Array {
  const all = new Float64Array(2 * buckets.length)
  for (const [n, [upper, cumulative]] of buckets.entries()) {
    all[2 * n] = upper ?? Number.POSITIVE_INFINITY
    all[2 * n + 1] = cumulative
  }
  return all
}

function unpacked(all: Float64Array): Buckets {
  return Array.from({ length: all.length / 2 }, (_, n) => {
    const upper = all[2 * n]!
    return [upper === Number.POSITIVE_INFINITY ? null : upper, all[2 * n + 1]!] as const
  })
}

/** What was observed between two looks; undefined until there are two. */
export function between(observed: Observed | undefined): Buckets | undefined {
  if (observed?.before === undefined) return undefined
  return difference(unpacked(observed.now), unpacked(observed.before))
}
