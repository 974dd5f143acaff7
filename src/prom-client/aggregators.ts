/** How what several registries tell of one metric becomes one. */
import type { Sample, Told } from './types.js'

export type Aggregate = (metrics: readonly Told[]) => Told | undefined

/** Makes one of a function from the samples of a series to its value. */
export function AggregatorFactory(combine: (samples: readonly Sample[]) => number | undefined): Aggregate {
  return metrics => {
    const [first] = metrics
    if (first === undefined) return undefined
    const series = new Map<string, Sample[]>()
    for (const sample of metrics.flatMap(one => one.values ?? [])) {
      const key = keyOf(sample)
      const known = series.get(key)
      if (known === undefined) series.set(key, [sample])
      else known.push(sample)
    }
    const values = [...series.values()].map(samples => {
      const [{ labels, metricName }] = samples
      const value = combine(samples)
      return metricName ? { value, labels, metricName } : { value, labels }
    })
    const { help, name, type, aggregator } = first
    return { help, name, type, values, aggregator }
  }
}

/** Two label sets have one key only if they are the same one: `200` is `'200'`, as in an exposition. */
function keyOf({ labels = {}, metricName = '' }: Sample): string {
  const pairs = Object.entries(labels).map(([name, value]) => [name, String(value)])
  return JSON.stringify([metricName, ...pairs.sort(([a], [b]) => (a < b ? -1 : 1))])
}

const numbers = (samples: readonly Sample[]) => samples.map(({ value }) => value as number)
const sum = (samples: readonly Sample[]) => numbers(samples).reduce((all, value) => all + value, 0)

export const aggregators: Record<'sum' | 'first' | 'omit' | 'average' | 'min' | 'max', Aggregate> = {
  sum: AggregatorFactory(sum),
  first: AggregatorFactory(([{ value }]) => value as number),
  omit: () => undefined,
  average: AggregatorFactory(samples => sum(samples) / samples.length),
  min: AggregatorFactory(samples =>
    numbers(samples).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  ),
  max: AggregatorFactory(samples =>
    numbers(samples).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ),
}
