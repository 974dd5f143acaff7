import { MOST_LINES } from '../contract/dashboard.js'

/** The greatest of many by rank; of the same rank, those that came first. */
export class Greatest<T> {
  /** The least first. */
  readonly #found: { readonly rank: number; readonly what: T }[] = []

  wants(rank: number): boolean {
    return this.#found.length < MOST_LINES || rank > this.#found[0]!.rank
  }

  add(rank: number, what: T): void {
    if (!this.wants(rank)) return
    if (this.#found.length === MOST_LINES) this.#found.shift()
    let at = this.#found.length
    while (at > 0 && this.#found[at - 1]!.rank >= rank) at--
    this.#found.splice(at, 0, { rank, what })
  }

  /** The greatest first. */
  get list(): T[] {
    return this.#found.map(({ what }) => what).reverse()
  }
}
