import { thrown } from '../common/errors.js'
import { type Log, logEvent } from '../common/log.js'

/** Any gauge: a collect callback gets the one that it was registered with. */
export type CollectedGauge = { readonly name: string }
type Collect = (this: CollectedGauge, gauge: CollectedGauge) => void | Promise<void>

/** How long an exposition waits for callbacks, ms; then it tells what they set before. */
export const COLLECT_TIMEOUT = 1_000

/** Calls back after so many ms; returns what takes the callback back. */
export type After = (callback: () => void, millis: number) => () => void

const afterTimeout: After = (callback, millis) => {
  const timer = setTimeout(callback, millis)
  return () => clearTimeout(timer)
}

interface Collected {
  readonly gauge: CollectedGauge
  readonly collect: Collect
  /** Whether it was called. */
  begun: boolean
  /** The call that has not ended yet. */
  running: Promise<void> | undefined
  /** Whether this call was waited for in vain. */
  late: boolean
  said: Said
}

/** What was said of a gauge's callbacks, so that it is not said again. */
interface Said {
  slow: boolean
  replaced: boolean
  /** What the last call failed with. */
  failure: string | undefined
}

/**
 * This thread's `collect` callbacks: run on a timer that does not keep the process alive, so that a scrape finds a
 * recent value and waits for nobody. One that throws is reported and goes on being called; one that has not ended is
 * not called a second time meanwhile, or what it read first could be set last.
 *
 * A gauge has one callback, the one registered last. Instances that come and go, each with a callback of its own, would
 * else be held for ever, since nothing tells when one is gone; and of a gauge without labels only what was set last
 * stays in any case.
 */
export class Collectors {
  readonly #every: number
  readonly #log: Log
  readonly #after: After
  readonly #collects = new Map<CollectedGauge, Collected>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  /** Whether a callback is on the stack. */
  #calling = false

  constructor(every: number, log: Log, after: After = afterTimeout) {
    this.#every = every
    this.#log = log
    this.#after = after
  }

  /** Sets a gauge's callback, and runs it for the first time as soon as this thread's loop turns. */
  add(gauge: CollectedGauge, collect: Collect): void {
    const known = this.#collects.get(gauge)
    if (known?.collect === collect) return
    const said = known?.said ?? { slow: false, replaced: false, failure: undefined }
    const added = { gauge, collect, begun: false, running: undefined, late: false, said }
    this.#collects.set(gauge, added)
    this.#timer ??= setInterval(() => this.#turn(), this.#every).unref()
    // One that was not called yet has a turn coming, which is for the latest.
    if (known === undefined || known.begun) setImmediate(() => this.#begin(gauge)).unref()
    if (known === undefined || said.replaced) return
    said.replaced = true
    const what = 'was replaced by a later registration: in each thread a gauge has one, the latest'
    this.#logEvent(added, 'collect-replaced', what)
  }

  /**
   * Runs all of them, and waits for those that take time, so long as it was not done in vain before. Nothing where it
   * is one of them that asks: it would wait for itself.
   */
  async run(): Promise<void> {
    if (this.#calling) return
    const waited: [Collected, Promise<void>][] = []
    for (const one of [...this.#collects.values()]) {
      const running = this.#run(one)
      if (running !== undefined && !one.late) waited.push([one, running])
    }
    if (waited.length === 0) return
    await new Promise<void>(resolve => {
      const giveUp = () => {
        for (const [one, running] of waited) if (one.running === running) this.#giveUp(one)
        resolve()
      }
      const forget = this.#after(giveUp, COLLECT_TIMEOUT)
      void Promise.all(waited.map(([, running]) => running)).then(() => {
        forget()
        resolve()
      })
    })
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#collects.clear()
  }

  #begin(gauge: CollectedGauge): void {
    const one = this.#collects.get(gauge)
    if (one !== undefined && !one.begun) void this.#run(one)
  }

  #turn(): void {
    for (const one of [...this.#collects.values()]) {
      if (one.running === undefined) void this.#run(one)
      else this.#saySlow(one, `${this.#every} ms (option "collectEvery")`)
    }
  }

  #giveUp(one: Collected): void {
    one.late = true
    this.#saySlow(one, `${COLLECT_TIMEOUT} ms: figures are told without it`)
  }

  /** Nothing to wait for where it has ended when it returns. */
  #run(one: Collected): Promise<void> | undefined {
    if (this.#stopped || one.running !== undefined) return one.running
    one.begun = true
    const pending = this.#call(one)
    if (pending === undefined) return undefined
    one.running = Promise.resolve(pending).then(
      () => this.#ended(one),
      error => this.#failed(one, error),
    )
    return one.running
  }

  /** What it returned, where that can be waited for. */
  #call(one: Collected): object | undefined {
    this.#calling = true
    try {
      // prom-client's callbacks have their gauge as `this`.
      const pending: unknown = one.collect.call(one.gauge, one.gauge)
      if (typeof pending === 'object' && pending !== null) return pending
      this.#ended(one)
    } catch (error) {
      this.#failed(one, error)
    } finally {
      this.#calling = false
    }
    return undefined
  }

  #ended(one: Collected): void {
    one.running = undefined
    one.late = false
    one.said.failure = undefined
  }

  #failed(one: Collected, error: unknown): void {
    const failure = thrown(error)
    const again = one.said.failure === failure
    this.#ended(one)
    one.said.failure = failure
    if (!again) this.#logEvent(one, 'collect-failed', `failed: ${failure}`)
  }

  #saySlow(one: Collected, since: string): void {
    if (one.said.slow) return
    one.said.slow = true
    this.#logEvent(one, 'collect-slow', `has not ended in ${since}`)
  }

  /** Once it is stopped, that nothing can be set any more is no news. */
  #logEvent({ gauge }: Collected, code: string, what: string): void {
    if (this.#stopped) return
    logEvent(this.#log, {
      level: 'warn',
      code,
      message: `metric "${gauge.name}": its collect callback ${what}`,
    })
  }
}
