/** What the default metrics have in common: a prefix, labels, and where they are registered. */
import { isMainThread } from 'node:worker_threads'
import { Gauge } from '../gauge.js'
import { home } from '../home.js'
import type { AnyRegistry } from '../metric.js'
import { globalRegistry } from '../registry.js'
import type { Aggregator } from '../types.js'

export interface DefaultsConfig {
  readonly register?: AnyRegistry
  readonly prefix?: string
  readonly labels?: Record<string, string | number>
  readonly gcDurationBuckets?: number[]
  readonly eventLoopMonitoringPrecision?: number
  readonly enableExemplars?: boolean
  readonly eventLoopUtilizationTimeout?: number
  readonly eventLoopUtilizationMaxAgeSeconds?: number
  readonly eventLoopUtilizationAgeBuckets?: number
  readonly eventLoopUtilizationPercentiles?: number[]
  readonly eventLoopUtilizationBuckets?: number[]
}

export interface Group {
  readonly config: DefaultsConfig
  readonly prefix: string
  readonly labels: Record<string, string | number>
  readonly labelNames: string[]
  readonly registers: AnyRegistry[] | undefined
  /** Whether this thread tells of the process: of several that share `register`, one does. */
  readonly tells: () => boolean
}

/** Registers some of the default metrics. */
export type Collects = (group: Group) => void

export function groupOf(config: DefaultsConfig | null | undefined): Group {
  const labels = config?.labels ?? {}
  return {
    config: config ?? {},
    prefix: config?.prefix ?? '',
    labels,
    labelNames: Object.keys(labels),
    registers: config?.register === undefined || config.register === null ? undefined : [config.register],
    tells: () =>
      isMainThread || (config?.register ?? globalRegistry) !== globalRegistry || home().parts.maker,
  }
}

interface GaugeDefinition {
  readonly name: string
  readonly help: string
  readonly aggregator?: Aggregator
  readonly labelNames?: readonly string[]
  readonly collect?: (this: Gauge) => void
}

export function gaugeOf(group: Group, { name, help, labelNames = [], ...rest }: GaugeDefinition): Gauge {
  return new Gauge({
    name: group.prefix + name,
    help,
    labelNames: [...labelNames, ...group.labelNames],
    registers: group.registers,
    ...rest,
  })
}
