/** What the four classes have in common: their options, their place in registries, and how they are told. */
import type { AgeWindow, Aggregate, Family, Identity, Kind } from '../catalogue/families.js'
import { plainError, typeError } from '../common/errors.js'
import type { Child, Metric as Native } from '../instruments/metric.js'
import type { RegistryParts } from '../registry/registry.js'
import { collectOnTimer } from './collecting.js'
import { type Common, hideFamily, isCommon, showFamily, takeFamily } from './families.js'
import { isObject, labelsOf, validateLabelName, validateMetricName } from './labels.js'
import { globalRegistry, type Registry } from './registry.js'
import type { Row } from './rows.js'
import { ONLY, SeriesStore } from './series-store.js'
import { type How, type Plain, Spelled } from './spelled.js'
import { spellHead } from './told.js'
import {
  type Aggregator,
  type CollectFunction,
  PROMETHEUS_CONTENT_TYPE,
  type RegistryContentType,
  type Sample,
  type Told,
} from './types.js'

// biome-ignore lint/suspicious/noExplicitAny: a registry of either content type
export type AnyRegistry = Registry<any>

export interface MetricConfiguration<T extends string> {
  name: string
  help: string
  labelNames?: T[] | readonly T[]
  registers?: AnyRegistry[]
  aggregator?: Aggregator
  // biome-ignore lint/suspicious/noExplicitAny: as prom-client declares it
  collect?: CollectFunction<any>
  enableExemplars?: boolean
}

/** What differs from class to class. */
export interface Definition<C extends Child> {
  readonly kind: Kind
  /** Upper bounds, or quantiles, ascending. */
  readonly bounds: readonly number[]
  readonly window?: AgeWindow
  /** The label that its own lines have. */
  readonly ownLabel?: string
  readonly make: (parts: RegistryParts, identity: Identity, family: Family | undefined) => Native<string, C>
}

/**
 * How the values of several threads combine in a gauge. What has no such rule (the first one's, the mean, none at all) is
 * the greatest: values that are the same everywhere stay what they are, and of others the mean would hide the one that
 * stands out.
 */
const AGGREGATES: Readonly<Record<string, Aggregate>> = { sum: 'livesum', min: 'min' }

/** Where a metric has its series. A symbol: nothing that goes over its properties comes across it. */
export const STORE = Symbol('postmeter.store')

export abstract class Metric<T extends string, C extends Child, R> extends Spelled<R> {
  declare name: string
  declare help: string
  declare labelNames: readonly T[]
  declare registers: AnyRegistry[]
  declare aggregator: Aggregator
  declare enableExemplars: boolean
  // biome-ignore lint/suspicious/noExplicitAny: as prom-client declares it
  declare collect?: CollectFunction<any>
  /** @internal */
  declare [ONLY]: C | undefined
  /** @internal */
  declare readonly [STORE]: SeriesStore<C>

  /** `define` is called when the options that all classes have in common were checked. @internal */
  protected constructor(config: unknown, defaults: object) {
    super()
    if (!isObject(config)) throw typeError('ERR_POSTMETER_OPTION', 'constructor expected a config object')
    // First of all: V8 keeps the first properties in the object itself.
    Object.defineProperty(this, ONLY, { value: undefined, writable: true })
    const common = { labelNames: [], registers: [globalRegistry], aggregator: 'sum', enableExemplars: false }
    Object.assign(this, common, defaults, config)
    // They may be there, and undefined.
    this.registers ??= [globalRegistry]
    this.labelNames ??= []
    this.#check()
    const definition = this.define()
    const { ownLabel } = definition
    if (ownLabel !== undefined && this.labelNames.includes(ownLabel as T))
      refuse(`${ownLabel} is a reserved label keyword`)
    // All that can fail comes before it is listed anywhere.
    for (const register of this.registers) this.#checkRegister(register)
    Object.defineProperty(this, STORE, { value: this.#makeStore(definition) })
    for (const register of this.registers) register.registerMetric(this)
    for (const register of this.registers) if (register.common !== undefined) collectOnTimer(register)
  }

  #check(): void {
    const { help, name, labelNames, collect } = this
    if (!help) refuse('Missing mandatory help parameter')
    if (!name) refuse('Missing mandatory name parameter')
    if (!validateMetricName(name)) refuse('Invalid metric name')
    if (!Array.isArray(labelNames) || !validateLabelName(labelNames)) refuse('Invalid label name')
    const twice = labelNames.find((label, n) => labelNames.indexOf(label) !== n)
    if (twice !== undefined) refuse(`Invalid label name: "${twice}" is there twice`)
    if (collect && typeof collect !== 'function') refuse('Optional "collect" parameter must be a function')
  }

  #checkRegister(register: Registry<RegistryContentType>): void {
    if (this.enableExemplars && register.contentType === PROMETHEUS_CONTENT_TYPE) {
      throw typeError('ERR_POSTMETER_OPTION', 'Exemplars are supported only on OpenMetrics registries')
    }
    // A registry of another implementation has no such call, and checks for itself.
    register.checkName?.(this)
  }

