/** Asks for data, one request at a time, while the page is seen. Knows neither the page nor the network, so a test can be both. */
import type { Answer } from '../contract/dashboard.js'

export interface World {
  /** Rejects with what people are told. */
  ask(panels: readonly string[], signal: AbortSignal): Promise<Answer>
  /** In ms; of a clock that only goes forward. */
  now(): number
  /** Calls once, after so many ms, unless it is told not to. */
  after(ms: number, call: () => void): () => void
  isHidden(): boolean
}

export interface Hearer {
  panels(): readonly string[]
  /** `panels` are those that were asked for. */
  answered(answer: Answer, panels: readonly string[]): void
  failed(why: string, againIn: number): void
}

/** What is waited for after the first failure; twice as long after each one more. */
const FIRST_PAUSE = 2000
const LONGEST_PAUSE = 10_000
/** An answer that takes longer is not waited for. */
export const PATIENCE = 20_000
export const TOO_LATE = `no answer within ${PATIENCE / 1000} s`

export class Poller {
  readonly #world: World
  readonly #hearer: Hearer
  #failures = 0
  #asking: AbortController | undefined
  #againAtOnce = false
  #cancel = () => {}
  #ended = false

  constructor(world: World, hearer: Hearer) {
    this.#world = world
    this.#hearer = hearer
  }

  /** Asks at once, or right behind the request that is under way: other panels are shown, or the page is seen again. */
  now(): void {
    if (this.#asking !== undefined) this.#againAtOnce = true
    else void this.#ask()
  }

  /** Ends for good. */
  end(): void {
    this.#ended = true
    this.#cancel()
    this.#asking?.abort()
  }

  async #ask(): Promise<void> {
    this.#cancel()
    const panels = this.#hearer.panels()
    if (this.#ended || this.#world.isHidden() || panels.length === 0) return
    const began = this.#world.now()
    const asking = new AbortController()
    this.#asking = asking
    this.#againAtOnce = false
    const stopWaiting = this.#world.after(PATIENCE, () => asking.abort())
    let pause: number
    try {
      const answer = await this.#world.ask(panels, asking.signal)
      this.#failures = 0
      // A slow answer delays the next question: the pause is from question to question.
      pause = Math.max(0, answer.every - (this.#world.now() - began))
      if (!this.#ended) this.#hearer.answered(answer, panels)
    } catch (error) {
      pause = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE)
      const why = asking.signal.aborted ? TOO_LATE : (error as Error).message
      if (!this.#ended) this.#hearer.failed(why, pause)
    }
    stopWaiting()
    this.#asking = undefined
    if (!this.#ended) this.#cancel = this.#world.after(this.#againAtOnce ? 0 : pause, () => void this.#ask())
  }
}
