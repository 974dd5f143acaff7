import { setTimeout as sleep } from 'node:timers/promises'

/** Time as the commands of this folder see it. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number
  /** Ends early, and without an error, when the signal says so. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
}
