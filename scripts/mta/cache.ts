import { LRUCache } from 'lru-cache'
import type { MtaMetrics } from '../../src/mta.js'
import type { Clock } from './clock.js'

/** The children of one cache in one thread. */
function cacheMetrics(metrics: MtaMetrics, cache_name: string) {
  return {
    size: metrics.lruttlCacheSize.labels({ cache_name }),
    error: metrics.lruttlErrorCount.labels({ cache_name }),
    evict: metrics.lruttlEvictCount.labels({ cache_name }),
    expire: metrics.lruttlExpireCount.labels({ cache_name }),
    hit: metrics.lruttlHitCount.labels({ cache_name }),
    insert: metrics.lruttlInsertCount.labels({ cache_name }),
    lookup: metrics.lruttlLookupCount.labels({ cache_name }),
    miss: metrics.lruttlMissCount.labels({ cache_name }),
    populated: metrics.lruttlPopulatedCount.labels({ cache_name }),
    waiting: metrics.lruttlWaitingPopulate.labels({ cache_name }),
    // Made so that it is there to be seen at zero: entries past their time are never given out here.
    stale: metrics.lruttlStaleCount.labels({ cache_name }),
  }
}

export interface CacheOptions<V extends object> {
  readonly name: string
  readonly capacity: number
  /** Milliseconds that an entry lives. */
  readonly ttlMs: number
  readonly clock: Clock
  readonly metrics: MtaMetrics
  /** Finds what the cache does not have. Callers who ask for the same key meanwhile share its answer. */
  readonly populate: (key: string) => Promise<V>
}

/** Recently used answers, for a time. A hit is given at once, so that the usual case makes no promise. */
export class AnswerCache<V extends object> {
  readonly #entries: LRUCache<string, V>
  readonly #pending = new Map<string, Promise<V>>()
  readonly #counts: ReturnType<typeof cacheMetrics>
  readonly #populate: (key: string) => Promise<V>

  constructor(options: CacheOptions<V>) {
    const counts = cacheMetrics(options.metrics, options.name)
    this.#counts = counts
    this.#populate = options.populate
    this.#entries = new LRUCache<string, V>({
      max: options.capacity,
      ttl: options.ttlMs,
      perf: options.clock,
      // Without this it remembers the time for a millisecond by a timer of its own, past the clock it was given.
      ttlResolution: 0,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') counts.evict.inc()
        else if (reason === 'expire') counts.expire.inc()
      },
    })
  }

  get(key: string): V | Promise<V> {
    const counts = this.#counts
    counts.lookup.inc()
    const known = this.#entries.get(key)
    if (known !== undefined) {
      counts.hit.inc()
      return known
    }
    counts.miss.inc()
    return this.#wait(key)
  }

  async #wait(key: string): Promise<V> {
    this.#counts.waiting.inc()
    try {
      const pending = this.#pending.get(key) ?? this.#fill(key)
      return await pending
    } finally {
      this.#counts.waiting.dec()
    }
  }

  #fill(key: string): Promise<V> {
    const filling = this.#populate(key)
      .then(
        value => {
          this.#entries.set(key, value)
          this.#counts.insert.inc()
          this.#counts.populated.inc()
          this.#counts.size.set(this.#entries.size)
          return value
        },
        error => {
          this.#counts.error.inc()
          throw error
        },
      )
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, filling)
    return filling
  }
}
