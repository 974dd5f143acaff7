import { setTimeout as wait } from 'node:timers/promises'
import type { MtaMetrics } from '../../src/mta.js'
import { AnswerCache } from './cache.js'
import type { Clock } from './clock.js'
import { lookUp, type Route } from './directory.js'
import type { Random } from './random.js'

export interface Answer {
  /** Absent if the domain has no mail host. */
  readonly route: Route | undefined
}

export interface ResolverOptions {
  readonly metrics: MtaMetrics
  readonly clock: Clock
  readonly random: Random
  /** Hosting companies in the simulated DNS. */
  readonly hosts: number
  /** The most that an answer takes to come, in milliseconds. */
  readonly latencyMs: number
  readonly ttlMs: number
  readonly capacity: number
}

/** Domain to mail hosts, from a simulated DNS that takes its time, through a real cache. One for each thread. */
export class Resolver {
  readonly #cache: AnswerCache<Answer>
  readonly #metrics: MtaMetrics

  constructor(options: ResolverOptions) {
    const { metrics, random, hosts, latencyMs } = options
    this.#metrics = metrics
    this.#cache = new AnswerCache<Answer>({
      name: 'dns_resolver_mx',
      capacity: options.capacity,
      ttlMs: options.ttlMs,
      clock: options.clock,
      metrics,
      populate: async domain => {
        metrics.dnsMxResolveInProgress.inc()
        try {
          await wait(latencyMs * random())
          const route = lookUp(domain, hosts)
          if (route === undefined) metrics.dnsMxResolveStatusFail.inc()
          else metrics.dnsMxResolveStatusOk.inc()
          return { route }
        } finally {
          metrics.dnsMxResolveInProgress.dec()
        }
      },
    })
  }

  /** An answer at once if it is known, else a promise of one. */
  resolve(domain: string): Answer | Promise<Answer> {
    const answer = this.#cache.get(domain)
    if (answer instanceof Promise) this.#metrics.dnsMxResolveCacheMiss.inc()
    else this.#metrics.dnsMxResolveCacheHit.inc()
    return answer
  }
}
