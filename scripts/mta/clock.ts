/** Milliseconds that only go forward, from no particular beginning. */
export interface Clock {
  now(): number
}

export const monotonic: Clock = { now: () => performance.now() }

/** Seconds since an earlier `clock.now()`: what histograms observe. */
export function secondsSince(clock: Clock, start: number): number {
  return (clock.now() - start) / 1000
}
