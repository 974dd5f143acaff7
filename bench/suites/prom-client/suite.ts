import { Child } from '../../harness/child.js'
import { race, timesAsLong } from '../../harness/race.js'
import { newHistogram, percentile, recordMilliseconds } from '../../harness/statistics.js'
import { ratioBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import type { Answer } from '../../work/scrape-client.js'
import { startScrapeClient } from '../../work/scraping.js'
import type { Effort } from '../effort.js'
import { by, KINDS, libraries, metricsOf, NAMES, OURS, SERIES } from './contenders.js'
import type { Handling } from './program.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const PROGRAM = new URL('./program.js', import.meta.url)
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
  const busy = await handling(effort.gathering.rounds)
  const busyOf = (library: string, at = 50) => percentile(busy.get(library)!, at)
  return {
    suite: 'prom-client',
    what: `prom-client's calls, ${size} label sets, or metrics without labels, in turn, ns a call; metrics() of ${SERIES.toLocaleString('en')} series or lines, ns each`,
    columns: ['', 'p50', 'p90', 'p99', `to ${OURS}`],
    rows: [
      ...NAMES.flatMap(call =>
        Object.keys(libraries).map(library => {
          const outcome = get(by(library, call))
          const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
          return [by(library, call), at(50), at(90), at(99), timesAsLong(outcome, get(by(OURS, call)))]
        }),
      ),
      ...[...busy.keys()].map(library => [
        by(library, 'a scrape by a handler of its own'),
        ...[50, 90, 99].map(at => (busyOf(library, at) * 1e6) / SERIES),
        busyOf(library) / busyOf(OURS),
      ]),
    ],
    figures: [
      ...Object.entries(WANTED).map(
        ([call, atLeast]): Figure => ({
          what: `${call}, times as fast as prom-client`,
          wanted: { atLeast },
          unit: ' x',
          measured: timesAsLong(get(by(THEIRS, call)), get(by(OURS, call))),
        }),
      ),
      {
        what: "how long a scrape by the program's own handler keeps its event loop busy, of prom-client's time (p50)",
        wanted: { atMost: 0.1 },
        unit: ' x',
        measured: busyOf(OURS) / busyOf(THEIRS),
      },
    ],
    bars: [
      ratioBars(
        `prom-client's time, to ${OURS}`,
        'times as long',
        NAMES.map(call => [call, timesAsLong(get(by(THEIRS, call)), get(by(OURS, call)))]),
      ),
    ],
    notes: [
      'label objects are new in each call, one of their two labels a number',
      `a scrape by a handler: how long the event loop of a program is busy that answers with ${SERIES.toLocaleString('en')} counters over node:http, ns each`,
    ],
  }
}

/** ms for which a scrape keeps the event loop of a program busy, by library. */
async function handling(rounds: number): Promise<Map<string, ReturnType<typeof newHistogram>>> {
  const busy = new Map<string, ReturnType<typeof newHistogram>>()
  const children: Child[] = []
  try {
    const client = await startScrapeClient()
    children.push(client)
    const programs: (readonly [string, Child, Handling])[] = []
    for (const library of Object.keys(libraries)) {
      const [program, said] = await Child.start<Handling>(PROGRAM, [library])
      children.push(program)
      programs.push([library, program, said])
      busy.set(library, newHistogram())
    }
    // The first rounds are for the optimiser.
    for (let round = -3; round < rounds; round++) {
      for (const [library, program, { url }] of programs) {
        const before = await program.ask<{ busy: number }>({})
        await client.ask<[Answer]>({ url, count: 1 })
        const after = await program.ask<{ busy: number }>({})
        if (round >= 0) recordMilliseconds(busy.get(library)!, after.busy - before.busy)
      }
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
  return busy
}
