/**
 * Bundles: what happens once is counted in several metrics, in those by service and those that add up by provider,
 * source and pool. A bundle looks its series up when it is declared; a call is then a plain store for each of them.
 */
import type { Counter, CounterChild, GaugeChild, HistogramChild } from '../index.js'
import { checkApart, checkLabels, type Known } from './bundle-labels.js'
import type { MtaInstruments } from './instruments.js'

/** Of a ready queue. A metric is fed if all its labels are given. */
export interface ReadyQueueLabels {
  /** As kumod names them, for example `smtp_client:out-1->mx.big.example@smtp_client`. */
  readonly service: string
  /** The service that all queues of the protocol are counted under, too, for example `smtp_client`. */
  readonly protocol?: string | undefined
  readonly provider?: string | undefined
  /** The egress source, which a provider's counters also tell apart. */
  readonly source?: string | undefined
  /** The egress pool. */
  readonly pool?: string | undefined
}

/** Of a scheduled queue. A metric is fed if all its labels are given. */
export interface ScheduledQueueLabels {
  /** As kumod names them, for example `campaign:tenant@domain`. */
  readonly queue: string
  readonly domain: string
  readonly tenant?: string | undefined
  /** Without a tenant, its series has an empty one. */
  readonly campaign?: string | undefined
  readonly provider?: string | undefined
  /** The egress pool. */
  readonly pool?: string | undefined
}

type Children<C> = readonly C[]

// Counters and gauges apart: each loop then sees one class.
function add(children: Children<CounterChild>, count: number): void {
  for (let n = 0; n < children.length; n++) children[n]!.inc(count)
}

function raise(children: Children<GaugeChild>, count: number): void {
  for (let n = 0; n < children.length; n++) children[n]!.inc(count)
}

function lower(children: Children<GaugeChild>, count: number): void {
  for (let n = 0; n < children.length; n++) children[n]!.dec(count)
}

/**
 * What one ready queue and its connections count. Call from the thread that declared it. The calls throw for a count
 * that a counter or gauge does not take, before anything is counted; nothing else.
 */
export class ReadyQueueBundle {
  readonly #delivered: Children<CounterChild>
  readonly #transfail: Children<CounterChild>
  readonly #fail: Children<CounterChild>
  readonly #readyFull: Children<CounterChild>
  readonly #ready: Children<GaugeChild>
  readonly #connectionsMade: Children<CounterChild>
  readonly #connections: Children<GaugeChild>
  readonly #latency: HistogramChild

  /** @internal */
  constructor(mta: MtaInstruments, labels: ReadyQueueLabels, known: Known) {
    checkLabels('readyQueue', labels, ['service'], ['protocol', 'provider', 'source', 'pool'], known)
    const { service, protocol, provider, source, pool } = labels
    checkApart('readyQueue', service, protocol)
    const services = protocol === undefined ? [{ service }] : [{ service }, { service: protocol }]
    const by = provider === undefined ? undefined : { provider }
    const byPool = by === undefined || pool === undefined ? undefined : { ...by, pool }
    const bySource = byPool === undefined || source === undefined ? undefined : { ...byPool, source }
    const outcome = (
      byService: Counter<'service'>,
      byProvider: Counter<'provider'>,
      byAll: Counter<'provider' | 'source' | 'pool'>,
    ) => [
      ...services.map(one => byService.labels(one)),
      ...childOf(by, one => byProvider.labels(one)),
      ...childOf(bySource, one => byAll.labels(one)),
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
    this.#readyFull = services.map(one => mta.readyFull.labels(one))
    this.#ready = [...services.map(one => mta.readyCount.labels(one)), ...queued(mta, by, byPool)]
    this.#connectionsMade = services.map(one => mta.totalConnectionCount.labels(one))
    this.#connections = [
      ...services.map(one => mta.connectionCount.labels(one)),
      ...childOf(by, one => mta.connectionCountByProvider.labels(one)),
      ...childOf(byPool, one => mta.connectionCountByProviderAndPool.labels(one)),
    ]
    this.#latency = mta.deliverMessageLatencyRollup.labels({ service: protocol ?? service })
  }

