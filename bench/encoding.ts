import { race, timesAsLong } from './harness.js'
import { peers } from './peers.js'
import type { Report } from './report.js'
import type { Effort } from './suites.js'

export async function encoding(effort: Effort): Promise<Report> {
  const { size, rounds, milliseconds } = effort.encoding
  const names = [
    'postmeter',
    'postmeter, with prefix',
    'copying, slot by slot',
    'copying, whole',
    ...Object.keys(peers),
  ]
  const outcomes = await race({
    suite: 'encoding',
    names,
    size,
    rounds,
    milliseconds,
  })
  const get = (name: string) => outcomes.get(name)!
  const own = get('postmeter')
  const copied = get('copying, whole')
  return {
    suite: 'encoding',
    what: `${size.toLocaleString('en')} one-label gauges as text in one thread, ns a series`,
    columns: ['', 'p50', 'p90', 'p99', 'GB/s', 'to copying', 'to postmeter'],
    rows: names.map(name => {
      const outcome = get(name)
      const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
      const speed = outcome.bytes / size / at(50)
      return [name, at(50), at(90), at(99), speed, timesAsLong(outcome, copied), timesAsLong(outcome, own)]
    }),
    figures: [
      {
        what: 'encoding, times as fast as @prometheus-io/client',
        wanted: { atLeast: 60 },
        unit: ' x',
        measured: timesAsLong(get('@prometheus-io/client'), own),
      },
      {
        what: 'encoding, of the speed of copying the same bytes',
        wanted: { atLeast: 0.4 },
        unit: ' x',
        measured: timesAsLong(copied, own),
      },
    ],
    notes: [
      `bytes: ${names.map(name => `${name} ${get(name).bytes.toLocaleString('en')}`).join(', ')}`,
      'copying whole is one memcpy of all bytes; slot by slot it goes into 1 MiB that is used again and stays in the cache',
    ],
  }
}
