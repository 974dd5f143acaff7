/** Which families there are, as far as the page knows; when it looks again. Knows neither the page nor the network. */

import type { Family } from '../contract/dashboard.js'
import type { Families } from './choice.js'
import { PATIENCE, TOO_LATE } from './poller.js'

/** A list that is opened again within this time is not asked for again. */
const FRESH = 10_000
/** Families come while a program works: what the page has chosen by itself, it looks through once in this time. */
export const STALE = 60_000
const RETRY = 4_000

export interface World {
  /** Rejects with what people are told. */
  ask(signal: AbortSignal): Promise<readonly Family[]>
  /** In ms; of a clock that only goes forward. */
  now(): number
  /** Calls once, after so many ms, unless it is told not to. */
  after(ms: number, call: () => void): () => void
  isHidden(): boolean
}

export interface Hearer {
  changed(): void
  failed(why: string, againIn: number): void
}

export class FamilyList {
  families: Families = new Map()
  readonly #world: World
  readonly #hearer: Hearer
  #at = Number.NEGATIVE_INFINITY
  #isAsking = false
  /** It was to ask while nobody looked. */
  #isDue = false
  /** A next time is set: there is one at most, however often it fails. */
  #isSet = false

  constructor(world: World, hearer: Hearer) {
    this.#world = world
    this.#hearer = hearer
  }

  /**
   * Asks, unless it has asked within so many ms, or nobody looks. Where that fails, it asks again until it has an
   * answer.
   */
  async look(fresh = FRESH): Promise<void> {
    if (this.#isAsking || this.#isSet || this.#world.now() - this.#at < fresh) return
    this.#isDue = this.#world.isHidden()
    if (this.#isDue) return
    this.#isAsking = true
    const asking = new AbortController()
    const stopWaiting = this.#world.after(PATIENCE, () => asking.abort())
    try {
      const families = await this.#world.ask(asking.signal)
      this.#at = this.#world.now()
      this.families = new Map(families.map(family => [family.name, family]))
      // A program that has just begun.
      if (families.length === 0) this.#again(FRESH)
      this.#hearer.changed()
    } catch (error) {
      this.#again(RETRY)
      this.#hearer.failed(asking.signal.aborted ? TOO_LATE : (error as Error).message, RETRY)
    } finally {
      stopWaiting()
      this.#isAsking = false
    }
  }

  /** The page is seen again. */
  seen(): void {
    if (this.#isDue) void this.look(0)
  }

  #again(ms: number): void {
    this.#isSet = true
    this.#world.after(ms, () => {
      this.#isSet = false
      void this.look(0)
    })
  }
}
