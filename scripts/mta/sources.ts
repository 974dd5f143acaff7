import type { MtaMetrics } from '../../src/mta.js'
import type { Clock } from './clock.js'

/** An address that mail leaves from. */
export interface Source {
  readonly name: string
  /** Local address that connections are bound to. */
  readonly address: string
}

/** The one egress pool that this MTA has. */
export const POOL = 'default'

/** kumod's word for a source whose address this machine does not have. */
const UNPLUMBED = 'Unplumbed'

/** The egress pool: sources in turn, less those set aside because their address cannot be bound. */
export class Sources {
  readonly #sources: readonly Source[]
  readonly #until = new Map<string, number>()
  readonly #metrics: MtaMetrics
  /** Read now, so that it is there to be seen at zero. */
  readonly #bindFailures: MtaMetrics['bindFailures']
  readonly #clock: Clock
  readonly #suspendMs: number
  #turn = 0

  constructor(sources: readonly Source[], metrics: MtaMetrics, clock: Clock, suspendMs: number) {
    this.#sources = sources
    this.#metrics = metrics
    this.#bindFailures = metrics.bindFailures
    this.#clock = clock
    this.#suspendMs = suspendMs
    for (const { name } of sources) {
      metrics.egressSourceHealthSuspended.set({ source: name, reason: UNPLUMBED }, 0)
      metrics.egressSourceHealthSuspensionsTotal.labels({
        source: name,
        reason: UNPLUMBED,
      })
      metrics.egressSourceConnectionFailuresTotal.labels({
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
    this.#bindFailures.inc()
    metrics.egressSourceConnectionFailuresTotal.inc({
      source: source.name,
      kind: UNPLUMBED,
    })
    if (!this.#until.has(source.name)) {
      metrics.egressSourceHealthSuspensionsTotal.inc({
        source: source.name,
        reason: UNPLUMBED,
      })
      metrics.egressSourceHealthSuspended.set({ source: source.name, reason: UNPLUMBED }, 1)
    }
    this.#until.set(source.name, this.#clock.now() + this.#suspendMs)
  }

  #healthy(source: Source): boolean {
    const until = this.#until.get(source.name)
    if (until === undefined) return true
    if (this.#clock.now() < until) return false
    this.#until.delete(source.name)
    this.#metrics.egressSourceHealthSuspended.set({ source: source.name, reason: UNPLUMBED }, 0)
    return true
  }
}
