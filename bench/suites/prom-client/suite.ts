import { race, timesAsLong } from '../../harness/race.js'
import { ratioBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import { by, KINDS, libraries, metricsOf, NAMES, OURS, SERIES } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const THEIRS = 'prom-client'

/** How many times as fast as prom-client. */
const WANTED: Readonly<Record<string, number>> = {
  'inc()': 10,
  'set()': 10,
  'observe()': 10,
  'inc(labels)': 3,
  'set(labels)': 3,
  'observe(labels)': 3,
  'labels().inc()': 3,
  ...Object.fromEntries(KINDS.map(kind => [metricsOf(kind), 15])),
}

/** prom-client's own calls, through postmeter/prom-client and through the libraries that it stands in for. */
export async function promClient(effort: Effort): Promise<Report> {
  const names = NAMES.flatMap(call => Object.keys(libraries).map(library => by(library, call)))
  const { children: size, rounds, milliseconds } = effort.recording
  const outcomes = await race({ contenders: CONTENDERS, names, size, rounds, milliseconds })
  const get = (name: string) => outcomes.get(name)!
  return {
    suite: 'prom-client',
    what: `prom-client's calls, ${size} label sets in turn, ns a call; metrics() of ${SERIES.toLocaleString('en')} series or lines, ns each`,
    columns: ['', 'p50', 'p90', 'p99', `to ${OURS}`],
    rows: NAMES.flatMap(call =>
      Object.keys(libraries).map(library => {
        const outcome = get(by(library, call))
        const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
        return [by(library, call), at(50), at(90), at(99), timesAsLong(outcome, get(by(OURS, call)))]
      }),
    ),
    figures: Object.entries(WANTED).map(
      ([call, atLeast]): Figure => ({
        what: `${call}, times as fast as prom-client`,
        wanted: { atLeast },
        unit: ' x',
        measured: timesAsLong(get(by(THEIRS, call)), get(by(OURS, call))),
      }),
    ),
    bars: [
      ratioBars(
        `prom-client's time, to ${OURS}`,
        'times as long',
        NAMES.map(call => [call, timesAsLong(get(by(THEIRS, call)), get(by(OURS, call)))]),
      ),
    ],
    notes: ['label objects are new in each call, one of their two labels a number'],
  }
}