  /** The next hop accepted messages. */
  delivered(count = 1): void {
    add(this.#delivered, count)
  }

  /** Attempts failed for now, and may be repeated. */
  transfail(count = 1): void {
    add(this.#transfail, count)
  }

  /** Messages were given up: refused, or out of attempts. */
  fail(count = 1): void {
    add(this.#fail, count)
  }

  /** The queue had no room for messages. */
  full(count = 1): void {
    add(this.#readyFull, count)
  }

  /** Messages took their place in the queue. */
  enter(count = 1): void {
    raise(this.#ready, count)
  }

  /** Messages left the queue, for whatever reason. */
  leave(count = 1): void {
    lower(this.#ready, count)
  }

  /** Connections were opened. */
  connected(count = 1): void {
    // First what accepts less.
    add(this.#connectionsMade, count)
    raise(this.#connections, count)
  }

  /** Connections that connected() has counted in this thread were closed. */
  disconnected(count = 1): void {
    lower(this.#connections, count)
  }

  /** An attempt took so many seconds; counted for the protocol, or for the service if there is none. */
  attempted(seconds: number): void {
    this.#latency.observe(seconds)
  }
}

/** What waits for its time in one scheduled queue. As ReadyQueueBundle. */
export class ScheduledQueueBundle {
  readonly #mta: MtaInstruments
  readonly #queue: { readonly queue: string }
  readonly #waiting: Children<GaugeChild>
  /** The series exist from the first delay on: most queues never have one. */
  #readyFull: CounterChild | undefined
  #rateThrottle: CounterChild | undefined
  #insertThrottle: CounterChild | undefined

  /** @internal */
  constructor(mta: MtaInstruments, labels: ScheduledQueueLabels, known: Known) {
    const optional = ['tenant', 'campaign', 'provider', 'pool']
    checkLabels('scheduledQueue', labels, ['queue', 'domain'], optional, known)
    const { queue, domain, tenant, campaign, provider, pool } = labels
    const by = provider === undefined ? undefined : { provider }
    this.#mta = mta
    this.#queue = { queue }
    this.#waiting = [
      mta.scheduledCount.labels({ queue }),
      mta.scheduledCountTotal.labels({}),
      mta.scheduledByDomain.labels({ domain }),
      ...childOf(tenant, one => mta.scheduledByTenant.labels({ tenant: one })),
      ...childOf(campaign, one =>
        mta.scheduledByTenantCampaign.labels({ tenant: tenant ?? '', campaign: one }),
      ),
      ...queued(mta, by, by === undefined || pool === undefined ? undefined : { ...by, pool }),
    ]
  }

  /** Messages began to wait for their time. */
  enter(count = 1): void {
    raise(this.#waiting, count)
  }

  /** Messages wait no longer, for whatever reason. */
  leave(count = 1): void {
    lower(this.#waiting, count)
  }

  /** A full ready queue put messages off. */
  delayedByReadyQueueFull(count = 1): void {
    this.#readyFull ??= this.#mta.delayedDueToReadyQueueFull.labels(this.#queue)
    this.#readyFull.inc(count)
  }

  /** A rate limit put messages off. */
  delayedByMessageRate(count = 1): void {
    this.#rateThrottle ??= this.#mta.delayedDueToMessageRateThrottle.labels(this.#queue)
    this.#rateThrottle.inc(count)
  }

  /** A throttle on the way into the ready queue put messages off. */
  delayedByInsertThrottle(count = 1): void {
    this.#insertThrottle ??= this.#mta.delayedDueToThrottleInsertReady.labels(this.#queue)
    this.#insertThrottle.inc(count)
  }
}

/** The child of labels that are given; none if they are not. */
function childOf<L, C>(labels: L | undefined, child: (labels: L) => C): C[] {
  return labels === undefined ? [] : [child(labels)]
}

/** Messages of a provider that wait, for their time or for a connection. */
function queued(
  mta: MtaInstruments,
  by: { provider: string } | undefined,
  byPool: { provider: string; pool: string } | undefined,
): GaugeChild[] {
  return [
    ...childOf(by, one => mta.queuedCountByProvider.labels(one)),
    ...childOf(byPool, one => mta.queuedCountByProviderAndPool.labels(one)),
  ]
}
