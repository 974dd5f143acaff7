import type { Clock } from './clock.js'
import type { Metrics } from './metrics.js'

/** An address that mail leaves from. */
export interface Source {
  readonly name: string
  /** Local address that connections are bound to. */
  readonly address: string
}

/** kumod's word for a source whose address this machine does not have. */
const UNPLUMBED = 'Unplumbed'

/** The egress pool: sources in turn, less those set aside because their address cannot be bound. */
export class Sources {
  readonly #sources: readonly Source[]
  readonly #until = new Map<string, number>()
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #suspendMs: number
  #turn = 0

  constructor(sources: readonly Source[], metrics: Metrics, clock: Clock, suspendMs: number) {
    this.#sources = sources
    this.#metrics = metrics
    this.#clock = clock
    this.#suspendMs = suspendMs
    for (const { name } of sources) {
      metrics.egress_source_health_suspended.set({ source: name, reason: UNPLUMBED }, 0)
      metrics.egress_source_health_suspensions_total.labels({
        source: name,
        reason: UNPLUMBED,
      })
      metrics.egress_source_connection_failures_total.labels({
        source: name,
        kind: UNPLUMBED,
      })
    }
  }

  /** The next source in turn; undefined while all are set aside. */
  pick(): Source | undefined {
    for (let i = 0; i < this.#sources.length; i++) {
      const source = this.#sources[this.#turn++ % this.#sources.length]!
      if (this.#healthy(source)) return source
    }
    return undefined
  }

  /** Notes that the address of a source could not be bound. */
  unplumbed(source: Source): void {
    const metrics = this.#metrics
    metrics.bind_failures.inc()
    metrics.egress_source_connection_failures_total.inc({
      source: source.name,
      kind: UNPLUMBED,
    })
    if (!this.#until.has(source.name)) {
      metrics.egress_source_health_suspensions_total.inc({
        source: source.name,
        reason: UNPLUMBED,
      })
      metrics.egress_source_health_suspended.set({ source: source.name, reason: UNPLUMBED }, 1)
    }
    this.#until.set(source.name, this.#clock.now() + this.#suspendMs)
  }

  #healthy(source: Source): boolean {
    const until = this.#until.get(source.name)
    if (until === undefined) return true
    if (this.#clock.now() < until) return false
    this.#until.delete(source.name)
    this.#metrics.egress_source_health_suspended.set({ source: source.name, reason: UNPLUMBED }, 0)
    return true
  }
}
