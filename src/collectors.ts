import { thrown } from './errors.js'
import { type Log, say } from './log.js'

/** Any gauge: a collect callback gets the one that it was registered with. */
export type CollectedGauge = { readonly name: string }
type Collect = (this: CollectedGauge, gauge: CollectedGauge) => void | Promise<void>

interface Collected {
  readonly gauge: CollectedGauge
  readonly collect: Collect
  /** The call that has not ended yet. */
  running: Promise<void> | undefined
  /** Whether it was said that this call takes long. */
  saidSlow: boolean
}

/**
 * This thread's `collect` callbacks: run on a timer that does not keep the process alive, so that a scrape finds a
 * recent value and waits for nobody. One that throws is reported and goes on being called; one that has not ended is
 * not called a second time meanwhile, or what it read first could be set last.
 */
export class Collectors {
  readonly #every: number
  readonly #log: Log
  readonly #collects: Collected[] = []
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(every: number, log: Log) {
    this.#every = every
    this.#log = log
  }

  /** Adds a callback and runs it for the first time as soon as this thread's loop turns. The same one again is one. */
  add(gauge: CollectedGauge, collect: Collect): void {
    if (this.#collects.some(known => known.gauge === gauge && known.collect === collect)) return
    const added = { gauge, collect, running: undefined, saidSlow: false }
    this.#collects.push(added)
    this.#timer ??= setInterval(() => this.#turn(), this.#every).unref()
    setImmediate(() => this.#run(added)).unref()
  }

  /** Runs all of them, and waits for those that take time. */
  async run(): Promise<void> {
    await Promise.all(this.#collects.map(one => this.#run(one)))
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#collects.length = 0
  }

  #turn(): void {
    for (const one of this.#collects) {
      if (one.running === undefined) void this.#run(one)
      else if (!one.saidSlow) {
        one.saidSlow = true
        this.#say(one, 'collect-slow', `has not ended in ${this.#every} ms (option "collectEvery")`)
      }
    }
  }

  /** Nothing to wait for where it has ended when it returns. */
  #run(one: Collected): Promise<void> | undefined {
    if (this.#stopped || one.running !== undefined) return one.running
    try {
      // prom-client's callbacks have their gauge as `this`.
      const pending: unknown = one.collect.call(one.gauge, one.gauge)
      if (typeof pending !== 'object' || pending === null) return undefined
      one.running = Promise.resolve(pending)
        .catch(error => this.#failed(one, error))
        .then(() => {
          one.running = undefined
          one.saidSlow = false
        })
    } catch (error) {
      this.#failed(one, error)
    }
    return one.running
  }

  #failed(one: Collected, error: unknown): void {
    this.#say(one, 'collect-failed', `failed: ${thrown(error)}`)
  }

  /** Once it is stopped, that nothing can be set any more is no news. */
  #say({ gauge }: Collected, code: string, what: string): void {
    if (this.#stopped) return
    say(this.#log, { level: 'warn', code, message: `metric "${gauge.name}": its collect callback ${what}` })
  }
}
