import type { Histogram } from 'hdr-histogram-js'
import { Child } from '../../harness/child.js'
import { newHistogram } from '../../harness/statistics.js'
import { absoluteBars } from '../../report/curves.js'
import type { Report } from '../../report/model.js'
import type { Answer, Order } from '../../work/scrape-client.js'
import { startScrapeClient } from '../../work/scraping.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { LibraryName } from '../scenario/library.js'
import { DELIVERED, queueName, type Shape } from '../scenario/shape.js'

const PROGRAM = new URL('./program.js', import.meta.url)

/** How each adds up its threads. */
const WAYS = {
  postmeter: 'its front',
  'prom-client': 'messages as in its cluster module, which its users write for threads',
  '@prometheus-io/client': 'its WorkerRegistry',
  '@opentelemetry': 'recordings sent to the main thread, for want of anything else',
} as const satisfies Partial<Record<LibraryName, string>>
type Gatherer = keyof typeof WAYS

interface Program {
  readonly name: Gatherer
  readonly child: Child
  readonly order: Order
  readonly took: Histogram
  bytes: number
}

/** Scrapes of series that several threads record into, each library by its own way to add them up. */
export async function gathering(effort: Effort): Promise<Report> {
  const { series, threads, rounds } = effort.gathering
  const shape: Shape = {
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
  const programs: Program[] = []
  const children: Child[] = []
  try {
    const client = await startScrapeClient()
    children.push(client)
    for (const name of Object.keys(WAYS) as Gatherer[]) {
      const [child, url] = await Child.start<string>(PROGRAM, [name, JSON.stringify(shape)])
      children.push(child)
      const sample = `${DELIVERED}{queue="${queueName(0, 0)}"}`.replace(/[{}.]/g, '\\$&')
      const order: Order = { url, count: 1, sample }
      // One of them exposes what was sent to its main thread, which takes a moment.
      for (let value = Number.NaN; value !== threads; ) [{ value }] = await client.ask<[Answer]>(order)
      programs.push({ name, child, order: { url, count: 1 }, took: newHistogram(), bytes: 0 })
    }
    for (let round = -1; round < rounds; round++) {
      for (const program of programs) {
        const [answer] = await client.ask<[Answer]>(program.order)
        program.bytes = answer.bytes
        // The first round is for the optimiser.
        if (round >= 0) program.took.recordValue(Math.max(1, Math.round(answer.whole * 1000)))
      }
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
  const at = ({ took }: Program, percentile: number) => took.getValueAtPercentile(percentile) / 1000
  const own = programs.find(({ name }) => name === 'postmeter')!
  return {
    suite: 'gathering',
    served: servedBy(),
    what: `${series.toLocaleString('en')} counters that ${threads} threads record into, scraped over loopback, ms`,
    columns: ['', 'p50', 'p90', 'max', 'MB', 'to postmeter', 'added up by'],
    rows: programs.map(program => [
      program.name,
      ...[50, 90, 100].map(percentile => at(program, percentile)),
      program.bytes / 1e6,
      at(program, 50) / at(own, 50),
      WAYS[program.name],
    ]),
    figures: [],
    bars: [
      absoluteBars(
        `a scrape of what ${threads} threads recorded`,
        'ms',
        programs.map(program => [program.name, at(program, 50)]),
      ),
    ],
    notes: [
      'each was seen to expose the sum of all threads first; all but postmeter need the event loop of each thread, or of the main one, at each scrape',
    ],
  }
}
