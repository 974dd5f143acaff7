/** Hooks that count: whatever happens in them, mail goes on, and none of them waits for anything. */
import type { Counter } from '../index.js'
import type { HarakaPlugin, Next } from './haraka.js'

export class Guard {
  readonly #plugin: HarakaPlugin
  readonly #failures: Counter<'at'>
  readonly #told = new Set<string>()

  constructor(plugin: HarakaPlugin, failures: Counter<'at'>) {
    this.#plugin = plugin
    this.#failures = failures
  }

  /** Does it, and counts when it throws. Each place is told of once. */
  run(at: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.failed(at, error)
    }
  }

  failed(at: string, error: unknown): void {
    try {
      this.#failures.inc({ at })
      if (this.#told.has(at)) return
      this.#told.add(at)
      this.#plugin.logerror(
        `counting failed at ${at}, and is not told again: ${(error as Error)?.stack ?? error}`,
      )
    } catch {
      // There is nowhere left to tell of it.
    }
  }

  /** Has Haraka call it at a hook: first (-100) or last (100) of all plugins. */
  hook(hook: string, priority: -100 | 100, count: (object: never, params: never) => void): void {
    const method = `postmeter_${hook}${priority < 0 ? '_first' : '_last'}`
    this.#plugin[method] = (next: Next, object: never, params: never) => {
      try {
        count(object, params)
      } catch (error) {
        this.failed(hook, error)
      }
      // Outside: what other plugins throw further on is not ours to catch.
      next()
    }
    this.#plugin.register_hook(hook, method, priority)
  }
}
