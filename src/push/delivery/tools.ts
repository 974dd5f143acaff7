/** Clocks, randomness and the log, as one thread has them; tests pass in their own. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './troubles.js'

export interface Tools {
  readonly log: Log
  /** Ms, which never go back. */
  now(): number
  /** Ms since 1970. */
  date(): number
  /** From 0 to 1, without 1. */
  random(): number
  /** Resolves after `ms`, or once `signal` aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export function realTools(log: Log): Tools {
  return {
    log,
    now: () => performance.now(),
    date: Date.now,
    random: Math.random,
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  }
}
