/**
 * `collect` callbacks where others read the memory: a front, other threads, other processes. They never ask this thread,
 * so it calls its callbacks on a timer. Where there is nobody else, they are called by get() and metrics() alone, as in
 * prom-client.
 */
import { thrown } from '../common/errors.js'
import { logEvent } from '../common/log.js'
import { home, isWatched } from './home.js'
import { globalRegistry } from './registry.js'
import { Spelled } from './spelled.js'

const EVERY = 5_000

let begun = false
/** Metrics whose callback has failed, which is said once. */
const failed = new WeakSet<Spelled>()
/** Those whose callback has not ended yet. */
const busy = new WeakSet<Spelled>()

/** Has the callbacks of `register` called from now on, when others read what they set. */
export function collectOnTimer(): void {
  if (begun) return
  begun = true
  const turn = () => {
    if (isWatched()) collectAll()
  }
  setInterval(turn, EVERY).unref()
}

/** Calls all that are not under way. */
export function collectAll(): void {
  for (const metric of Object.values(globalRegistry._metrics)) {
    if (metric instanceof Spelled && !busy.has(metric)) void call(metric)
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
