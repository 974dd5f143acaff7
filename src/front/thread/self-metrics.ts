/**
 * A front's metrics of its own work. They are in the registry that it serves, and its thread records them as any other
 * thread does.
 */
import type { Lack } from '../../exposition/alongside.js'
import type { Format } from '../../exposition/types.js'
import { exponentialBuckets } from '../../instruments/buckets.js'
import type { CounterChild } from '../../instruments/counter.js'
import type { RegistryHandle } from '../../memory/handle.js'
import { getRegistry } from '../../registry/create.js'
import type { Registry } from '../../registry/registry.js'
import type { Denial } from '../request/request.js'
import type { Gauges, Recorder } from '../scrapes/recorder.js'
import type { CutReason } from '../scrapes/shared-scrapes.js'

/** 1 KiB to 1 GiB. */
const SIZES = exponentialBuckets(1024, 4, 11)
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The recorder of the calling thread. At its first answer it takes one of the registry's `maxThreads`. */
export function createRecorder(handle: RegistryHandle): Recorder {
  const registry = getRegistry(handle)
  return registry.ownMetrics(() => new FrontRecorder(registry))
}

export function recorderFor(registry: Registry): Recorder {
  return registry.ownMetrics(() => new RegistryRecorder(registry))
}

/**
 * The gauges that are watched in this thread, by registry. They are shared by all copies of this package, because a
 * thread has one cell of a gauge, whichever copy sets it.
 */
function watchedOf(registry: Registry): Set<Gauges> {
  const key = Symbol.for('postmeter:watched')
  const shared = globalThis as unknown as Record<symbol, WeakMap<Registry, Set<Gauges>>>
  shared[key] ??= new WeakMap()
  const watched = shared[key].get(registry) ?? new Set()
  shared[key].set(registry, watched)
  return watched
}

/** Counts nothing once the registry is closed: the server that a handler is mounted in may go on, and must not fail. */
class RegistryRecorder implements Recorder {
  readonly #registry: Registry
  readonly #scrapes
  readonly #seconds
  readonly #sizes
  readonly #bytes
  readonly #denied
  readonly #cut
  readonly #lacking
  readonly #gauges
  /** The child that counted the last answer: nearly always it counts the next one, too. */
  #last: { readonly status: number; readonly format: Format; readonly child: CounterChild } | undefined
  #answered = 0
  #refused = 0

  constructor(registry: Registry) {
    this.#registry = registry
    this.#scrapes = registry.counter({
      name: 'postmeter_scrapes_total',
      help: 'scrapes answered, by status (aborted: the reader went away) and format',
      labelNames: ['status', 'format'],
    })
    this.#seconds = registry.histogram({
      name: 'postmeter_scrape_duration_seconds',
      help: 'from a request to the end of its answer',
      buckets: SECONDS,
    })
    this.#sizes = registry.histogram({
      name: 'postmeter_scrape_size_bytes',
      help: 'bodies sent',
      buckets: SIZES,
    })
    this.#bytes = registry.counter({ name: 'postmeter_scrape_bytes_total', help: 'bytes of bodies sent' })
    this.#denied = registry.counter({
      name: 'postmeter_requests_denied_total',
      help: 'requests and connections refused, by reason',
      labelNames: ['reason'],
    })
    this.#cut = registry.counter({
      name: 'postmeter_readers_cut_total',
      help: 'readers given up on, by reason (busy, deadline, stalled, memory, closing)',
      labelNames: ['reason'],
    })
    this.#lacking = registry.counter({
      name: 'postmeter_alongside_lacking_total',
      help: 'scrapes without the text of option alongside (late, failed), or without some of its families (refused)',
      labelNames: ['reason'],
    })
    const gauge = (name: string, help: string) => registry.gauge({ name, help, aggregate: 'livesum' })
    this.#gauges = {
      inFlight: gauge('postmeter_requests_in_flight', 'requests being answered'),
      running: gauge('postmeter_scrapes_encoding', 'scrapes that have one of maxConcurrentScrapes'),
      waiting: gauge('postmeter_scrapes_waiting', 'scrapes that wait for one of maxConcurrentScrapes'),
      connections: gauge('postmeter_connections', 'connections open; with uWebSockets.js, streamed to'),
    }
  }

  answered(status: number, format: Format | undefined, seconds: number, bytes: number): void {
    if (format === undefined || this.#registry.closed) return
    this.#answered++
    const last = this.#last
    if (last !== undefined && last.status === status && last.format === format) last.child.inc()
    else {
      const child = this.#scrapes.labels(status === 0 ? 'aborted' : String(status), format)
      child.inc()
      this.#last = { status, format, child }
    }
    this.#seconds.observe(seconds)
    this.#sizes.observe(bytes)
    this.#bytes.inc(bytes)
  }

  denied(reason: Denial): void {
    this.#refused++
    if (!this.#registry.closed) this.#denied.inc({ reason })
  }

  cut(reason: CutReason): void {
    if (!this.#registry.closed) this.#cut.inc({ reason })
  }

  lacks(reason: Lack): void {
    if (!this.#registry.closed) this.#lacking.inc({ reason })
  }

  watch(gauges: Gauges): () => void {
    const watched = watchedOf(this.#registry)
    watched.add(gauges)
    return () => {
      if (watched.delete(gauges)) this.refresh()
    }
  }

  refresh(): void {
    if (this.#registry.closed) return
    for (const name of ['inFlight', 'running', 'waiting', 'connections'] as const) {
      let sum = 0
      for (const gauges of watchedOf(this.#registry)) sum += gauges[name]()
      this.#gauges[name].set(sum)
    }
  }

  figures(): [what: string, value: number][] {
    return [
      ['scrapes answered since it began', this.#answered],
      ['requests refused since it began', this.#refused],
    ]
  }
}

/** Of a front with a thread of its own, which can fail and be started again. */
class FrontRecorder extends RegistryRecorder {
  readonly #own: Registry
  readonly #restarts

  constructor(registry: Registry) {
    super(registry)
    this.#own = registry
    this.#restarts = registry.counter({
      name: 'postmeter_front_restarts_total',
      help: "times that the front's thread failed and was started again",
    })
  }

  restarted(times: number): void {
    if (!this.#own.closed) this.#restarts.inc(times)
  }
}
