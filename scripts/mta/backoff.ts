import type { Random } from './random.js'

export interface RetryPolicy {
  /** Milliseconds before the second attempt; doubled for each one after. */
  readonly intervalMs: number
  /** The most that the doubling leads to, in milliseconds. */
  readonly maxIntervalMs: number
  /** The share of a delay that is left to chance, 0 to 1, so that what failed together is not repeated together. */
  readonly jitter: number
  /** Attempts after which a message is given up. */
  readonly maxAttempts: number
}

/** Milliseconds to wait after so many failed attempts, at least one. */
export function retryDelay(policy: RetryPolicy, attempts: number, random: Random): number {
  const whole = Math.min(policy.intervalMs * 2 ** (attempts - 1), policy.maxIntervalMs)
  return whole * (1 - policy.jitter * random())
}
