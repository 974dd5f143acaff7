import { build, type Histogram } from 'hdr-histogram-js'

/** Of anything up to an hour, in thousandths of the unit that the report shows. */
export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3.6e15,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  })
}

/** Milliseconds, kept as microseconds. */
export function recordMilliseconds(histogram: Histogram, milliseconds: number): void {
  histogram.recordValue(Math.max(1, Math.round(milliseconds * 1000)))
}

/** Of a histogram of microseconds or picoseconds: milliseconds or nanoseconds. */
export function percentile(histogram: Histogram, n: number): number {
  return histogram.getValueAtPercentile(n) / 1000
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
