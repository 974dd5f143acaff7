import { typeError } from '../../common/errors.js'
import { perfHooks } from '../../defaults/readers/node.js'
import { Histogram } from '../histogram.js'
import { secondsSince } from '../metric.js'
import { Summary } from '../summary.js'
import type { Collects } from './config.js'

const HELP =
  'Ratio of time the event loop is not idling in the event provider to the total time the event loop is running.'
const BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1]
const PERCENTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]
/** What one look stands for at most, in intervals: after a suspension there would be millions. */
const MOST_INTERVALS = 3_600

/** client_js has it, prom-client has not. It looks every 100 ms; a look after a block stands for all that it missed. */
export const eventLoopUtilization: Collects = group => {
  const { config, labels, labelNames, registers, prefix } = group
  const every = config.eventLoopUtilizationTimeout ?? 100
  if (!(every >= 1))
    throw typeError('ERR_POSTMETER_OPTION', `eventLoopUtilizationTimeout is ${every}, below 1 ms`)
  const summary = new Summary({
    name: `${prefix}nodejs_eventloop_utilization_summary`,
    help: HELP,
    maxAgeSeconds: config.eventLoopUtilizationMaxAgeSeconds ?? 60,
    ageBuckets: config.eventLoopUtilizationAgeBuckets ?? 5,
    percentiles: config.eventLoopUtilizationPercentiles ?? PERCENTILES,
    registers,
    labelNames,
  })
  const histogram = new Histogram({
    name: `${prefix}nodejs_eventloop_utilization_histogram`,
    help: HELP,
    buckets: config.eventLoopUtilizationBuckets ?? BUCKETS,
    registers,
    labelNames,
  })
  const { performance } = perfHooks()
  let last = performance.eventLoopUtilization()
  let since = process.hrtime()
  setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    const intervals = Math.min(MOST_INTERVALS, Math.round((secondsSince(since) * 1e3) / every))
    for (let n = 0; n < intervals; n++) {
      summary.observe(labels, utilization)
      histogram.observe(labels, utilization)
    }
    last = now
    since = process.hrtime()
  }, every).unref()
}
