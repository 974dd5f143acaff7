/**
 * `collect` callbacks where others read the memory: a front, other threads, other processes. They never ask this thread,
 * so it calls its callbacks on a timer. Where there is nobody else, they are called by get() and metrics() alone, as in
 * prom-client.
 */
import { thrown } from '../common/errors.js'
import { logEvent } from '../common/log.js'
import { home, isWatched } from './home.js'
import type { Registry } from './registry.js'
import { Spelled } from './spelled.js'
import type { RegistryContentType } from './types.js'

const EVERY = 5_000

type AnyRegistry = Registry<RegistryContentType>

/** Those whose callbacks are called; one that is gone has none. */
const registries = new Map<object, WeakRef<AnyRegistry>>()
const gone = new FinalizationRegistry<object>(key => registries.delete(key))
const known = new WeakSet<AnyRegistry>()
let begun = false
/** Metrics whose callback has failed, which is said once. */
const failed = new WeakSet<Spelled>()
/** Those whose callback has not ended yet. */
const busy = new WeakSet<Spelled>()

/** Has the callbacks of a registry that is not its thread's own called from now on, when others read what they set. */
export function collectOnTimer(registry: AnyRegistry): void {
  if (!known.has(registry)) {
    known.add(registry)
    const key = {}
    registries.set(key, new WeakRef(registry))
    gone.register(registry, key)
  }
  if (begun) return
  begun = true
  const turn = () => {
    if (isWatched()) collectAll()
  }
  setInterval(turn, EVERY).unref()
}

/** Calls all that are not under way. */
export function collectAll(): void {
  for (const registry of registries.values()) {
    for (const metric of Object.values(registry.deref()?._metrics ?? {})) {
      if (metric instanceof Spelled && !busy.has(metric)) void call(metric)
    }
  }
}

async function call(metric: Spelled): Promise<void> {
  busy.add(metric)
  try {
    await metric.collected()
    failed.delete(metric)
  } catch (error) {
    if (!failed.has(metric)) {
      const message = `metric "${metric.name}": its collect callback failed: ${thrown(error)}`
      logEvent(home().parts.log, { level: 'warn', code: 'collect-failed', message })
    }
    failed.add(metric)
  } finally {
    busy.delete(metric)
  }
}
