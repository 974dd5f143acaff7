/** How a family of the catalogue is declared, and what registering it gives. */
import type { Aggregate, Counter, Gauge, Histogram, Registry } from '../../index.js'

/** Whether a series is forgotten once it has been idle for the catalogue's `expireAfter`, or never. */
export type Idle = 'kept' | 'pruned'

interface Spec<L extends string> {
  readonly help: string
  readonly labelNames: readonly L[]
  readonly idle: Idle
}
export interface CounterSpec<L extends string> extends Spec<L> {
  readonly type: 'counter'
}
export interface GaugeSpec<L extends string> extends Spec<L> {
  readonly type: 'gauge'
  /** How the values of the threads combine. */
  readonly aggregate: Aggregate
}
export interface HistogramSpec<L extends string> extends Spec<L> {
  readonly type: 'histogram'
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
}
export type AnySpec = CounterSpec<string> | GaugeSpec<string> | HistogramSpec<string>

/** What registering a spec gives, its label names kept: `labels({ servce: … })` does not compile. */
export type InstrumentOf<S> =
  S extends CounterSpec<infer L>
    ? Counter<L>
    : S extends GaugeSpec<infer L>
      ? Gauge<L>
      : S extends HistogramSpec<infer L>
        ? Histogram<L>
        : never

/** Upper bounds in seconds for what takes milliseconds to seconds. */
export const LATENCY = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export function counter<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
  idle: Idle = 'kept',
): CounterSpec<L> {
  return { type: 'counter', help, labelNames, idle }
}

/** A gauge that threads raise and lower: what one thread adds, another may take away. */
export function level<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
  idle: Idle = 'kept',
): GaugeSpec<L> {
  return { type: 'gauge', aggregate: 'sum', help, labelNames, idle }
}

/** A gauge of what belongs to one thread, such as its connections: what a dead thread had is gone with it. */
export function held<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
  idle: Idle = 'kept',
): GaugeSpec<L> {
  return { type: 'gauge', aggregate: 'livesum', help, labelNames, idle }
}

/** A gauge that is 0 or 1, and 1 as soon as one thread says so. */
export function flag<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
): GaugeSpec<L> {
  return { type: 'gauge', aggregate: 'max', help, labelNames, idle: 'kept' }
}

/** A gauge for a fact about the whole process: one thread reads it and sets it, threads are not added up. */
export function fact<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
): GaugeSpec<L> {
  return { type: 'gauge', aggregate: 'last', help, labelNames, idle: 'kept' }
}

export function histogram<const L extends string = never>(
  help: string,
  labelNames: readonly L[] = [],
  buckets: readonly number[] = LATENCY,
): HistogramSpec<L> {
  return { type: 'histogram', help, labelNames, buckets, idle: 'kept' }
}

/** Registers one family. The same one registered from several threads is one family. */
export function register(
  registry: Registry,
  name: string,
  spec: AnySpec,
  expireAfter: number | 'never',
  collect?: () => void | Promise<void>,
): Counter<string> | Gauge<string> | Histogram<string> {
  const { help, labelNames, idle } = spec
  // Said for those that are kept, too: the registry's own default is for the program's series.
  const common = { name, help, labelNames, expireAfter: idle === 'pruned' ? expireAfter : 'never' }
  switch (spec.type) {
    case 'counter':
      return registry.counter(common)
    case 'gauge':
      return registry.gauge({ ...common, aggregate: spec.aggregate, ...(collect && { collect }) })
    case 'histogram':
      return registry.histogram({ ...common, buckets: spec.buckets })
  }
}
