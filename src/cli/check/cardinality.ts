/** Where the series come from: by family, and in it by label. */
import type { Family } from './families.js'

export interface Cardinality {
  readonly family: string
  readonly type: string
  readonly series: number
  /** The label with the most effect first. */
  readonly labels: readonly LabelCardinality[]
}

export interface LabelCardinality {
  readonly name: string
  /** Different values. */
  readonly values: number
  /** How many series there would be without this label. */
  readonly without: number
  /** Which of the two are estimates, whose standard error is 1.6 %; others are counted. */
  readonly estimated: readonly ('values' | 'without')[]
}

/** The families with the most series. */
export function cardinalities(families: readonly Family[], most: number): Cardinality[] {
  const series = ({ samples, duplicates }: Family) => samples - duplicates
  return families
    .filter(family => series(family) > 0)
    .sort((a, b) => series(b) - series(a) || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(family => ({
      family: family.shared ? '(others)' : family.name,
      type: family.type ?? 'untyped',
      series: series(family),
      labels: family.labels
        .map(({ name, values, without }) => ({
          name,
          values: values.count,
          // No estimate is above what there is.
          without: Math.min(without.count, series(family)),
          estimated: [
            ...(values.exact ? [] : (['values'] as const)),
            ...(without.exact ? [] : (['without'] as const)),
          ],
        }))
        .sort((a, b) => a.without - b.without || b.values - a.values),
    }))
}
