import { type Outcome, race, timesAsLong } from './harness.js'
import { peers } from './peers.js'
import type { Figure, Report } from './report.js'
import type { Effort } from './suites.js'

const FLOOR = 'plain objects'
const BARE = 'counter without detaching'
const KINDS = ['counter', 'gauge', 'histogram', 'labels().inc()']
/** Bytes a call: an engine's own doings leave some in a hundred thousand calls, an allocation leaves 8 in each. */
const NO_ALLOCATION = 0.1

export async function recording(effort: Effort): Promise<Report> {
  const libraries = ['postmeter', ...Object.keys(peers)]
  const names = [
    'typed array',
    FLOOR,
    BARE,
    ...KINDS.flatMap(kind => libraries.map(library => `${library} ${kind}`)),
  ]
  const outcomes = await race({
    suite: 'recording',
    names,
    size: 128,
    allocation: true,
    ...effort.recording,
  })
  const get = (name: string): Outcome => outcomes.get(name)!
  const floor = get(FLOOR)

  const figures: Figure[] = []
  const atMost = (what: string, measured: number, limit: number, unit: string) =>
    figures.push({ what, wanted: { atMost: limit }, unit, measured })
  atMost('held counter inc(), to plain objects', timesAsLong(get('postmeter counter'), floor), 1.4, ' x')
  atMost(
    'histogram observe() of random values, to plain objects',
    timesAsLong(get('postmeter histogram'), floor),
    6,
    ' x',
  )
  atMost(
    'held counter inc(), to one whose series cannot expire',
    timesAsLong(get('postmeter counter'), get(BARE)),
    1.1,
    ' x',
  )
  const lookup = timesAsLong(get('postmeter labels().inc()'), get('prom-client labels().inc()'))
  atMost("labels({service}).inc(), to prom-client's", lookup, 0.25, ' x')
  for (const kind of ['counter', 'histogram']) {
    atMost(`heap allocated by a ${kind} call`, get(`postmeter ${kind}`).allocated!, NO_ALLOCATION, ' B')
  }
  return {
    suite: 'recording',
    what: `128 children in turn, ns a call (percentiles of batches of ${(128 * 100).toLocaleString('en')} calls)`,
    columns: ['', 'p50', 'p90', 'p99', 'to floor', 'heap B/call'],
    rows: names.map(name => {
      const { histogram, allocated } = get(name)
      const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
      return [name, at(50), at(90), at(99), timesAsLong(get(name), floor), allocated!]
    }),
    figures,
    notes: [`the floor is \`o.cells[o.at] += 1\` over 128 plain objects; histograms have 11 buckets`],
  }
}
