/** Looks at an endpoint again and again, also when it has gone, and tells how it went. */
import { SourceFailure } from '../source/exits.js'
import type { Clock } from './clock.js'
import type { Endpoint, Looked } from './look/endpoint.js'

export interface Watcher {
  /** A promise is waited for before the next look. */
  looked(looked: Looked): unknown
  /** `retry`: milliseconds until the next try. */
  failed(failure: SourceFailure, retry: number): unknown
  /** Families that are asked for; all, if there are none. */
  wanted(): readonly string[]
}

/** An endpoint that is back is seen within seconds, and one that is in trouble is not asked all the time. */
const RETRIES = [1000, 2000, 4000, 5000]

export class Poller {
  readonly #endpoint: Pick<Endpoint, 'look'>
  readonly #every: number
  readonly #clock: Clock
  readonly #watcher: Watcher
  #wake = new AbortController()
  #isPaused = false
  #isHurried = false
  #failures = 0

  constructor(endpoint: Pick<Endpoint, 'look'>, every: number, clock: Clock, watcher: Watcher) {
    this.#endpoint = endpoint
    this.#every = every
    this.#clock = clock
    this.#watcher = watcher
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#wake.abort()
  }

  /** Looks at once, also where it is paused: then once. */
  hurry(): void {
    this.#isHurried = true
    this.#wake.abort()
  }

  /** Until it is stopped. The first wait comes before the first look: whoever starts it has had one. */
  async run(stopped: AbortSignal): Promise<void> {
    stopped.addEventListener('abort', () => this.#wake.abort())
    let wait = this.#every
    while (!stopped.aborted) {
      await this.#sleep(this.#isPaused ? FOREVER : wait)
      if (stopped.aborted || (this.#isPaused && !this.#isHurried)) continue
      this.#isHurried = false
      wait = await this.#look()
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    await this.#clock.sleep(milliseconds, this.#wake.signal)
    this.#wake = new AbortController()
  }

  /** Gives how long to wait. */
  async #look(): Promise<number> {
    const began = this.#clock.now()
    try {
      const looked = await this.#endpoint.look(this.#watcher.wanted())
      this.#failures = 0
      await this.#watcher.looked(looked)
      return Math.max(0, this.#every - (this.#clock.now() - began))
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      const retry = Math.min(this.#every, RETRIES[Math.min(this.#failures++, RETRIES.length - 1)]!)
      await this.#watcher.failed(error, retry)
      return retry
    }
  }
}

const FOREVER = 2 ** 31 - 1