  #makeStore({ kind, bounds, window, make }: Definition<C>): SeriesStore<C> {
    const identity: Identity = {
      name: this.name,
      kind,
      labelNames: [...this.labelNames],
      bounds,
      aggregate: kind === 'gauge' ? (AGGREGATES[this.aggregator] ?? 'max') : 'sum',
      expire: 'zero',
      unit: '',
      self: false,
      ...(window === undefined ? {} : { window }),
    }
    const { parts, family, ownedBy } = takeFamily(identity, String(this.help), this.#common())
    ownedBy(this)
    return new SeriesStore(parts, make(parts, family ?? identity, family), this)
  }

  /** `register` before any that has a name, whose exposition is its threads'. */
  #common(): Common | undefined {
    const all = this.registers.map(({ common }) => common).filter(common => common !== undefined)
    return all.find(({ scope }) => scope === undefined) ?? all[0]
  }

  /** Checks the options of its class. @internal */
  protected abstract define(): Definition<C>

  get type(): Kind {
    return this[STORE].native.identity.kind
  }

  /** @internal */
  override collected(): Promise<unknown> | undefined {
    const pending: unknown = this.collect?.()
    return isObject(pending) && typeof pending.then === 'function' ? Promise.resolve(pending) : undefined
  }

  /** @internal */
  override told(): Told {
    const values = this.#read(rows => rows.flatMap(row => this.samples(row)))
    const { help, name, type, aggregator } = this
    // In prom-client's order, which differs: what makes text of it shows that.
    const head = type === 'counter' || type === 'gauge' ? { help, name } : { name, help }
    return { ...head, type, values, aggregator }
  }

  /** @internal */
  override get memory(): string | undefined {
    const { family, parts } = this[STORE]
    if (family === undefined || !isCommon(family) || parts.alone()) return undefined
    return `${parts.id}/${family.ref}`
  }

  /** @internal */
  override plain({ openMetrics, defaults }: How): Plain | undefined {
    const store = this[STORE]
    const { family, parts } = store
    if (family === undefined || openMetrics || defaults !== undefined || !store.isPlain) return undefined
    return { family, parts }
  }

  /** @internal */
  override spell(how: How): string {
    return this.#read(rows => {
      const name = this.exposedName(how)
      let text = spellHead(name, String(this.help), this.type)
      const line = this.liner(name, how)
      for (const row of rows) text += line(row)
      return text
    })
  }

  /** @internal */
  protected exposedName(_: How): string {
    return this.name
  }

  /** The lines of one series, as get() tells them. @internal */
  protected abstract samples(row: Row): Sample[]

  /** What spells a series' lines, each with the end of the line before it. @internal */
  protected abstract liner(name: string, how: How): (row: Row) => string

  #read<R>(work: (rows: readonly Row[]) => R): R {
    const store = this[STORE]
    return store.parts.context.series.inEpoch(() => work(store.rows()))
  }

  /** @internal */
  override entered(common: Common | undefined): void {
    const { family, parts } = this[STORE]
    if (this.#isIn(common)) showFamily(parts, family as Family, String(this.help))
  }

  /** @internal */
  override left(common: Common | undefined): void {
    const { family, parts } = this[STORE]
    if (this.#isIn(common)) hideFamily(parts, family as Family)
  }

  #isIn(common: Common | undefined): boolean {
    const { family } = this[STORE]
    return family !== undefined && common !== undefined && common.scope === family.scope
  }

  /** Takes a series away, by its labels or by their values in order. */
  remove(...values: string[]): void
  remove(labels: Partial<Record<T, string | number>>): void
  remove(...given: unknown[]): void {
    this[STORE].remove(labelsOf(this.labelNames, given))
  }
}

function refuse(why: string): never {
  throw plainError('ERR_POSTMETER_OPTION', why)
}

/** Seconds since `start`, by the clock that test runners can fake. */
export function secondsSince(start: [number, number]): number {
  const [seconds, nanos] = process.hrtime(start)
  return seconds + nanos / 1e9
}
