/**
 * Buckets of a histogram as a list: how many observations are at or below each upper bound, ascending; null is +Inf, and
 * comes last. A bound that is not listed has the count of the greatest listed one below it. So lists of different bounds
 * can be compared: those of native histograms, which are sparse, and change their resolution as they grow.
 */
export type Bucket = readonly [upper: number | null, cumulative: number]
export type Buckets = readonly Bucket[]

/** How many observations there are in all. */
export function totalOf(buckets: Buckets): number {
  return buckets.at(-1)?.[1] ?? 0
}

/** Several lists together: at each bound of any of them. */
export function sumOf(lists: Iterable<Buckets>): Buckets {
  const rises = new Map<number, number>()
  let all = 0
  for (const buckets of lists) {
    let below = 0
    for (const [upper, cumulative] of buckets) {
      if (upper !== null) rises.set(upper, (rises.get(upper) ?? 0) + cumulative - below)
      below = cumulative
    }
    all += totalOf(buckets)
  }
  let sum = 0
  const list: Bucket[] = [...rises]
    .sort(([a], [b]) => a - b)
    .map(([upper, rise]): Bucket => {
      sum += rise
      return [upper, sum]
    })
  list.push([null, all])
  return list
}

/**
 * What was observed between two looks at a histogram. Where it has fewer observations than before, it was begun anew, and
 * all that it has is new.
 */
export function difference(later: Buckets, earlier: Buckets): Buckets {
  if (totalOf(later) < totalOf(earlier)) return later
  let at = 0
  let before = 0
  let least = 0
  return later.map(([upper, cumulative]): Bucket => {
    for (let next = earlier[at]; next !== undefined && isUpTo(next[0], upper); next = earlier[++at])
      before = next[1]
    // Buckets are read one after the other while the program goes on counting.
    least = Math.max(least, cumulative - before)
    return [upper, least]
  })
}

function isUpTo(bound: number | null, upper: number | null): boolean {
  return upper === null || (bound !== null && bound <= upper)
}

/**
 * The value below which a part `q` (0 to 1) of the observations are, as Prometheus' histogram_quantile() estimates it:
 * linear within a bucket, the greatest finite bound for what is above it. Undefined where nothing was observed, or
 * nothing is known of where.
 */
export function quantileOf(buckets: Buckets, q: number): number | undefined {
  const total = totalOf(buckets)
  if (!(total > 0)) return undefined
  const rank = q * total
  let lower: number | undefined
  let below = 0
  for (const [upper, cumulative] of buckets) {
    if (cumulative >= rank && cumulative > below) {
      if (upper === null) return lower
      // The first bucket begins at 0, unless it holds what is negative.
      const from = lower ?? (upper > 0 ? 0 : upper)
      return from + ((upper - from) * Math.max(0, rank - below)) / (cumulative - below)
    }
    if (upper !== null) lower = upper
    below = cumulative
  }
  return lower
}
