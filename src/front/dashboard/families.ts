/** The list of all families, as JSON. It is made so seldom that it takes EACH of a processor at most. */

import type { ListedFamily } from '../../exposition/family-list.js'
import { gzipWhole } from '../../exposition/gzip.js'
import type { Compression } from '../request/request.js'
import { EACH } from './answers.js'

export interface FamiliesSettings {
  readonly list: () => readonly ListedFamily[]
  readonly gzip: Compression | undefined
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

export interface ListAnswer {
  readonly bytes: Uint8Array
  readonly packed: boolean
}

export class FamiliesAnswer {
  readonly #settings: FamiliesSettings
  #plain: Uint8Array = new Uint8Array(0)
  #packed: Uint8Array | undefined
  #until = 0

  constructor(settings: FamiliesSettings) {
    this.#settings = settings
  }

  /** `accepted` says that the reader accepts gzip. */
  get(accepted: boolean): ListAnswer {
    const { now, gzip } = this.#settings
    const begun = now()
    if (begun >= this.#until) {
      this.#packed = undefined
      this.#plain = this.#spelled()
      this.#costs(begun)
    }
    const plain = this.#plain
    if (!accepted || gzip === undefined || plain.length < gzip.threshold)
      return { bytes: plain, packed: false }
    if (this.#packed === undefined) {
      const packing = now()
      this.#packed = gzipWhole(plain, gzip.level)
      this.#costs(packing)
    }
    return { bytes: this.#packed, packed: true }
  }

  #spelled(): Uint8Array {
    const families = this.#settings.list().map(({ unit, ...family }) => ({
      ...family,
      ...(unit === '' ? {} : { unit }),
    }))
    return Buffer.from(JSON.stringify({ families }))
  }

  /** Both costs count: the list, and packing it. */
  #costs(begun: number): void {
    const now = this.#settings.now()
    this.#until = Math.max(this.#until, now) + (now - begun) / EACH
  }
}
