/**
 * One thread's turns of the event loop, shared out between connections. All requests of one read are handed over in one
 * turn, however many were sent ahead: only so many are answered in it, so that the others get theirs.
 */

/** A reader asks for one thing at a time; this is what many readers ask for at once. */
const MOST = 256

export class TurnBudget {
  #turn = 0
  #taken = 0
  #ending = false
  readonly #later: (() => void)[] = []

  /** Differs from turn to turn. */
  get turn(): number {
    return this.#turn
  }

  /** Whether one more may be answered in this turn. */
  take(): boolean {
    this.#begin()
    return this.#taken++ < MOST
  }

  /** Calls back in a later turn: the next one, if not too many wait already. */
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
