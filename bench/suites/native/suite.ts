import { needGoMetrics } from '../../../scripts/need-go-metrics.js'
import { type Outcome, race, timesAsLong } from '../../harness/race.js'
import type { Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import { ABSENT, ENCODING, LIBRARIES, RECORDING } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const OWN = 'postmeter'
const FLOOR = 'plain objects'
const named = (work: string) =>
  [OWN, ...LIBRARIES].map(library => `${library} ${work}`).filter(name => !ABSENT.includes(name))

/** Recording and encoding beside Go's libraries, which are built of Debian's packages. */
export async function native(effort: Effort): Promise<Report[]> {
  // Before anything is timed.
  await needGoMetrics()
  const recordingNames = [FLOOR, ...RECORDING.flatMap(named)]
  const recording = await race({
    contenders: CONTENDERS,
    names: recordingNames,
    size: 128,
    ...effort.recording,
  })
  const recorded = table(
    '128 children in turn, ns a call; in two threads on the same series from the common start to the last end, calls of both counted',
    recordingNames,
    recording,
    name => RECORDING.findLast(work => name.endsWith(` ${work}`)),
    [
      `${ABSENT.join(', ')}: there is none with bounds of one's own; its histogram has exponential buckets, and stands with the native ones`,
      'Go counts with atomic instructions on one cell for all threads, which are cheap as long as no other thread wants it; postmeter stores plainly, each thread in cells of its own',
    ],
  )

  const { size, rounds, milliseconds } = effort.encoding
  const encoding = await race({ contenders: CONTENDERS, names: named(ENCODING), size, rounds, milliseconds })
  const encoded = table(
    `${size.toLocaleString('en')} one-label counters as text, ns a series`,
    named(ENCODING),
    encoding,
    () => ENCODING,
    [
      "postmeter's is one thread's work; Go's collector works beside the encoder, on what other cores there are",
    ],
  )

  return [recorded, encoded]
}

function table(
  what: string,
  names: readonly string[],
  outcomes: ReadonlyMap<string, Outcome>,
  workOf: (name: string) => string | undefined,
  notes: readonly string[],
): Report {
  return {
    suite: 'native',
    what,
    columns: ['', 'p50', 'p90', 'p99', 'to postmeter'],
    rows: names.map(name => {
      const outcome = outcomes.get(name)!
      const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
      const work = workOf(name)
      return [
        name,
        at(50),
        at(90),
        at(99),
        work === undefined ? Number.NaN : timesAsLong(outcome, outcomes.get(`${OWN} ${work}`)!),
      ]
    }),
    figures: [],
    notes,
  }
}
