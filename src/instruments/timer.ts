import type { Labels } from './metric.js'

/** Starts a timer. The function returned passes the seconds since then to `done`, and returns them. */
export function startTimer(elapsed: () => number, done: (seconds: number) => void): () => number {
  const begin = elapsed()
  return () => {
    const seconds = elapsed() - begin
    done(seconds)
    return seconds
  }
}

/** As startTimer, for a metric whose labels can be given at either end. */
export function startLabelledTimer<L extends string>(
  elapsed: () => number,
  labels: Partial<Labels<L>> | undefined,
  done: (seconds: number, labels: Record<string, unknown>) => void,
): (more?: Partial<Labels<L>>) => number {
  const begin = elapsed()
  return more => {
    const seconds = elapsed() - begin
    done(seconds, { ...labels, ...more })
    return seconds
  }
}
