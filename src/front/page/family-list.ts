/** Which families there are, as far as the page knows; when it looks again. Knows neither the page nor the network. */

import type { Family } from '../contract/dashboard.js'
import type { Families } from './choice.js'

/** A list that is opened again within this time is not asked for again. */
const FRESH = 10_000
/** Families come while a program works: what the page has chosen by itself, it looks through once in this time. */
export const STALE = 60_000
const RETRY = 4_000

export interface World {
  ask(): Promise<readonly Family[]>
  /** In ms; of a clock that only goes forward. */
  now(): number
  after(ms: number, call: () => void): void
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

  constructor(world: World, hearer: Hearer) {
    this.#world = world
    this.#hearer = hearer
  }

  /** Asks, unless it has asked within so many ms. Where that fails, it asks again until it has an answer. */
  async look(fresh = FRESH): Promise<void> {
    if (this.#isAsking || this.#world.now() - this.#at < fresh) return
    this.#isAsking = true
    try {
      const families = await this.#world.ask()
      this.#at = this.#world.now()
      this.families = new Map(families.map(family => [family.name, family]))
      this.#hearer.changed()
      // A program that has just begun.
      if (families.length === 0) this.#world.after(FRESH, () => void this.look(0))
    } catch (error) {
      this.#hearer.failed((error as Error).message, RETRY)
      this.#world.after(RETRY, () => void this.look(0))
    } finally {
      this.#isAsking = false
    }
  }
}
