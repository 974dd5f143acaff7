/**
 * A token bucket without the tokens: each call reserves the next turn and gives the milliseconds until it comes.
 * Turns are `1/rate` apart; turns not used are kept for up to `burst` of them.
 */
export class Pacer {
  readonly #spacing: number
  readonly #slack: number
  #next: number

  constructor(rate: number, burst: number, now: number) {
    this.#spacing = 1000 / rate
    this.#slack = (burst - 1) * this.#spacing
    this.#next = now
  }

  reserve(now: number): number {
    const turn = Math.max(this.#next, now - this.#slack)
    this.#next = turn + this.#spacing
    return Math.max(0, turn - now)
  }
}
