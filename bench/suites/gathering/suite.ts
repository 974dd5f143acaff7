import { setTimeout as wait } from 'node:timers/promises'
import type { Histogram } from 'hdr-histogram-js'
import { Child } from '../../harness/child.js'
import type { Form } from '../../harness/member.js'
import { hasProc, processorTime, untilStopped } from '../../harness/proc.js'
import { newHistogram } from '../../harness/statistics.js'
import { absoluteBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import { whyNoCommonMemory } from '../../work/common-memory.js'
import type { Answer, Order } from '../../work/scrape-client.js'
import { startScrapeClient } from '../../work/scraping.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { LibraryName } from '../scenario/library.js'
import { DELIVERED, queueName, type Shape } from '../scenario/shape.js'
import type { Gathering } from './program.js'

/** Before each scrape, ms: scrapes come to programs that were not asked for a while. */
const REST = 200
const PROGRAM = new URL('./program.js', import.meta.url)

/** How each adds up its threads, and its processes. */
const WAYS: Readonly<Record<Form, Readonly<Partial<Record<LibraryName, string>>>>> = {
  threads: {
    postmeter: 'its front',
    'prom-client': 'messages as in its cluster module, which its users write for threads',
    '@prometheus-io/client': 'its WorkerRegistry',
    '@opentelemetry': 'recordings sent to the main thread, for want of anything else',
  },
  processes: {
    postmeter: 'its front, from memory that all of them share',
    'prom-client': 'its AggregatorRegistry',
    '@prometheus-io/client': 'its AggregatorRegistry',
  },
}

interface Program {
  readonly name: LibraryName
  readonly order: Order
  readonly pids: readonly number[]
  readonly took: Histogram
  bytes: number
  /** Processor time of the processes that record, ms a scrape. */
  asked: number
  /** Of the scrapes while all that record were stopped; undefined if none was tried. */
  failedStopped?: number
}

/** Scrapes of series that several threads, or processes, record into, each library by its own way to add them up. */
export async function gathering(effort: Effort): Promise<Report> {
  const { series, threads } = effort.gathering
  const why = whyNoCommonMemory()
  const forms: readonly Form[] = why === undefined ? ['threads', 'processes'] : ['threads']
  const found: (readonly [Form, Program[]])[] = []
  for (const form of forms) found.push([form, await gather(form, effort)])
  const at = ({ took }: Program, percentile: number) => took.getValueAtPercentile(percentile) / 1000
  const ownOf = (programs: readonly Program[]) => programs.find(({ name }) => name === 'postmeter')!
  return {
    suite: 'gathering',
    served: servedBy(),
    what: `${series.toLocaleString('en')} counters that ${threads} threads, or processes, record into, scraped over loopback, ms`,
    columns: ['', 'p50', 'p90', 'max', 'MB', 'to postmeter', 'CPU ms', 'added up by'],
    rows: found.flatMap(([form, programs]) =>
      programs.map(program => [
        `${program.name}, ${form}`,
        ...[50, 90, 100].map(percentile => at(program, percentile)),
        program.bytes / 1e6,
        at(program, 50) / at(ownOf(programs), 50),
        program.asked,
        WAYS[form][program.name]!,
      ]),
    ),
    figures: found
      .filter(([form]) => form === 'processes')
      .flatMap(([, programs]) => {
        const own = ownOf(programs)
        return [
          ...programs
            .filter(program => program !== own)
            .map(
              (program): Figure => ({
                what: `a scrape of ${threads} processes, times as fast as ${program.name}'s (p50)`,
                wanted: { atLeast: 40 },
                unit: ' x',
                measured: at(program, 50) / at(own, 50),
              }),
            ),
          {
            what: 'scrapes of postmeter that failed while all processes that record were stopped',
            wanted: { atMost: 0 },
            unit: ' scrapes',
            measured: own.failedStopped!,
          },
        ]
      }),
    bars: found.map(([form, programs]) =>
      absoluteBars(
        `a scrape of what ${threads} ${form} recorded`,
        'ms',
        programs.map(program => [program.name, at(program, 50)]),
      ),
    ),
    notes: [
      'each was seen to expose the sum of all threads, or processes, first; all but postmeter need the event loop of each of them, or of the main one, at each scrape',
      'CPU: what a scrape takes the processes that record, all of them together; postmeter was scraped, too, while all of them were stopped (SIGSTOP)',
      ...(why === undefined ? [] : [`not measured in processes: ${why}`]),
    ],
  }
}

async function gather(form: Form, effort: Effort): Promise<Program[]> {
  const { series, threads, rounds } = effort.gathering
  const shape: Shape = {
    form,
    seed: 1,
    threads,
    series,
    churn: 0,
    seconds: 1,
    rate: 1,
    every: 1000,
    patience: 10_000,
    block: { thread: -1, at: 0, seconds: 0 },
    kill: { thread: -1, at: 0 },
  }
  const sample = `${DELIVERED}{queue="${queueName(0, 0)}"}`.replace(/[{}.]/g, '\\$&')
  const programs: Program[] = []
  const children: Child[] = []
  try {
    const client = await startScrapeClient()
    children.push(client)
    const valueAt = async (url: string) => (await client.ask<[Answer]>({ url, count: 1, sample }))[0].value
    for (const name of Object.keys(WAYS[form]) as LibraryName[]) {
      const [child, { url, pids }] = await Child.start<Gathering>(PROGRAM, [name, JSON.stringify(shape)])
      children.push(child)
      // One of them exposes what was sent to its main thread, which takes a moment.
      while ((await valueAt(url)) !== threads);
      programs.push({ name, pids, order: { url, count: 1 }, took: newHistogram(), bytes: 0, asked: 0 })
    }
    for (let round = -1; round < rounds; round++) {
      for (const program of programs) {
        // What the one before has left to collect is not this one's.
        await wait(REST)
        const before = busy(program)
        const [answer] = await client.ask<[Answer]>(program.order)
        program.bytes = answer.bytes
        // The first round is for the optimiser.
        if (round < 0) continue
        program.asked += (busy(program) - before) / rounds
        program.took.recordValue(Math.max(1, Math.round(answer.whole * 1000)))
      }
    }
    const own = programs.find(({ name }) => name === 'postmeter')!
    if (form === 'processes') {
      for (const pid of own.pids) {
        process.kill(pid, 'SIGSTOP')
        await untilStopped(pid)
      }
      own.failedStopped = 0
      for (let round = 0; round < rounds; round++) {
        const value = await valueAt(own.order.url).catch(() => Number.NaN)
        if (value !== threads) own.failedStopped++
      }
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
  return programs
}

/** What the processes that record have used so far; NaN where they are threads. */
function busy({ pids }: Program): number {
  if (pids.length === 0 || !hasProc) return Number.NaN
  return pids.reduce((sum, pid) => sum + processorTime(pid), 0)
}
