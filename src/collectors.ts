import { type Log, say } from './log.js'

/** Any gauge: a collect callback gets the one that it was registered with. */
export type CollectedGauge = { readonly name: string }
type Collect = (gauge: CollectedGauge) => void | Promise<void>

/**
 * This thread's `collect` callbacks: run on a timer that does not keep the process alive, so that a scrape finds a
 * recent value and waits for nobody. One that throws is reported and goes on being called.
 */
export class Collectors {
  readonly #every: number
  readonly #log: Log
  readonly #collects: [CollectedGauge, Collect][] = []
  #timer: NodeJS.Timeout | undefined

  constructor(every: number, log: Log) {
    this.#every = every
    this.#log = log
  }

  /** Adds a callback and runs it for the first time as soon as this thread's loop turns. */
  add(gauge: CollectedGauge, collect: Collect): void {
    this.#collects.push([gauge, collect])
    this.#timer ??= setInterval(() => this.run(), this.#every).unref()
    setImmediate(() => this.#run(gauge, collect)).unref()
  }

  /** Runs all of them, and waits for those that take time. */
  async run(): Promise<void> {
    await Promise.all(this.#collects.map(([gauge, collect]) => this.#run(gauge, collect)))
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#collects.length = 0
  }

  async #run(gauge: CollectedGauge, collect: Collect): Promise<void> {
    try {
      await collect(gauge)
    } catch (error) {
      const message = `metric "${gauge.name}": its collect callback failed: ${error}`
      say(this.#log, { level: 'warn', code: 'collect-failed', message })
    }
  }
}
