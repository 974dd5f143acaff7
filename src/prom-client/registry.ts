/** prom-client's Registry: a list of metrics, in the order in which they came, and how it is exposed. */
import { plainError, show, typeError } from '../common/errors.js'
import type { RegistryHandle } from '../memory/handle.js'
import { aggregateInto } from './aggregate.js'
import { encode } from './encode.js'
import { type Common, commonOf } from './families.js'
import { home, nowServed } from './home.js'
import { isObject } from './labels.js'
import { type How, type Plain, Spelled, spellsItself } from './spelled.js'
import { spellTold } from './told.js'
import {
  type AnyMetric,
  type MetricObject,
  type MetricObjectWithValues,
  type MetricValue,
  OPENMETRICS_CONTENT_TYPE,
  type OpenMetricsContentType,
  PROMETHEUS_CONTENT_TYPE,
  type PrometheusContentType,
  type RegistryContentType,
  type SingleMetric,
  type Told,
} from './types.js'

const CONTENT_TYPES: readonly string[] = [PROMETHEUS_CONTENT_TYPE, OPENMETRICS_CONTENT_TYPE]

/** Characters of a registry's name. */
const MAX_NAME = 100

export class Registry<C extends RegistryContentType = PrometheusContentType> {
  /** The one that metrics are in unless they say otherwise. @internal */
  static globalRegistry: Registry<RegistryContentType>

  static get PROMETHEUS_CONTENT_TYPE(): PrometheusContentType {
    return PROMETHEUS_CONTENT_TYPE
  }

  static get OPENMETRICS_CONTENT_TYPE(): OpenMetricsContentType {
    return OPENMETRICS_CONTENT_TYPE
  }

  // Named as in prom-client, because programs have been seen to look into them.
  /** @internal */
  _metrics: Record<string, AnyMetric> = {}
  /** @internal */
  _defaultLabels: Record<string, unknown> = {}
  /** @internal */
  _contentType: RegistryContentType
  // Nothing here is private to the language: proxies of a registry, and objects made of one, would not have it.
  /** @internal */
  _name: string | undefined

