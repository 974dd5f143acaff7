/** Where mail goes: the series of one domain, held, and those of its provider. */
import type { Counter, CounterChild, GaugeChild } from '../index.js'
import type { MtaMetrics, ScheduledQueueBundle } from '../mta.js'
import type { Routes } from './settings.js'

const PROTOCOL = 'smtp_client'

type Outcome = readonly CounterChild[]

/** What is counted of mail to one domain. All counts are of recipients. */
export class Site {
  readonly domain: string | undefined
  readonly provider: string | undefined
  readonly #delivered: Outcome
  readonly #transfail: Outcome
  readonly #fail: Outcome
  readonly #ready: readonly GaugeChild[]
  readonly #scheduled: ScheduledQueueBundle | GaugeChild

  constructor(mta: MtaMetrics, routes: Routes, domain: string | undefined, provider: string | undefined) {
    this.domain = domain
    this.provider = provider
    const { source, pool } = routes
    const services = [{ service: PROTOCOL }]
    // As kumod names them, whose source is "unspecified" unless a policy says another.
    if (domain !== undefined)
      services.push({ service: `${PROTOCOL}:${source ?? 'unspecified'}->${domain}@${PROTOCOL}` })
    const by = provider === undefined ? [] : [{ provider }]
    const byPool = pool === undefined ? [] : by.map(one => ({ ...one, pool }))
    const bySource = source === undefined ? [] : byPool.map(one => ({ ...one, source }))
    const outcome = (
      byService: Counter<'service'>,
      byProvider: Counter<'provider'>,
      byAll: Counter<'provider' | 'source' | 'pool'>,
    ) => [
      ...services.map(one => byService.labels(one)),
      ...by.map(one => byProvider.labels(one)),
      ...bySource.map(one => byAll.labels(one)),
    ]
    this.#delivered = outcome(
      mta.totalMessagesDelivered,
      mta.totalMessagesDeliveredByProvider,
      mta.totalMessagesDeliveredByProviderAndSource,
    )
    this.#transfail = outcome(
      mta.totalMessagesTransfail,
      mta.totalMessagesTransfailByProvider,
      mta.totalMessagesTransfailByProviderAndSource,
    )
    this.#fail = outcome(
      mta.totalMessagesFail,
      mta.totalMessagesFailByProvider,
      mta.totalMessagesFailByProviderAndSource,
    )
    this.#ready = [
      ...services.map(one => mta.readyCount.labels(one)),
      ...by.map(one => mta.queuedCountByProvider.labels(one)),
      ...byPool.map(one => mta.queuedCountByProviderAndPool.labels(one)),
    ]
    this.#scheduled =
      domain === undefined
        ? mta.scheduledCountTotal.labels({})
        : mta.scheduledQueue({ queue: domain, domain, provider, pool })
  }

  delivered(recipients: number): void {
    for (const child of this.#delivered) child.inc(recipients)
  }

  transfail(recipients: number): void {
    for (const child of this.#transfail) child.inc(recipients)
  }

  fail(recipients: number): void {
    for (const child of this.#fail) child.inc(recipients)
  }

  /** An attempt begins, or recipients of it have their outcome (below 0). */
  ready(recipients: number): void {
    for (const child of this.#ready) child.inc(recipients)
  }

  /** Recipients begin to wait for their time, or wait no longer (below 0). */
  scheduled(recipients: number): void {
    if (!('enter' in this.#scheduled)) this.#scheduled.inc(recipients)
    else if (recipients >= 0) this.#scheduled.enter(recipients)
    else this.#scheduled.leave(-recipients)
  }

  /** A plugin put an attempt off. */
  throttled(recipients: number): void {
    if ('enter' in this.#scheduled) this.#scheduled.delayedByMessageRate(recipients)
  }
}

/**
 * The sites of one process. Domains come from the network, so the least recently used is let go where there are too
 * many. What is under way keeps its own: it leaves the gauges that it entered.
 */
export class Sites {
  readonly #mta: (routes: Routes) => MtaMetrics
  #routes: Routes
  #metrics: MtaMetrics
  readonly #sites = new Map<string, Site>()

  /** `mta` gives the metrics, with the providers, sources and pools that routes name. */
  constructor(mta: (routes: Routes) => MtaMetrics, routes: Routes) {
    this.#mta = mta
    this.#routes = routes
    this.#metrics = mta(routes)
  }

  set routes(routes: Routes) {
    this.#metrics = this.#mta(routes)
    this.#routes = routes
    this.#sites.clear()
  }

  /** `mx` is the host that mail went to, where it is known. */
  of(domain: string | undefined, mx?: unknown): Site {
    const named = this.#routes.domains && domain ? domain.toLowerCase() : undefined
    const told = this.#providerOf(domain, mx)
    // Without domains there is one site for each provider. No domain begins with a space.
    const key = named ?? ` ${told ?? ''}`
    const found = this.#sites.get(key)
    // What an exchanger once told of a domain is remembered.
    const provider = told ?? found?.provider
    const site =
      found !== undefined && found.provider === provider
        ? found
        : new Site(this.#metrics, this.#routes, named, provider)
    this.#sites.delete(key)
    if (this.#sites.size >= this.#routes.mostDomains) this.#sites.delete(this.#sites.keys().next().value!)
    this.#sites.set(key, site)
    return site
  }

  get size(): number {
    return this.#sites.size
  }

  #providerOf(domain: string | undefined, mx: unknown): string | undefined {
    const { byDomain, byMx } = this.#routes
    return suffixIn(byDomain, domain) ?? suffixIn(byMx, mx)
  }
}

/** What a map has for a name, or for the nearest name above it. */
function suffixIn(map: ReadonlyMap<string, string>, name: unknown): string | undefined {
  if (map.size === 0 || typeof name !== 'string') return undefined
  for (let rest = name.toLowerCase().replace(/\.$/, ''); ; ) {
    const found = map.get(rest)
    if (found !== undefined) return found
    const dot = rest.indexOf('.')
    if (dot === -1) return undefined
    rest = rest.slice(dot + 1)
  }
}
