import type { Test } from 'tap'
import { Guard } from '../../src/haraka-plugin/guard.js'
import type { HarakaPlugin, Next } from '../../src/haraka-plugin/haraka.js'
import { type OwnMetrics, ownMetrics } from '../../src/haraka-plugin/own-metrics.js'
import { createRegistry, type Registry } from '../../src/index.js'
import { type MtaMetrics, mtaMetrics } from '../../src/mta.js'

let made = 0

/** As Haraka's plugin object: hooks by name in the order of their priorities, and what was logged. */
export class FakePlugin {
  readonly logged: string[] = []
  readonly #hooks: { hook: string; method: string; priority: number }[] = []

  register_hook(hook: string, method: string, priority = 0): void {
    this.#hooks.push({ hook, method, priority })
  }

  logerror(message: string): void {
    this.logged.push(message)
  }

  /** Runs a hook as Haraka does; counts the calls of next. */
  run(hook: string, object: object, params?: unknown): number {
    return this.#run(hook, object, params, () => true)
  }

  /** As run, where a plugin between the first and the last ends it. */
  only(hook: string, which: 'first' | 'last', object: object, params?: unknown): number {
    return this.#run(hook, object, params, method => method.endsWith(which))
  }

  #run(hook: string, object: object, params: unknown, takes: (method: string) => boolean): number {
    let nexts = 0
    const methods = this as unknown as Record<string, (next: Next, object: object, params: unknown) => void>
    for (const { method } of this.#hooks
      .filter(one => one.hook === hook && takes(one.method))
      .sort((a, b) => a.priority - b.priority)) {
      methods[method]!(() => nexts++, object, params)
    }
    return nexts
  }
}

export interface Counting {
  readonly registry: Registry
  readonly mta: MtaMetrics
  readonly own: OwnMetrics
  readonly plugin: FakePlugin
  readonly guard: Guard
}

export function counting(t: Test): Counting {
  const registry = createRegistry({
    name: `haraka-${++made}`,
    memory: '16MiB',
    onBadValue: 'drop',
    log: () => {},
  })
  t.teardown(() => registry.close())
  const own = ownMetrics(registry)
  const plugin = new FakePlugin()
  const guard = new Guard(plugin as unknown as HarakaPlugin, own.failures)
  return { registry, own, plugin, guard, mta: mtaMetrics(registry, { levels: 'livesum' }) }
}
