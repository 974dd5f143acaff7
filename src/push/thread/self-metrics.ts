/** A push's metrics of its own work. They are in the registry that is pushed; its thread records them. */
import type { RegistryHandle } from '../../memory/handle.js'
import { getRegistry } from '../../registry/create.js'
import type { Registry } from '../../registry/registry.js'
import type { Outcome } from '../delivery/outcome.js'

/** What came of a round: all was taken; a part was refused, for good; or it was given up. */
export type RoundOutcome = 'whole' | 'partial' | 'failed'

export interface PushRecorder {
  attempted(outcome: Outcome): void
  rejected(count: number): void
  clashes(labels: number): void
  /** `end` in ms since the epoch. */
  round(outcome: RoundOutcome, seconds: number, end: number): void
}

const ATTEMPTS: Readonly<Record<Outcome['kind'], string>> = {
  delivered: 'delivered',
  refused: 'refused',
  later: 'failed',
}

export function recorderFor(handle: RegistryHandle, push: string): PushRecorder {
  const registry = getRegistry(handle)
  return registry.ownMetrics(() => new RegistryRecorder(registry, push))
}

class RegistryRecorder implements PushRecorder {
  readonly #registry: Registry
  readonly #push: string
  readonly #rounds
  readonly #requests
  readonly #bytes
  readonly #rejected
  readonly #clashes
  readonly #duration
  readonly #success

  constructor(registry: Registry, push: string) {
    this.#registry = registry
    this.#push = push
    const labelNames = ['push'] as const
    this.#rounds = registry.counter({
      name: 'postmeter_pushes_total',
      help: 'pushes of all series, by outcome (whole, partial: the receiver refused a part for good, failed: given up)',
      labelNames: ['push', 'outcome'],
    })
    this.#requests = registry.counter({
      name: 'postmeter_push_requests_total',
      help: 'requests of pushes, by outcome (delivered, refused: not to be sent again, failed)',
      labelNames: ['push', 'outcome'],
    })
    this.#bytes = registry.counter({
      name: 'postmeter_push_bytes_total',
      help: 'bytes of bodies that receivers have taken, compressed',
      labelNames,
    })
    this.#rejected = registry.counter({
      name: 'postmeter_push_rejected_samples_total',
      help: 'samples that receivers say they have not taken from requests that they took',
      labelNames,
    })
    this.#clashes = registry.gauge({
      name: 'postmeter_push_label_clashes',
      help: "metrics that have a label of the name of one of the push's own",
      aggregate: 'last',
      labelNames,
    })
    this.#duration = registry.gauge({
      name: 'postmeter_push_duration_seconds',
      help: 'time that the last push of all series took',
      aggregate: 'last',
      labelNames,
    })
    this.#success = registry.gauge({
      name: 'postmeter_push_last_success_timestamp_seconds',
      help: 'when a receiver last had taken all series',
      aggregate: 'last',
      labelNames,
    })
  }

  attempted(outcome: Outcome): void {
    if (this.#registry.closed) return
    this.#requests.inc({ push: this.#push, outcome: ATTEMPTS[outcome.kind] })
    if (outcome.kind === 'delivered') this.#bytes.inc({ push: this.#push }, outcome.sent)
  }

  rejected(count: number): void {
    if (!this.#registry.closed) this.#rejected.inc({ push: this.#push }, count)
  }

  clashes(labels: number): void {
    if (!this.#registry.closed) this.#clashes.set({ push: this.#push }, labels)
  }

  round(outcome: RoundOutcome, seconds: number, end: number): void {
    if (this.#registry.closed) return
    this.#rounds.inc({ push: this.#push, outcome })
    this.#duration.set({ push: this.#push }, seconds)
    if (outcome === 'whole') this.#success.set({ push: this.#push }, end / 1000)
  }
}
