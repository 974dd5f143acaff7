import { type Outcome, race, timesAsLong } from '../../harness/race.js'
import { median } from '../../harness/statistics.js'
import { percentileCurve, ratioBars } from '../../report/curves.js'
import type { Figure, FigureToReach, Report } from '../../report/model.js'
import { OTEL, OTEL_NOTES, OTEL_RECORDING } from '../../work/opentelemetry.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import { shared } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const FLOOR = 'plain objects'
const BARE = 'counter without detaching'
const KINDS = ['counter', 'gauge', 'histogram', 'summary', 'labels().inc()']
const NATIVE = 'postmeter native histogram'
/** What is measured in a registry that processes share, too. */
const SHARED = ['counter', 'histogram']
/** Bytes a call: an engine's own doings leave some in a hundred thousand calls, an allocation leaves 8 in each. */
const NO_ALLOCATION = 0.1

export async function recording(effort: Effort): Promise<Report> {
  const { children } = effort.recording
  const libraries = ['postmeter', ...Object.keys(peers)]
  const names = [
    'typed array',
    FLOOR,
    BARE,
    ...KINDS.flatMap(kind => libraries.map(library => `${library} ${kind}`)),
    NATIVE,
    ...SHARED.map(kind => shared(`postmeter ${kind}`)),
    ...OTEL_RECORDING,
  ]
  // What a process has of luck, with addresses and with the optimiser, can treble a nanosecond: of several processes of
  // each contender the median one counts.
  const races: Map<string, Outcome>[] = []
  for (let n = 0; n < effort.recording.processes; n++) {
    races.push(
      await race({ contenders: CONTENDERS, names, size: children, allocation: true, ...effort.recording }),
    )
  }
  const outcomes = new Map(names.map(name => [name, middle(races.map(outcomes => outcomes.get(name)!))]))
  const get = (name: string): Outcome => outcomes.get(name)!
  const floor = get(FLOOR)

  const figures: Figure[] = []
  const atMost = (what: string, measured: number, limit: number, unit: FigureToReach['unit']) =>
    figures.push({ what, wanted: { atMost: limit }, unit, measured })
  atMost('held counter inc(), to plain objects', timesAsLong(get('postmeter counter'), floor), 1.25, ' x')
  atMost(
    'histogram observe() of random values, to plain objects',
    timesAsLong(get('postmeter histogram'), floor),
    3.5,
    ' x',
  )
  atMost(
    'native histogram observe(), to a classic one',
    timesAsLong(get(NATIVE), get('postmeter histogram')),
    3,
    ' x',
  )
  atMost(
    'held counter inc(), to one whose series cannot expire',
    timesAsLong(get('postmeter counter'), get(BARE)),
    1.1,
    ' x',
  )
  for (const kind of SHARED) {
    const alone = `postmeter ${kind}`
    atMost(
      `${kind} in a shared registry, to one that is not`,
      timesAsLong(get(shared(alone)), get(alone)),
      1.05,
      ' x',
    )
  }
  const lookup = timesAsLong(get('postmeter labels().inc()'), get('prom-client labels().inc()'))
  atMost("labels({service}).inc(), to prom-client's", lookup, 0.25, ' x')
  for (const kind of ['counter', 'histogram', 'native histogram']) {
    atMost(`heap allocated by a ${kind} call`, get(`postmeter ${kind}`).allocated!, NO_ALLOCATION, ' B')
  }
  return {
    suite: 'recording',
    what: `${children} children in turn, ns a call (percentiles of batches of ${(children * 100).toLocaleString('en')} calls)`,
    columns: ['', 'p50', 'p90', 'p99', 'to floor', 'heap B/call'],
    rows: names.map(name => {
      const { histogram, allocated } = get(name)
      const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
      return [name, at(50), at(90), at(99), timesAsLong(get(name), floor), allocated!]
    }),
    figures,
    curves: KINDS.map(kind =>
      percentileCurve(kind, 'ns a call, means of batches', [
        ...[...libraries, OTEL].flatMap(library => {
          const outcome = outcomes.get(`${library} ${kind}`)
          return outcome === undefined ? [] : [[library, outcome.histogram] as const]
        }),
        [FLOOR, floor.histogram],
      ]),
    ),
    bars: [
      ratioBars(
        `times as long as ${FLOOR}`,
        'times as long',
        names.map(name => [name, timesAsLong(get(name), floor)]),
      ),
    ],
    notes: [
      `the floor is \`o.cells[o.at] += 1\` over as many plain objects; of ${effort.recording.processes} processes of each the median one`,
      'histograms have 11 buckets, native ones schema 3; summaries keep ten minutes in five age buckets',
      `${Object.keys(peers).join(' and ')} have no native histograms`,
      OTEL_NOTES.recording,
    ],
  }
}

function middle(outcomes: readonly Outcome[]): Outcome {
  const sorted = [...outcomes].sort((a, b) => median(a.rounds) - median(b.rounds))
  return sorted[sorted.length >> 1]!
}
