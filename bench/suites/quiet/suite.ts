import { availableParallelism } from 'node:os'
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { Child } from '../../harness/child.js'
import { busyProcessors, busyThreads, hasProc } from '../../harness/proc.js'
import { median, newHistogram } from '../../harness/statistics.js'
import { percentileCurve } from '../../report/curves.js'
import type { Report } from '../../report/model.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { Visit, Visited } from './client.js'
import { LIBRARIES, OWN, RECORDED } from './library.js'
import type { Stretch } from './program.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const CLIENT = new URL('./client.js', import.meta.url)

const PRODUCERS = 2
/** A thread that uses less of a processor is not busy. */
const BUSY = 0.1

interface Sum {
  readonly lateness: Histogram
  /** Each round's 99th percentile, ms. */
  readonly p99s: number[]
  readonly produced: number[]
  scrapes: number
  bytes: number
  /** Processors used by each busy thread, in the last round. */
  busy: readonly number[]
  /** Processors that were busy with anything, by round. */
  readonly processors: number[]
}

/** What being scraped all the time does to a program, beside the same program left alone, in turn. */
export async function quiet(effort: Effort): Promise<Report> {
  const { size, rounds, seconds } = effort.quiet
  const programs: { library: string; child: Child; url: string; alone: Sum; scraped: Sum }[] = []
  const children: Child[] = []
  try {
    const [client] = await Child.start<string>(CLIENT, [])
    children.push(client)
    for (const library of LIBRARIES) {
      const [child, url] = await Child.start<string>(PROGRAM, [library, String(size), String(PRODUCERS)])
      children.push(child)
      programs.push({ library, child, url, alone: newSum(), scraped: newSum() })
    }
    for (let round = -1; round < rounds; round++) {
      for (const { child, url, alone, scraped } of programs) {
        for (const sum of [alone, scraped]) {
          await child.ask('start')
          const threads = [child, client].map(({ pid }) => busyThreads(pid))
          const processors = busyProcessors()
          const visited = await client.ask<Visited>({ url, seconds, scrape: sum === scraped } satisfies Visit)
          const busy = threads.flatMap(stop => stop())
          const busyInAll = processors()
          const { lateness, produced } = await child.ask<Stretch>('stop')
          // The first round is for the optimiser.
          if (round < 0) continue
          const histogram = decodeFromCompressedBase64(lateness)
          sum.lateness.add(histogram)
          sum.p99s.push(histogram.getValueAtPercentile(99) / 1000)
          sum.produced.push(produced)
          sum.scrapes += visited.scrapes
          sum.bytes += visited.bytes
          sum.processors.push(busyInAll)
          sum.busy = busy.filter(share => share >= BUSY)
        }
      }
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
  const own = programs.find(({ library }) => library === OWN)!
  const peers = programs.filter(({ library }) => library !== OWN)
  const used = own.scraped.busy.reduce((sum, share) => sum + share, 0)
  const cores = availableParallelism()
  const busyInAll = median(own.scraped.processors)
  return {
    suite: 'quiet',
    served: servedBy(),
    what: `main thread's event-loop delay in ms, from when each millisecond was due, scraped without a pause (${size.toLocaleString('en')} series, gzip) and alone`,
    columns: ['', 'p50', 'p99', 'p99.9', 'max', 'producers, calls/s', 'scrapes/s', 'kB a scrape'],
    rows: programs.flatMap(({ library, alone, scraped }) =>
      (
        [
          ['alone', alone],
          ['scraped', scraped],
        ] as const
      ).map(([label, sum]) => [
        `${library}, ${label}`,
        ...[50, 99, 99.9, 100].map(percentile => sum.lateness.getValueAtPercentile(percentile) / 1000),
        median(sum.produced),
        sum.scrapes / (rounds * seconds),
        sum.bytes / sum.scrapes / 1000,
      ]),
    ),
    figures: [
      {
        what: 'event-loop delay p99 while scraped without a pause, to that of the best peer',
        wanted: { atMost: 0.1 },
        unit: ' x',
        measured: median(
          own.scraped.p99s.map((p99, at) => p99 / Math.min(...peers.map(({ scraped }) => scraped.p99s[at]!))),
        ),
      },
      // Without a core to spare it is the scheduler's, so that no limit would hold everywhere.
      {
        what: 'event-loop delay p99 while scraped without a pause, more than alone',
        unit: ' ms',
        measured: median(own.scraped.p99s.map((p99, at) => p99 - own.alone.p99s[at]!)),
      },
      {
        what: "producers' throughput while scraped, of that alone",
        wanted: { atLeast: 0.95 },
        unit: ' x',
        measured: median(own.scraped.produced.map((produced, at) => produced / own.alone.produced[at]!)),
      },
    ],
    curves: [
      percentileCurve(
        "main thread's delay, scraped without a pause and alone",
        'ms from when each millisecond was due',
        programs.flatMap(({ library, alone, scraped }) => [
          [`${library}, scraped`, scraped.lateness] as const,
          [`${library}, alone`, alone.lateness] as const,
        ]),
      ),
    ],
    notes: [
      `the main thread and ${PRODUCERS} Workers make ${RECORDED} calls a millisecond each; a client process scrapes`,
      ...(hasProc
        ? [
            `while ${OWN} is scraped, ${own.scraped.busy.length} threads of program and client are busy, with ${used.toFixed(1)} processors' work`,
          ]
        : []),
      `of ${cores} processors ${busyInAll.toFixed(1)} were busy then, other programs' work included (${median(own.alone.processors).toFixed(1)} without scrapes): ${busyInAll <= cores - 1 ? 'a core was to spare' : 'no core was to spare, so that threads waited for their turn'}`,
      'the other libraries serve what their main thread has recorded, by node:http and zlib: what their Workers record is not in it',
    ],
  }
}

function newSum(): Sum {
  return { lateness: newHistogram(), p99s: [], produced: [], scrapes: 0, bytes: 0, busy: [], processors: [] }
}
