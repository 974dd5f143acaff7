import { secondsSince } from '../metric.js'
import { type Collects, gaugeOf } from './config.js'
import { perfHooks } from './node.js'

const DEFAULT_PRECISION = 10

export const eventLoopLag: Collects = group => {
  const { labels, config } = group
  const delays = perfHooks().monitorEventLoopDelay({
    resolution: config.eventLoopMonitoringPrecision ?? DEFAULT_PRECISION,
  })
  delays.enable()
  const lag = gaugeOf(group, {
    name: 'nodejs_eventloop_lag_seconds',
    help: 'Lag of event loop in seconds.',
    aggregator: 'average',
    // This one's `collect` sets all of them.
    collect() {
      const start = process.hrtime()
      setImmediate(() => lag.set(labels, secondsSince(start)))
      for (const [gauge, read] of all) gauge.set(labels, read() / 1e9)
      delays.reset()
    },
  })
  const one = (name: string, help: string, aggregator: 'min' | 'max' | 'average', read: () => number) =>
    [gaugeOf(group, { name: `nodejs_eventloop_lag_${name}_seconds`, help, aggregator }), read] as const
  const percentile = (n: number) =>
    one(`p${n}`, `The ${n}th percentile of the recorded event loop delays.`, 'average', () =>
      delays.percentile(n),
    )
  const all = [
    one('min', 'The minimum recorded event loop delay.', 'min', () => delays.min),
    one('max', 'The maximum recorded event loop delay.', 'max', () => delays.max),
    one('mean', 'The mean of the recorded event loop delays.', 'average', () => delays.mean),
    one(
      'stddev',
      'The standard deviation of the recorded event loop delays.',
      'average',
      () => delays.stddev,
    ),
    percentile(50),
    percentile(90),
    percentile(99),
  ]
}
