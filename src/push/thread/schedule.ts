/** When a push pushes: one thing at a time, on a fixed beat, of which a beat that is missed is left out. */
import type { Allowed } from '../delivery/deliver.js'
import type { Tools } from '../delivery/tools.js'

export interface ScheduleTools {
  /** From the beginning of one push to that of the next, ms. */
  readonly every: number
  /** From one look for series that are gone to the next, ms. */
  readonly lookEvery: number
  /** How long one request may take, ms: a clean end takes this long at most, twice. */
  readonly timeout: number
  readonly withdraw: boolean
  readonly tools: Pick<Tools, 'now' | 'sleep'>
  /** Resolves to whether all was taken. */
  push(allowed: Allowed): Promise<boolean>
  look(allowed: Allowed): Promise<void>
  withdrawAll(allowed: Allowed): Promise<void>
}

export class Schedule {
  readonly #tools: ScheduleTools
  readonly #stop = new AbortController()
  /** What is under way, and what waits behind it. */
  #busy: Promise<unknown> = Promise.resolve()
  #running: Promise<void> | undefined

  constructor(tools: ScheduleTools) {
    this.#tools = tools
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** A push out of turn, behind what is under way. */
  pushNow(): Promise<boolean> {
    return this.#next(() => this.#push())
  }

  /** Gives up what is under way, pushes once more and withdraws. */
  async end(): Promise<void> {
    const { tools, timeout, withdraw, push, withdrawAll } = this.#tools
    this.#stop.abort()
    await this.#running
    await this.#busy
    const allowed = () => ({
      until: tools.now() + timeout,
      strict: true,
      signal: new AbortController().signal,
    })
    await push(allowed())
    if (withdraw) await withdrawAll(allowed())
  }

  async #run(): Promise<void> {
    const { every, lookEvery, tools, look } = this.#tools
    const { signal } = this.#stop
    let due = tools.now()
    while (!signal.aborted) {
      await this.#next(() => this.#push())
      due = Math.max(due + every, tools.now())
      for (
        let next = tools.now() + lookEvery;
        next < due && !signal.aborted;
        next = tools.now() + lookEvery
      ) {
        await tools.sleep(lookEvery, signal)
        if (!signal.aborted) await this.#next(() => look({ until: due, signal }))
      }
      if (!signal.aborted) await tools.sleep(Math.max(0, due - tools.now()), signal)
    }
  }

  #push(): Promise<boolean> {
    const { every, tools, push } = this.#tools
    const { signal } = this.#stop
    return signal.aborted ? Promise.resolve(false) : push({ until: tools.now() + every, signal })
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#busy.then(act)
    this.#busy = next.catch(() => {})
    return next
  }
}
