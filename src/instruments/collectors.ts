import { thrown } from '../common/errors.js'
import { type Log, logEvent } from '../common/log.js'

/** Any gauge or counter. A collect callback gets the one with which it was registered. */
export type CollectedMetric = { readonly name: string }
type Collect = (this: CollectedMetric, metric: CollectedMetric) => void | Promise<void>

/** How long an exposition waits for callbacks, ms. After that it exposes what they set before. */
export const COLLECT_TIMEOUT = 1_000

/** Calls back after so many ms. Returns a function that cancels the call. */
export type After = (callback: () => void, millis: number) => () => void

const afterTimeout: After = (callback, millis) => {
  const timer = setTimeout(callback, millis)
  return () => clearTimeout(timer)
}

interface Callback {
  readonly metric: CollectedMetric
  readonly collect: Collect
  /** Whether it was called. */
  begun: boolean
  /** The call that has not ended yet. */
  running: Promise<void> | undefined
  /** Whether an exposition waited for this call in vain. */
  late: boolean
  reported: Reported
}

/** What was logged of a metric's callbacks, so that it is not logged again. */
interface Reported {
  slow: boolean
  replaced: boolean
  /** The error of the last call, if it failed. */
  failure: string | undefined
}

/**
 * This thread's `collect` callbacks. They run on a timer that does not keep the process alive, so a scrape finds a
 * recent value and waits for nobody. A callback that throws is reported, and is called again. One that has not ended is
 * not called a second time meanwhile; otherwise what it read first could be set last.
 *
 * A metric has one callback, the one registered last. Otherwise instances that come and go, each with a callback of its
 * own, would be kept for ever, because nothing shows when one is gone. For a metric without labels, only the value that
 * was set last stays in any case.
 */
export class Collectors {
  readonly #every: number
  readonly #log: Log
  readonly #after: After
  readonly #collects = new Map<CollectedMetric, Callback>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  /** Whether a callback is on the call stack. */
  #calling = false

  constructor(every: number, log: Log, after: After = afterTimeout) {
    this.#every = every
    this.#log = log
    this.#after = after
  }

  /** Sets a metric's callback. It runs for the first time in the next turn of this thread's event loop. */
  add(metric: CollectedMetric, collect: Collect): void {
    const known = this.#collects.get(metric)
    if (known?.collect === collect) return
    const reported = known?.reported ?? { slow: false, replaced: false, failure: undefined }
    const added = { metric, collect, begun: false, running: undefined, late: false, reported }
    this.#collects.set(metric, added)
    this.#timer ??= setInterval(() => this.#turn(), this.#every).unref()
    // If the callback before was not called yet, the call that is scheduled for it calls the latest one.
    if (known === undefined || known.begun) setImmediate(() => this.#begin(metric)).unref()
    if (known === undefined || reported.replaced) return
    reported.replaced = true
    const what = 'was replaced by a later registration: in each thread a metric has one, the latest'
    this.#logEvent(added, 'collect-replaced', what)
  }

  /** A metric has no callback any more. */
  delete(metric: CollectedMetric): void {
    this.#collects.delete(metric)
  }

  /**
   * Runs all callbacks, and waits for those that take time, except those that were waited for in vain before. Does
   * nothing if a callback asks for it, because the callback would wait for itself.
   */
  async run(): Promise<void> {
    if (this.#calling) return
    const waited: [Callback, Promise<void>][] = []
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

  #begin(metric: CollectedMetric): void {
    const one = this.#collects.get(metric)
    if (one !== undefined && !one.begun) void this.#run(one)
  }

  #turn(): void {
    for (const one of [...this.#collects.values()]) {
      if (one.running === undefined) void this.#run(one)
      else this.#reportSlow(one, `${this.#every} ms (option "collectEvery")`)
    }
  }

  #giveUp(one: Callback): void {
    one.late = true
    this.#reportSlow(one, `${COLLECT_TIMEOUT} ms: its last values are exposed`)
  }

  /** Runs one callback. Returns undefined if it has ended when it returns. */
  #run(one: Callback): Promise<void> | undefined {
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

  /** Calls it. Returns what it returned, if that can be waited for. */
  #call(one: Callback): object | undefined {
    this.#calling = true
    try {
      // Callbacks of prom-client have their metric as `this`.
      const pending: unknown = one.collect.call(one.metric, one.metric)
      if (typeof pending === 'object' && pending !== null) return pending
      this.#ended(one)
    } catch (error) {
      this.#failed(one, error)
    } finally {
      this.#calling = false
    }
    return undefined
  }

  #ended(one: Callback): void {
    one.running = undefined
    one.late = false
    one.reported.failure = undefined
  }

  #failed(one: Callback, error: unknown): void {
    const failure = thrown(error)
    const again = one.reported.failure === failure
    this.#ended(one)
    one.reported.failure = failure
    if (!again) this.#logEvent(one, 'collect-failed', `failed: ${failure}`)
  }

  #reportSlow(one: Callback, since: string): void {
    if (one.reported.slow) return
    one.reported.slow = true
    this.#logEvent(one, 'collect-slow', `has not ended in ${since}`)
  }

  /** Logs nothing once it is stopped, because the callbacks then fail for that reason. */
  #logEvent({ metric }: Callback, code: string, what: string): void {
    if (this.#stopped) return
    logEvent(this.#log, {
      level: 'warn',
      code,
      message: `metric "${metric.name}": its collect callback ${what}`,
    })
  }
}
