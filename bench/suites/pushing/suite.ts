import { Child } from '../../harness/child.js'
import { forgetPeak, hasProc, peakResident, processorTime, resident } from '../../harness/proc.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import { startScrapeClient } from '../../work/scraping.js'
import type { Effort } from '../effort.js'
import type { Asked, Contender } from './program.js'
import type { Taken } from './sink.js'

/** What one push, or scrape, took the program. */
interface Cost {
  readonly cpu: number
  readonly wall: number
  readonly grown: number
  readonly requests: number
  readonly bytes: number
}

/** Pushes to a receiver that answers at once, beside scrapes of the same series, and beside OpenTelemetry's. */
export async function pushing(effort: Effort): Promise<Report> {
  const { series, compared, rounds, recording } = effort.pushing
  const [sink, port] = await Child.start<number>(new URL('./sink.js', import.meta.url), [])
  const children: { stop(): Promise<void> }[] = [sink]
  const start = async (contender: Omit<Contender, 'url'>) => {
    const path = contender.protocol === 'remote-write' ? '/api/v1/write' : '/v1/metrics'
    const [child, url] = await Child.start<string>(new URL('./program.js', import.meta.url), [
      JSON.stringify({ ...contender, url: `http://127.0.0.1:${port}${path}` } satisfies Contender),
    ])
    children.push(child)
    return { child, url }
  }
  try {
    const client = await startScrapeClient()
    children.push(client)
    const costs = new Map<string, Cost[]>()
    const measure = async (label: string, child: Child, act: () => Promise<unknown>, warm: boolean) => {
      await sink.ask<Taken>('taken')
      const before = hasProc ? resident(child.pid) : 0
      if (hasProc) forgetPeak(child.pid)
      const cpu = hasProc ? processorTime(child.pid) : 0
      const begun = performance.now()
      const came = await act()
      const wall = performance.now() - begun
      if (came === false) throw new Error(`${label}: not all was taken`)
      const taken = await sink.ask<Taken>('taken')
      const cost = {
        cpu: hasProc ? processorTime(child.pid) - cpu : Number.NaN,
        wall,
        grown: hasProc ? peakResident(child.pid) - before : Number.NaN,
        ...taken,
      }
      if (!warm) costs.set(label, [...(costs.get(label) ?? []), cost])
    }

    const undisturbed: number[] = []
    const programs = [
      ['remote write 1.0', { protocol: 'remote-write', version: '1.0' }],
      ['remote write 2.0', { protocol: 'remote-write', version: '2.0' }],
      ['OTLP', { protocol: 'otlp' }],
    ] as const
    for (const [label, how] of programs) {
      const { child, url } = await start({ library: 'postmeter', series, ...how })
      for (let round = -1; round < rounds; round++) {
        await measure(`a scrape beside ${label}`, child, () => client.ask({ url, count: 1 }), round < 0)
        await measure(label, child, () => child.ask({ push: true }), round < 0)
      }
      if (label === 'remote write 1.0') {
        for (let round = -1; round < rounds; round++) {
          const quiet = await child.ask<number>({ record: recording, pushing: false } satisfies Asked)
          const beside = await child.ask<number>({ record: recording, pushing: true } satisfies Asked)
          if (round >= 0) undisturbed.push(beside / quiet)
        }
      }
      await child.stop()
    }

    const few = { series: compared }
    const [own, other] = [
      await start({ library: 'postmeter', protocol: 'otlp', ...few }),
      await start({ library: 'opentelemetry', ...few }),
    ]
    for (let round = -1; round < rounds; round++) {
      await measure('OTLP of fewer', own.child, () => own.child.ask({ push: true }), round < 0)
      await measure('@opentelemetry', other.child, () => other.child.ask({ push: true }), round < 0)
    }

    const of = (label: string, what: keyof Cost) => median(costs.get(label)!.map(cost => cost[what]))
    const toScrape = (label: string) =>
      median(costs.get(label)!.map(({ cpu }, n) => cpu / costs.get(`a scrape beside ${label}`)![n]!.cpu))
    const figures: Figure[] = [
      ...programs.map(
        ([label]): Figure => ({
          what: `processor time of a push (${label}), to a plain scrape`,
          wanted: { atMost: 10 },
          unit: ' x',
          measured: toScrape(label),
        }),
      ),
      {
        what: 'memory of a push by remote write at its peak',
        wanted: { atMost: 32 },
        unit: ' MiB',
        measured: Math.max(...costs.get('remote write 1.0')!.map(({ grown }) => grown)),
      },
      {
        what: 'recording while a push is made, to recording beside nothing',
        wanted: { atMost: 1.1 },
        unit: ' x',
        measured: median(undisturbed),
      },
      {
        what: `processor time of @opentelemetry's exporter, to ours (OTLP, ${compared.toLocaleString('en')} series)`,
        wanted: { atLeast: 20 },
        unit: ' x',
        measured: median(
          costs.get('@opentelemetry')!.map(({ cpu }, n) => cpu / costs.get('OTLP of fewer')![n]!.cpu),
        ),
      },
    ]
    return {
      suite: 'pushing',
      what: `pushes of ${series.toLocaleString('en')} series to a receiver that answers at once, and of ${compared.toLocaleString('en')}`,
      columns: ['', 'cpu ms', 'ms', 'grown MiB', 'requests', 'MB sent'],
      rows: [...costs.keys()].map(label => [
        label,
        of(label, 'cpu'),
        of(label, 'wall'),
        of(label, 'grown'),
        of(label, 'requests'),
        of(label, 'bytes') / 1e6,
      ]),
      figures,
      notes: [
        'processor time is that of the whole program, with the threads that encode and send; the receiver is another process',
        'the scrapes are plain ones, by turns with the pushes of the same program',
        '@opentelemetry has a limit of 2,000 label sets a metric, which was raised; it exports from the thread that records',
      ],
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}
