/** How late the event loop of the calling thread is. */
import type { IntervalHistogram } from 'node:perf_hooks'
import { perfHooks } from './node.js'
import type { Definition } from './types.js'

/** ms between two looks at the event loop. */
export const DEFAULT_PRECISION = 10

export const LAG: Definition = { name: 'nodejs_eventloop_lag_seconds', help: 'Lag of event loop in seconds.' }

/** A figure of the delays since the last reset. `combine`: what the figures of several loops make together. */
interface DelayFigure extends Definition {
  readonly combine: 'min' | 'max' | 'average'
  /** Nanoseconds. */
  readonly read: (delays: IntervalHistogram) => number
}

const figure = (
  name: string,
  help: string,
  read: DelayFigure['read'],
  combine: DelayFigure['combine'] = 'average',
): DelayFigure => ({ name: `nodejs_eventloop_lag_${name}_seconds`, help, combine, read })

const percentile = (n: number) =>
  figure(`p${n}`, `The ${n}th percentile of the recorded event loop delays.`, delays => delays.percentile(n))

export const DELAYS: readonly DelayFigure[] = [
  figure('min', 'The minimum recorded event loop delay.', delays => delays.min, 'min'),
  figure('max', 'The maximum recorded event loop delay.', delays => delays.max, 'max'),
  figure('mean', 'The mean of the recorded event loop delays.', delays => delays.mean),
  figure('stddev', 'The standard deviation of the recorded event loop delays.', delays => delays.stddev),
  percentile(50),
  percentile(90),
  percentile(99),
]

/** Records delays from now on, until it is disabled. */
export function watchDelays(precision: number | undefined): IntervalHistogram & {
  enable(): boolean
  disable(): boolean
} {
  const delays = perfHooks().monitorEventLoopDelay({ resolution: precision ?? DEFAULT_PRECISION })
  delays.enable()
  return delays
}
