import type { Route } from './directory.js'
import type { Message } from './message.js'
import { queueName } from './message.js'
import type { Metrics } from './metrics.js'
import type { Source } from './sources.js'

/**
 * What this MTA counts, as children that are looked up once, when a queue or a site is first seen. Recording is
 * then a plain store for each; nothing on the way of a message looks up a label.
 */

/** kumod's name for delivery over SMTP, and the service that its totals are counted under. */
export const CLIENT = 'smtp_client'

/** The one egress pool that this MTA has. */
export const POOL = 'default'

function forService(metrics: Metrics, service: string) {
  return {
    connections: metrics.connection_count.labels({ service }),
    connectionsMade: metrics.total_connection_count.labels({ service }),
    ready: metrics.ready_count.labels({ service }),
    readyFull: metrics.ready_full.labels({ service }),
    delivered: metrics.total_messages_delivered.labels({ service }),
    transfail: metrics.total_messages_transfail.labels({ service }),
    fail: metrics.total_messages_fail.labels({ service }),
  }
}

/** All deliveries over SMTP together, in one thread. */
export class ClientCounts {
  readonly all: ReturnType<typeof forService>
  readonly latency

  constructor(metrics: Metrics) {
    this.all = forService(metrics, CLIENT)
    this.latency = metrics.deliver_message_latency_rollup.labels({
      service: CLIENT,
    })
  }
}

function forProvider(metrics: Metrics, provider: string, source: string) {
  const from = { provider, source, pool: POOL }
  return {
    connections: metrics.connection_count_by_provider.labels({ provider }),
    connectionsOfPool: metrics.connection_count_by_provider_and_pool.labels({
      provider,
      pool: POOL,
    }),
    delivered: metrics.total_messages_delivered_by_provider.labels({
      provider,
    }),
    deliveredFrom: metrics.total_messages_delivered_by_provider_and_source.labels(from),
    transfail: metrics.total_messages_transfail_by_provider.labels({
      provider,
    }),
    transfailFrom: metrics.total_messages_transfail_by_provider_and_source.labels(from),
    fail: metrics.total_messages_fail_by_provider.labels({ provider }),
    failFrom: metrics.total_messages_fail_by_provider_and_source.labels(from),
  }
}

function forQueued(metrics: Metrics, provider: string) {
  return {
    byProvider: metrics.queued_count_by_provider.labels({ provider }),
    byPool: metrics.queued_count_by_provider_and_pool.labels({
      provider,
      pool: POOL,
    }),
  }
}

/** Deliveries from one source to one site. Each is counted for itself, for its provider, and in the total. */
export class SiteCounts {
  readonly service: string
  readonly #own: ReturnType<typeof forService>
  readonly #all: ReturnType<typeof forService>
  readonly #provider: ReturnType<typeof forProvider>
  readonly #queued: ReturnType<typeof forQueued>

  constructor(metrics: Metrics, client: ClientCounts, source: Source, route: Route) {
    this.service = `${CLIENT}:${source.name}->${route.site}@${CLIENT}`
    this.#own = forService(metrics, this.service)
    this.#all = client.all
    this.#provider = forProvider(metrics, route.provider, source.name)
    this.#queued = forQueued(metrics, route.provider)
  }

  delivered(): void {
    this.#own.delivered.inc()
    this.#all.delivered.inc()
    this.#provider.delivered.inc()
    this.#provider.deliveredFrom.inc()
  }

  transfail(): void {
    this.#own.transfail.inc()
    this.#all.transfail.inc()
    this.#provider.transfail.inc()
    this.#provider.transfailFrom.inc()
  }

  fail(): void {
    this.#own.fail.inc()
    this.#all.fail.inc()
    this.#provider.fail.inc()
    this.#provider.failFrom.inc()
  }

  readyFull(): void {
    this.#own.readyFull.inc()
    this.#all.readyFull.inc()
  }

  /** A message took its place in the ready queue. */
  enterReady(): void {
    this.#own.ready.inc()
    this.#all.ready.inc()
    this.#queued.byProvider.inc()
    this.#queued.byPool.inc()
  }

  leaveReady(): void {
    this.#own.ready.dec()
    this.#all.ready.dec()
    this.#queued.byProvider.dec()
    this.#queued.byPool.dec()
  }

  connected(): void {
    this.#own.connections.inc()
    this.#own.connectionsMade.inc()
    this.#all.connections.inc()
    this.#all.connectionsMade.inc()
    this.#provider.connections.inc()
    this.#provider.connectionsOfPool.inc()
  }

  disconnected(): void {
    this.#own.connections.dec()
    this.#all.connections.dec()
    this.#provider.connections.dec()
    this.#provider.connectionsOfPool.dec()
  }
}

/** Messages that wait for their time in one scheduled queue. */
export class ScheduledCounts {
  readonly #own
  readonly #total
  readonly #domain
  readonly #tenant
  readonly #campaign
  readonly #queued: ReturnType<typeof forQueued>
  readonly #readyFull

  constructor(metrics: Metrics, message: Message, provider: string) {
    const { domain, tenant, campaign } = message
    const queue = queueName(message)
    this.#own = metrics.scheduled_count.labels({ queue })
    this.#total = metrics.scheduled_count_total
    this.#domain = metrics.scheduled_by_domain.labels({ domain })
    this.#tenant = tenant === undefined ? undefined : metrics.scheduled_by_tenant.labels({ tenant })
    this.#campaign =
      campaign === undefined
        ? undefined
        : metrics.scheduled_by_tenant_campaign.labels({
            tenant: tenant ?? '',
            campaign,
          })
    this.#queued = forQueued(metrics, provider)
    this.#readyFull = () => metrics.delayed_due_to_ready_queue_full.inc({ queue })
  }

  enter(): void {
    this.#own.inc()
    this.#total.inc()
    this.#domain.inc()
    this.#tenant?.inc()
    this.#campaign?.inc()
    this.#queued.byProvider.inc()
    this.#queued.byPool.inc()
  }

  leave(): void {
    this.#own.dec()
    this.#total.dec()
    this.#domain.dec()
    this.#tenant?.dec()
    this.#campaign?.dec()
    this.#queued.byProvider.dec()
    this.#queued.byPool.dec()
  }

  /** Rare, so its series is looked up, and exists, only when it happens. */
  delayedByFullReadyQueue(): void {
    this.#readyFull()
  }
}
