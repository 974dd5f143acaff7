/** One registry of what several have told as JSON. */
import { plainError } from '../common/errors.js'
import { aggregators } from './aggregators.js'
import type { AnyMetric, Told } from './types.js'

/**
 * Registers, in an empty registry, metrics that are aggregated by their `aggregator`. What several threads or processes
 * have told of one memory is the same each time, and counts once.
 *
 * @throws Error naming an aggregator that there is not.
 */
export function aggregateInto(
  registry: { registerMetric(metric: AnyMetric): void },
  metricsArr: readonly object[],
): void {
  const byName = new Map<string, Told[]>()
  for (const told of metricsArr.flat() as Told[]) {
    const known = byName.get(told.name)
    if (known === undefined) byName.set(told.name, [told])
    else known.push(told)
  }
  for (const metrics of byName.values()) {
    const [{ aggregator = 'sum' }] = metrics
    if (!Object.hasOwn(aggregators, aggregator))
      throw plainError('ERR_POSTMETER_OPTION', `'${aggregator}' is not a defined aggregator.`)
    const one = aggregators[aggregator as keyof typeof aggregators](onceEach(metrics))
    if (one !== undefined) registry.registerMetric({ get: () => one, ...one } as AnyMetric)
  }
}

/** Of those that are of one memory, the last. */
function onceEach(metrics: readonly Told[]): Told[] {
  const last = new Map(metrics.map((one, n) => [one.memory ?? n, one]))
  return [...last.values()]
}