  /**
   * A registry is its thread's own, unless it has a `name`: those of one name in other threads, and processes where they
   * share a registry, count together, as `register` does.
   *
   * @throws TypeError for a content type that there is not, or a name that is none.
   */
  constructor(regContentType: RegistryContentType = PROMETHEUS_CONTENT_TYPE, name?: string) {
    if (!CONTENT_TYPES.includes(regContentType)) {
      throw typeError('ERR_POSTMETER_OPTION', `Content type ${regContentType} is unsupported`)
    }
    if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > MAX_NAME)) {
      throw typeError(
        'ERR_POSTMETER_OPTION',
        `A registry's name is 1 to ${MAX_NAME} characters, not ${show(name)}`,
      )
    }
    this._contentType = regContentType
    this._name = name
  }

  /** What its metrics have in common with those of other threads; undefined if it is its thread's own. @internal */
  get common(): Common | undefined {
    if ((this as unknown) === globalRegistry) return {}
    return this._name === undefined ? undefined : commonOf(this._name)
  }

  get contentType(): C {
    return this._contentType as C
  }

  setContentType(metricsContentType: C | RegistryContentType): void {
    if (!CONTENT_TYPES.includes(metricsContentType)) {
      throw plainError('ERR_POSTMETER_OPTION', `Content type ${metricsContentType} is unsupported`)
    }
    this._contentType = metricsContentType
  }

  /**
   * What `serve()` needs of `register`: it serves the whole registry that all threads share. Others have none, which
   * serve() refuses.
   */
  get handle(): RegistryHandle {
    if ((this as unknown) !== globalRegistry) return undefined as never
    nowServed()
    return home().handle
  }

  /** Calls back when the registry that `register` is in is closed. Returns a function that removes the callback. */
  onClose(callback: () => Promise<void> | void): () => void {
    return home().onClose(callback)
  }

  /** With an aggregator those alone that have it; the default is `sum`. */
  getMetricsAsArray(aggregator?: string): MetricObject[] {
    return allOf(this, aggregator) as unknown as MetricObject[]
  }

  /**
   * The exposition, of all threads, after all `collect` callbacks have run. Blocks the calling thread for a fraction of a
   * microsecond a line.
   */
  async metrics(): Promise<string> {
    const metrics = allOf(this)
    const prepared = metrics.map(metric => prepare(metric))
    // Those that nothing has to be waited for are spelled in this turn.
    const waited = prepared.some(one => one instanceof Promise) ? await Promise.all(prepared) : prepared
    const how = howOf(this)
    const texts: string[] = []
    for (let n = 0; n < metrics.length; ) {
      const plain = plainFrom(metrics, n, how)
      const text =
        plain.length === 0
          ? undefined
          : encode(
              plain[0].parts,
              plain.map(({ family }) => family),
            )
      const end = n + Math.max(1, plain.length)
      if (text !== undefined) texts.push(text)
      else for (let m = n; m < end; m++) texts.push(spell(metrics[m], waited[m] as Told | undefined, how))
      n = end
    }
    return how.openMetrics ? `${texts.join('\n')}\n# EOF\n` : `${texts.join('\n\n')}\n`
  }

  /** One metric's part of the exposition. */
  async getMetricsAsString(metric: AnyMetric): Promise<string> {
    const told = await prepare(metric)
    return spell(metric, told as Told | undefined, howOf(this))
  }

  /** One metric's part of the exposition, by its name. */
  async getSingleMetricAsString(name: string): Promise<string> {
    return this.getMetricsAsString(this._metrics[name])
  }

  /** All values, or those of one aggregator, with the default labels, after the `collect` callbacks have run. */
  async getMetricsAsJSON(aggregator?: string): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
    const metrics = allOf(this, aggregator)
    const all = (await Promise.all(metrics.map(metric => metric.get()))) as Told[]
    all.forEach((told, n) => {
      const metric = metrics[n]
      const memory = metric instanceof Spelled ? metric.memory : undefined
      if (memory !== undefined) told.memory = memory
    })
    const defaults = Object.entries(this._defaultLabels ?? {})
    for (const { values } of defaults.length === 0 ? [] : all) {
      for (const sample of values ?? []) {
        const labels: Record<string, unknown> = { ...sample.labels }
        for (const [name, value] of defaults) labels[name] ||= value
        sample.labels = labels
      }
    }
    return all as never
  }

  /** @throws Error if another metric has the name. */
  registerMetric(metric: AnyMetric): void {
    this.checkName(metric)
    this._metrics[metric.name as string] = metric
    if (metric instanceof Spelled) metric.entered(this.common)
  }

  /** @throws Error if another metric has the name. @internal */
  checkName(metric: AnyMetric): void {
    const known = this._metrics[metric.name as string]
    if (known === undefined || known === metric) return
    throw plainError(
      'ERR_POSTMETER_CONFLICT',
      `A metric with the name ${metric.name} has already been registered.`,
    )
  }

  /** Takes all metrics out, and forgets the default labels. */
  clear(): void {
    const metrics = allOf(this)
    this._metrics = {}
    this._defaultLabels = {}
    for (const metric of metrics) leave(metric, this.common)
  }

  /** Takes a metric out; nothing where there is none of that name. */
  removeSingleMetric(name: string): void {
    const metric = this._metrics[name]
    delete this._metrics[name]
    if (metric !== undefined) leave(metric, this.common)
  }

  getSingleMetric<T extends string>(name: string): SingleMetric<T> | undefined
  getSingleMetric<M extends AnyMetric>(name: string): M | undefined
  getSingleMetric(name: string): AnyMetric | undefined {
    return this._metrics[name]
  }

  /** Sets all metrics back, as reset() of each does. */
  resetMetrics(): void {
    for (const metric of allOf(this)) metric.reset?.()
  }

  /** Labels of all series in its expositions; a series' own go before them. */
  setDefaultLabels(labels: object): void {
    if (!isObject(labels)) throw typeError('ERR_POSTMETER_OPTION', `default labels ${labels} are no object`)
    this._defaultLabels = labels
  }

  /** A registry with the metrics of all. @throws Error if two have a name in common, or content types differ. */
  static merge<T extends RegistryContentType = PrometheusContentType>(
    // biome-ignore lint/suspicious/noExplicitAny: of either content type
    registers: readonly Registry<any>[],
  ): Registry<T> {
    const [{ contentType }] = registers
    if (registers.some(one => one.contentType !== contentType)) {
      throw plainError(
        'ERR_POSTMETER_CONFLICT',
        'Registers can only be merged if they have the same content type',
      )
    }
    const merged = new Registry<T>(contentType)
    for (const one of registers)
      for (const metric of Object.values(one._metrics)) merged.registerMetric(metric)
    return merged
  }

  /**
   * A registry of what registries told by getMetricsAsJSON(). What is of one memory counts once.
   *
   * @throws Error naming an aggregator that there is not.
   */
  static aggregate<T extends RegistryContentType>(
    metricsArr: readonly object[],
    registryType: RegistryContentType = PROMETHEUS_CONTENT_TYPE,
  ): Registry<T> {
    const aggregated = new Registry<T>(registryType)
    aggregateInto(aggregated, metricsArr)
    return aggregated
  }
}

function allOf(
  { _metrics }: Pick<Registry<RegistryContentType>, '_metrics'>,
  aggregator?: string,
): AnyMetric[] {
  const all = Object.values(_metrics)
  return aggregator === undefined ? all : all.filter(metric => (metric.aggregator ?? 'sum') === aggregator)
}

function leave(metric: AnyMetric, common: Common | undefined): void {
  if (metric instanceof Spelled) metric.left(common)
}

/** What it tells, or that it will; undefined of what spells itself and has collected. */
function prepare(metric: AnyMetric): Promise<unknown> | undefined {
  if (spellsItself(metric)) return metric.collected()
  return Promise.resolve(metric.get())
}

function spell(metric: AnyMetric, told: Told | undefined, how: How): string {
  return spellsItself(metric) ? metric.spell(how) : spellTold(told as Told, how)
}

function howOf({
  contentType,
  _defaultLabels: defaults,
}: Pick<Registry<RegistryContentType>, 'contentType' | '_defaultLabels'>): How {
  const openMetrics = contentType === OPENMETRICS_CONTENT_TYPE
  return { openMetrics, defaults: Object.keys(defaults ?? {}).length === 0 ? undefined : defaults }
}

/** The families of metrics one after another that the kernel can write as they are to be, from the nth on. */
function plainFrom(metrics: readonly AnyMetric[], first: number, how: How): Plain[] {
  const found: Plain[] = []
  for (let n = first; n < metrics.length; n++) {
    const metric = metrics[n]
    const plain = spellsItself(metric) ? metric.plain(how) : undefined
    if (plain === undefined || (n > first && plain.parts.id !== found[0].parts.id)) break
    found.push(plain)
  }
  return found
}

export const globalRegistry = new Registry<RegistryContentType>()
Registry.globalRegistry = globalRegistry
