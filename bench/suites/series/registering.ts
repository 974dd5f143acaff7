import { PerformanceObserver } from 'node:perf_hooks'

/** How it went to make series, one after the other. */
export interface Registering {
  /** Microseconds each, on average. */
  readonly micros: number
  /** The longest that a step of them took, less V8's collections, ms. */
  readonly pause: number
  /** V8's longest collection meanwhile, ms. */
  readonly collection: number
}

const STEP = 256

/** The key of a series as a parser makes it: flat, and hashed by nobody yet. */
export const key = (n: number) => Buffer.from(`queue-${n}.domain.example`).toString('latin1')

/** Calls `make` with so many new keys, in steps: a pause shorter than a step is seen as a step. */
export async function registering(size: number, make: (key: string) => void): Promise<Registering> {
  const collections: { start: number; duration: number }[] = []
  const observer = new PerformanceObserver(list => {
    for (const { startTime: start, duration } of list.getEntries()) collections.push({ start, duration })
  })
  observer.observe({ entryTypes: ['gc'] })
  const steps: { start: number; end: number }[] = []
  let took = 0
  for (let from = 0; from < size; from += STEP) {
    const keys = Array.from({ length: Math.min(STEP, size - from) }, (_, n) => key(from + n))
    const start = performance.now()
    for (const value of keys) make(value)
    const end = performance.now()
    took += end - start
    steps.push({ start, end })
  }
  // The observer hears of collections when the loop turns.
  await new Promise(resolve => setTimeout(resolve, 50))
  observer.disconnect()
  const overlap = ({ start, end }: { start: number; end: number }) =>
    collections.reduce(
      (sum, c) => sum + Math.max(0, Math.min(end, c.start + c.duration) - Math.max(start, c.start)),
      0,
    )
  return {
    micros: (took * 1000) / size,
    pause: Math.max(...steps.map(step => step.end - step.start - overlap(step))),
    collection: Math.max(0, ...collections.map(c => c.duration)),
  }
}
