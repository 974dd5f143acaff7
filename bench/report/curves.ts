import type { Histogram } from 'hdr-histogram-js'
import type { Bars, Curve, Point } from './model.js'

/** Points of a percentile curve for each power of ten of 1 / (1 - p). */
const A_DECADE = 16

/** A histogram as percentiles and values, up to the last percentile that its count can resolve; values are divided by `unit`. */
export function percentilePoints(histogram: Histogram, unit = 1000): Point[] {
  const points: Point[] = []
  const last = Math.log10(Math.max(2, histogram.totalCount)) * A_DECADE
  for (let at = 0; at <= last; at++) {
    const percentile = 100 - 100 / 10 ** (at / A_DECADE)
    points.push([Number(percentile.toPrecision(8)), round(histogram.getValueAtPercentile(percentile) / unit)])
  }
  return points
}

/** Percentile curves of several histograms by name: those of a race, in picoseconds, come out as nanoseconds. */
export function percentileCurve(
  title: string,
  label: string,
  histograms: Iterable<readonly [name: string, Histogram]>,
  unit = 1000,
): Curve {
  return {
    title,
    x: { label: 'percentile', scale: 'percentile' },
    y: { label, scale: 'log' },
    series: Array.from(histograms, ([name, histogram]) => ({
      name,
      points: percentilePoints(histogram, unit),
    })),
  }
}

/** What one series costs, by how many there are. */
export function costCurve(
  title: string,
  label: string,
  costs: Iterable<readonly [name: string, readonly Point[]]>,
): Curve {
  return {
    title,
    x: { label: 'series', scale: 'log' },
    y: { label, scale: 'log' },
    series: Array.from(costs, ([name, points]) => ({
      name,
      points: points.map(([series, cost]) => [series, round(cost)]),
    })),
  }
}

/** Ratios to a floor, as bars to either side of it. */
export function ratioBars(title: string, label: string, ratios: Named): Bars {
  return { title, label, from: 1, bars: barsOf(ratios) }
}

/** Amounts, as bars from zero. */
export function absoluteBars(title: string, label: string, values: Named): Bars {
  return { title, label, from: 0, bars: barsOf(values) }
}

type Named = Iterable<readonly [name: string, value: number]>

function barsOf(values: Named): Bars['bars'] {
  return Array.from(values, ([name, value]) => ({ name, value: round(value) }))
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
