import { MOST_LINES } from '../contract/dashboard.js'

/** The greatest of many by two numbers, the first before the second; of the same rank, those that came first. */
export class Greatest<T> {
  /** The least first. */
  readonly #found: { readonly first: number; readonly second: number; readonly what: T }[] = []

  wants(first: number, second: number): boolean {
    if (this.#found.length < MOST_LINES) return true
    const least = this.#found[0]!
    return first > least.first || (first === least.first && second > least.second)
  }

  add(first: number, second: number, what: T): void {
    if (!this.wants(first, second)) return
    if (this.#found.length === MOST_LINES) this.#found.shift()
    let at = this.#found.length
    while (at > 0 && !isBelow(this.#found[at - 1]!, first, second)) at--
    this.#found.splice(at, 0, { first, second, what })
  }

  /** The greatest first. */
  get list(): T[] {
    return this.#found.map(({ what }) => what).reverse()
  }
}

function isBelow(one: { readonly first: number; readonly second: number }, first: number, second: number) {
  return one.first < first || (one.first === first && one.second < second)
}
