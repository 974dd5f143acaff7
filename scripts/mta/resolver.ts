import { setTimeout as wait } from 'node:timers/promises'
import { AnswerCache } from './cache.js'
import type { Clock } from './clock.js'
import { lookUp, type Route } from './directory.js'
import type { Metrics } from './metrics.js'
import type { Random } from './random.js'

export interface Answer {
  /** Absent if the domain has no mail host. */
  readonly route: Route | undefined
}

export interface ResolverOptions {
  readonly metrics: Metrics
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
  readonly #metrics: Metrics

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
        metrics.dns_mx_resolve_in_progress.inc()
        try {
          await wait(latencyMs * random())
          const route = lookUp(domain, hosts)
          if (route === undefined) metrics.dns_mx_resolve_status_fail.inc()
          else metrics.dns_mx_resolve_status_ok.inc()
          return { route }
        } finally {
          metrics.dns_mx_resolve_in_progress.dec()
        }
      },
    })
  }

  /** An answer at once if it is known, else a promise of one. */
  resolve(domain: string): Answer | Promise<Answer> {
    const answer = this.#cache.get(domain)
    if (answer instanceof Promise) this.#metrics.dns_mx_resolve_cache_miss.inc()
    else this.#metrics.dns_mx_resolve_cache_hit.inc()
    return answer
  }
}
