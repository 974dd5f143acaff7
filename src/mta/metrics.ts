/** The catalogue as one thread uses it: each family is a property, registered when it is first read. */
import { expiry, NEVER } from '../common/checks.js'
import { badOption, knownOptions, show, typeError } from '../common/errors.js'
import type { Registry } from '../index.js'
import type { Known } from './bundle-labels.js'
import {
  ReadyQueueBundle,
  type ReadyQueueLabels,
  ScheduledQueueBundle,
  type ScheduledQueueLabels,
} from './bundles.js'
import { type CollectOptions, collectHost } from './collect.js'
import { mtaCatalogue } from './families/catalogue.js'
import { type AnySpec, type InstrumentOf, register } from './families/define.js'
import type { MtaInstruments } from './instruments.js'

export interface MtaOptions {
  /**
   * How long a series of a queue, service, provider, domain or tenant may be idle before it is no longer exposed; when
   * mail comes, it is again. Ms, or for example `'1h'`, from 1 ms to 20 days; `'never'`. Default: `'10m'`. All other
   * series stay, whatever the registry's default is. As with any metric, what the first thread says holds for all.
   */
  expireAfter?: number | string
  /**
   * How the gauges that threads raise and lower combine, `gauge, sum` in docs/MTA.md: queues, mostly. `sum` (default) is
   * for threads of which one enters a message and another takes it out; what a thread entered outlives it. `livesum` is
   * for threads or processes that have queues of their own, as the workers of a cluster: what one that is killed had in
   * them goes with it, and counts again for the one that reads its spool. The same in all threads.
   */
  levels?: Levels
  /** The providers there are. If it is given, a bundle for another one is an error. */
  providers?: readonly string[]
  /** The egress sources there are. If it is given, a bundle for another one is an error. */
  sources?: readonly string[]
  /** The egress pools there are. If it is given, a bundle for another one is an error. */
  pools?: readonly string[]
}

const LEVELS = ['sum', 'livesum'] as const
type Levels = (typeof LEVELS)[number]

/** What the families are fed with, beside their own calls. Each thread has one of its own. */
export interface MtaMetrics extends MtaInstruments {
  /**
   * What one ready queue counts: one call feeds the metric of the service, of its protocol, and those by provider,
   * source and pool. To be declared once for each queue and thread, and kept: it holds its series, which exist, at 0,
   * from then on. A series that expired comes back by itself.
   *
   * @throws TypeError naming the label that is not known, no text, empty, or not in `providers`, `sources` or `pools`;
   * with `onBadValue: 'drop'`, too.
   */
  readyQueue(labels: ReadyQueueLabels): ReadyQueueBundle
  /** As readyQueue(), for a scheduled queue: by queue, domain, tenant, campaign, provider and pool. */
  scheduledQueue(labels: ScheduledQueueLabels): ScheduledQueueBundle
  /**
   * Reads, every `collectEvery` ms of the registry: memory, CPU, and the disks and thread pools that it is told of. To be
   * called in one thread, the main one. What cannot be read is logged once, and its series is not exposed meanwhile.
   *
   * @throws TypeError or RangeError naming the option that is not known, of the wrong kind or out of range.
   */
  collect(options?: CollectOptions): void
  /**
   * Registers all families, so that each has its HELP and TYPE in every scrape, and those without labels are 0. Where a
   * program has another metric of one of the names, it throws now, and not when the family is first used.
   */
  registerAll(): void
}

const DEFAULT_EXPIRE_AFTER = 600_000

const families = Object.entries<AnySpec>(mtaCatalogue)

/**
 * The metrics of a mail server, under the names that kumod exposes them by: so dashboards made for it find what they
 * query. Every thread calls this for itself; the same family in several threads is one. Nothing is registered by the
 * call: a family is, when its property is first read in any thread (without labels, it is then exposed at 0).
 *
 * @throws TypeError or RangeError naming the option that is not known, of the wrong kind or out of range.
 */
export function mtaMetrics(registry: Registry, options: MtaOptions = {}): MtaMetrics {
  for (const call of ['counter', 'gauge', 'histogram'] as const) {
    if (typeof registry?.[call] !== 'function') {
      throw typeError('ERR_POSTMETER_CALL', `mtaMetrics: ${show(registry)} is not a registry of postmeter`)
    }
  }
  knownOptions('mtaMetrics', options, ['expireAfter', 'levels', 'providers', 'sources', 'pools'])
  const { levels = 'sum' } = options
  if (!LEVELS.includes(levels)) throw badOption('levels', levels, `is none of ${LEVELS.join(', ')}`)
  const after = expiry(options.expireAfter, DEFAULT_EXPIRE_AFTER)
  const known = {
    provider: listed('providers', options.providers),
    source: listed('sources', options.sources),
    pool: listed('pools', options.pools),
  }
  return new Metrics(registry, after === NEVER ? 'never' : after, levels, known) as unknown as MtaMetrics
}

type Instrument = InstrumentOf<AnySpec>

/**
 * Its fields are the same whatever was read first: a property is a getter on the prototype, so that code which reads
 * one in a loop sees one hidden class.
 */
class Metrics {
  readonly #registry: Registry
  readonly #expireAfter: number | 'never'
  readonly #levels: Levels
  readonly #known: Known
  readonly #made: (Instrument | undefined)[] = families.map(() => undefined)

  constructor(registry: Registry, expireAfter: number | 'never', levels: Levels, known: Known) {
    this.#registry = registry
    this.#expireAfter = expireAfter
    this.#levels = levels
    this.#known = known
  }

  static {
    families.forEach(([name], n) => {
      Object.defineProperty(Metrics.prototype, camel(name), {
        get(this: Metrics) {
          return this.#made[n] ?? this.#make(n)
        },
        enumerable: true,
        configurable: true,
      })
    })
  }

  #make(n: number): Instrument {
    const [name, spec] = families[n]!
    const raised = spec.type === 'gauge' && spec.aggregate === 'sum'
    const declared = raised ? { ...spec, aggregate: this.#levels } : spec
    const made = register(this.#registry, name, declared, this.#expireAfter)
    this.#made[n] = made
    return made
  }

  get #mta(): MtaMetrics {
    return this as unknown as MtaMetrics
  }

  readyQueue(labels: ReadyQueueLabels): ReadyQueueBundle {
    return new ReadyQueueBundle(this.#mta, labels, this.#known)
  }

  scheduledQueue(labels: ScheduledQueueLabels): ScheduledQueueBundle {
    return new ScheduledQueueBundle(this.#mta, labels, this.#known)
  }

  collect(options: CollectOptions = {}): void {
    collectHost(this.#registry, this.#mta, options)
  }

  registerAll(): void {
    for (let n = 0; n < families.length; n++) this.#made[n] ?? this.#make(n)
  }
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** A list of names; undefined if it is left out. */
function listed(option: string, names: unknown): ReadonlySet<string> | undefined {
  if (names === undefined) return undefined
  if (!Array.isArray(names)) throw badOption(option, names, 'is not a list')
  for (const name of names) {
    if (typeof name !== 'string' || name === '') throw badOption(option, name, 'is no name')
  }
  return new Set(names)
}
