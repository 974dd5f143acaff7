import { DELAYS, LAG, watchDelays } from '../../defaults/readers/event-loop.js'
import { secondsSince } from '../metric.js'
import { type Collects, gaugeOf } from './config.js'

export const eventLoopLag: Collects = group => {
  const { labels, config } = group
  const delays = watchDelays(config.eventLoopMonitoringPrecision)
  const lag = gaugeOf(group, {
    ...LAG,
    aggregator: 'average',
    // This one's `collect` sets all of them.
    collect() {
      const start = process.hrtime()
      setImmediate(() => lag.set(labels, secondsSince(start)))
      for (const [gauge, read] of all) gauge.set(labels, read(delays) / 1e9)
      delays.reset()
    },
  })
  const all = DELAYS.map(
    ({ name, help, combine, read }) => [gaugeOf(group, { name, help, aggregator: combine }), read] as const,
  )
}
