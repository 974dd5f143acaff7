/**
 * How many requests a thread answers in one turn of the event loop. uWebSockets.js hands over all requests of one read
 * in one turn, however many were sent ahead. The rest is answered in later turns, so that other connections get theirs.
 */

/** A reader asks for one exposition at a time: many readers ask for no more than this at once. */
const MOST = 256

export class TurnBudget {
  #turn = 0
  #taken = 0
  #ending = false
  readonly #later: (() => void)[] = []

  /** The number of the current turn. */
  get turn(): number {
    return this.#turn
  }

  /** Whether one more may be answered in this turn. */
  take(): boolean {
    this.#begin()
    return this.#taken++ < MOST
  }

  /** Calls back in a later turn: in the next one, unless too many wait already. */
  later(answer: () => void): void {
    this.#begin()
    this.#later.push(answer)
  }

  #begin(): void {
    if (this.#ending) return
    this.#ending = true
    setImmediate(() => this.#end())
  }

  #end(): void {
    this.#ending = false
    this.#turn++
    this.#taken = 0
    const due = this.#later.splice(0, MOST)
    if (this.#later.length > 0) this.#begin()
    for (const answer of due) answer()
  }
}
