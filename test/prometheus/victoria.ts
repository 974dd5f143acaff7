/** What VictoriaMetrics keeps of what it is given. */
import type { ExpectedLines } from '../support/expected.js'

/** It keeps decimal digits, about 15 of them, no sign of zero, and no number below 1e-290. */
export function near(is: number, expected: number): boolean {
  return is === expected || Math.abs(is - expected) <= Math.max(Math.abs(expected) * 1e-12, 1e-290)
}

/** What it keeps: a NaN is no value to it. */
export function kept(lines: readonly ExpectedLines[]): ExpectedLines[] {
  return lines.map(family => ({
    ...family,
    samples: family.samples.filter(({ value }) => !Number.isNaN(value)),
  }))
}
