import type { Gauge, Registry } from '../../src/index.js'
import { type AnySpec, type InstrumentOf, register } from './metrics/define.js'
import { host } from './metrics/host.js'
import { messages } from './metrics/messages.js'
import { names } from './metrics/names.js'
import { policy } from './metrics/policy.js'
import { queues } from './metrics/queues.js'
import { smtp } from './metrics/smtp.js'

/** The 124 metrics of kumod, by name. */
export const table = {
  ...smtp,
  ...queues,
  ...names,
  ...host,
  ...messages,
  ...policy,
}

export type MetricName = keyof typeof table
export type Metrics = {
  readonly [Name in MetricName]: InstrumentOf<(typeof table)[Name]>
}

/** Gauges to be read rather than written. Each runs now and then in the thread that registers it. */
export type Collectors = {
  readonly [Name in MetricName as (typeof table)[Name]['type'] extends 'gauge' ? Name : never]?: (
    gauge: Metrics[Name],
  ) => void | Promise<void>
}

/**
 * Registers all of them. Every thread calls this for itself: the same family registered in five threads is one
 * family, so no instrument ever has to be sent anywhere.
 */
export function registerMetrics(registry: Registry, collectors: Collectors = {}): Metrics {
  const collect = collectors as Partial<Record<string, (gauge: Gauge<string>) => void | Promise<void>>>
  const made = Object.entries<AnySpec>(table).map(
    ([name, spec]) => [name, register(registry, name, spec, collect[name])] as const,
  )
  return Object.fromEntries(made) as unknown as Metrics
}
