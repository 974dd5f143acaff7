import type { Child } from '../instruments/metric.js'
import { notANumber } from './labels.js'
import type { SeriesStore } from './series-store.js'

/** What `labels()` of a histogram or a summary gives out: a handle on one series, which is made by the first value. */
export function observing<C extends Child & { observe(value: number): void }, T>(
  store: SeriesStore<C>,
  given: readonly unknown[],
  isCountable: (value: unknown) => value is number,
  startTimer: (labels: object) => T,
): { observe(value: number): void; startTimer(): T } {
  return store.handle(given, series => {
    series.check()
    return {
      observe(value: unknown): void {
        if (!isCountable(value)) throw notANumber('Value', value)
        series.child.observe(value)
      },
      startTimer: () => startTimer(series.labels),
    }
  })
}
