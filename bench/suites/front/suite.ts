import { Child } from '../../harness/child.js'
import { median, newHistogram } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import type { Answer, Order } from '../../work/scrape-client.js'
import type { Serving } from '../../work/scrape-server.js'
import { startEncodedServer, startScrapeClient } from '../../work/scraping.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { Load } from './client.js'

const SERVER = new URL('./server.js', import.meta.url)
const CLIENT = new URL('./client.js', import.meta.url)

const STALLED = 100
const FLOOD = 32
/** Turns of each side, to which the seconds are divided. */
const SMALL_ROUNDS = 4
const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))

/** Small scrapes, many; and a large one among readers that stall and a flood of requests that are refused. */
export async function front(effort: Effort): Promise<Report> {
  const { small, large, seconds, rounds } = effort.front
  const many = await manySmall(small, seconds / SMALL_ROUNDS, SMALL_ROUNDS)
  const attacked = await underAttack(large, seconds, rounds)
  return {
    suite: 'front',
    served: servedBy(),
    what: `small scrapes of ${small} series; scrapes of ${large.toLocaleString('en')} series, quiet and attacked`,
    columns: ['', 'p50', 'p90', 'max'],
    rows: [...many.rows, ...attacked.rows],
    figures: [...many.figures, ...attacked.figures],
    notes: [...many.notes, ...attacked.notes],
  }
}

type Part = Pick<Report, 'rows' | 'figures' | 'notes'>

/** Small scrapes beside the same answer as a fixed body, of the same transport and for the same client, in turns. */
async function manySmall(series: number, seconds: number, rounds: number): Promise<Part> {
  const [server, live] = await Child.start<Serving>(SERVER, [String(series), '0'])
  const children = [server]
  try {
    const [encoded, fixed] = await startEncodedServer(live)
    children.push(encoded)
    const [client] = await Child.start<string>(CLIENT, [])
    children.push(client)
    const ask = <T>(load: Load) => client.ask<T>(load)
    const sides = [live, fixed].map(({ url }) => ({
      url,
      rates: [] as number[],
      p99s: [] as number[],
      times: [] as number[],
    }))
    for (let round = -1; round < rounds; round++) {
      for (const { url, rates, p99s, times } of sides) {
        const rate = await ask<number>({ kind: 'most', url, connections: 16, seconds })
        const paced = await ask<number[]>({ kind: 'paced', url, perSecond: 1000, seconds })
        // The first round is for the optimiser.
        if (round < 0) continue
        rates.push(rate)
        p99s.push(table('', paced).at(99))
        times.push(...paced)
      }
    }
    const [own, floor] = sides as [(typeof sides)[0], (typeof sides)[0]]
    return {
      rows: [
        table(`${series} series, 1,000 a second, ms (${live.served})`, own.times).row,
        table(`the same as a fixed body, ms (${fixed.served})`, floor.times).row,
      ],
      figures: [
        {
          what: 'small scrapes a second, to answers with a fixed body',
          wanted: { atLeast: 0.5 },
          unit: ' x',
          measured: median(own.rates.map((rate, at) => rate / floor.rates[at]!)),
        },
        {
          what: 'small scrapes at 1,000 a second, p99, to that of a fixed body',
          wanted: { atMost: 2 },
          unit: ' x',
          measured: median(own.p99s.map((p99, at) => p99 / floor.p99s[at]!)),
        },
        { what: 'small scrapes a second', unit: '', measured: median(own.rates) },
        { what: 'small scrapes at 1,000 a second, p99', unit: ' ms', measured: median(own.p99s) },
      ],
      notes: [
        'the client of the small scrapes is a process of its own; it is at most as fast as the front, and more so with a fixed body',
      ],
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}

async function underAttack(series: number, seconds: number, rounds: number): Promise<Part> {
  const [server, { url }] = await Child.start<Serving>(SERVER, [String(series), '1'])
  const children = [server]
  const start = async (program: URL) => {
    const [child] = await Child.start<string>(program, [])
    children.push(child)
    return child
  }
  try {
    const reader = await startScrapeClient()
    children.push(reader)
    const scrapes = async () => {
      const answers: Answer[] = []
      for (let at = 0; at < rounds; at++)
        answers.push(...(await reader.ask<Answer[]>({ url, count: 1 } satisfies Order)))
      return answers.map(({ whole }) => whole)
    }
    const produced = async () => {
      const before = (await server.ask<number>('produced')) as number
      const begin = performance.now()
      await pause(seconds)
      const after = (await server.ask<number>('produced')) as number
      return ((after - before) / (performance.now() - begin)) * 1000
    }
    await scrapes()
    const quiet = await scrapes()
    // The same processor load without a request: one loop for the client, one for the front that answers it.
    const burners = [await start(CLIENT), await start(CLIENT)]
    await Promise.all(
      burners.map(child => child.ask({ kind: 'burn', seconds: seconds + 0.5 } satisfies Load)),
    )
    await pause(0.2)
    const burdened = await produced()
    await Promise.all(burners.map(child => child.stop()))
    const stalling = await start(CLIENT)
    await stalling.ask({ kind: 'stall', url, count: STALLED } satisfies Load)
    await pause(1.5)
    const flooding = await start(CLIENT)
    await flooding.ask({ kind: 'flood', url, connections: FLOOD } satisfies Load)
    await pause(0.2)
    const attacked = await scrapes()
    const under = await produced()
    const [calm, hostile] = [table('quiet, ms', quiet), table('attacked, ms', attacked)]
    const figures: Figure[] = [
      {
        what: 'a scrape among 100 stalled readers and a flood of refused requests, to a quiet one (p50)',
        wanted: { atMost: 3 },
        unit: ' x',
        measured: median(attacked) / median(quiet),
      },
      {
        what: 'what a producer records meanwhile, of that under the same processor load',
        wanted: { atLeast: 0.9 },
        unit: ' x',
        measured: under / burdened,
      },
    ]
    return { rows: [calm.row, hostile.row], figures, notes: [] }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}

function table(label: string, times: readonly number[]) {
  const histogram = newHistogram()
  for (const time of times) histogram.recordValue(Math.max(1, Math.round(time * 1000)))
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return { row: [label, at(50), at(90), at(100)] as (string | number)[], at }
}
