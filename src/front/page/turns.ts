/** Work in small turns, one frame after the other: so many pictures never hold up a key or a scroll. */

/** In ms; of the 16 that a frame has. */
const TURN = 8

export class Turns {
  readonly #waiting = new Set<() => void>()
  #isAsked = false

  /** The same work is done once, however often it is asked for meanwhile. */
  add(work: () => void): void {
    this.#waiting.add(work)
    this.#ask()
  }

  #ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    requestAnimationFrame(() => {
      this.#isAsked = false
      const end = performance.now() + TURN
      for (const work of this.#waiting) {
        this.#waiting.delete(work)
        work()
        if (performance.now() >= end) break
      }
      if (this.#waiting.size > 0) this.#ask()
    })
  }
}
