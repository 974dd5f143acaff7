import { newHistogram, percentile, recordMilliseconds } from '../../harness/statistics.js'
import { percentileCurve } from '../../report/curves.js'
import type { Report } from '../../report/model.js'
import type { Answer, Order } from '../../work/scrape-client.js'
import type { Burn } from '../../work/scrape-server.js'
import { RECORDED } from '../../work/scrape-worker.js'
import { startScrapeClient, startScrapeServer } from '../../work/scraping.js'
import type { Effort } from '../effort.js'

/** Scrapes on a schedule while the main thread is blocked, beside the same while another thread is as busy. */
export async function blocked(effort: Effort): Promise<Report> {
  const { size, seconds, perSecond } = effort.blocked
  const [server, serving] = await startScrapeServer(size, 1)
  const children = [server]
  try {
    const client = await startScrapeClient()
    children.push(client)
    const order: Order = {
      url: serving.url,
      count: Math.floor(seconds * perSecond),
      every: 1000 / perSecond,
      sample: RECORDED,
    }
    await client.ask<Answer[]>({ ...order, count: perSecond, every: 1 })
    const answers: Record<Burn['thread'], Answer[]> = { other: [], main: [] }
    for (const thread of ['other', 'main'] as const) {
      // Longer than the scrapes take, so that the last of them is under it too.
      await server.ask({
        thread,
        milliseconds: seconds * 1000 + 500,
      } satisfies Burn)
      answers[thread] = await client.ask<Answer[]>(order)
      await new Promise(resolve => setTimeout(resolve, 1000))
    }
    const histograms = { other: newHistogram(), main: newHistogram() }
    for (const thread of ['other', 'main'] as const) {
      for (const { whole } of answers[thread]) recordMilliseconds(histograms[thread], whole)
    }
    const p50 = (thread: Burn['thread']) => percentile(histograms[thread], 50)
    const recorded = (thread: Burn['thread']) => answers[thread].at(-1)!.value - answers[thread][0]!.value
    const row = (label: string, thread: Burn['thread']) => [
      label,
      ...[50, 90, 99, 100].map(n => percentile(histograms[thread], n)),
      recorded(thread),
    ]
    return {
      suite: 'blocked',
      served: serving.served,
      what: `scrapes of ${size.toLocaleString('en')} series, ${perSecond} a second for ${seconds} s, ms from when each was due`,
      columns: ['', 'p50', 'p90', 'p99', 'max', 'recorded meanwhile'],
      rows: [row('another thread in a loop', 'other'), row('the main thread in a loop', 'main')],
      figures: [
        {
          what: 'scrapes with the main thread blocked, to those without (p50)',
          wanted: { atMost: 1.25 },
          unit: ' x',
          measured: p50('main') / p50('other'),
        },
        {
          what: 'recorded by a Worker meanwhile and seen by the scrapes',
          wanted: { atLeast: 1 },
          unit: ' counts',
          measured: recorded('main'),
        },
      ],
      curves: [
        percentileCurve('scrapes while a thread is in a loop', 'ms from when each was due', [
          ['postmeter, main thread in a loop', histograms.main],
          ['another thread in a loop', histograms.other],
        ]),
      ],
      notes: [
        'both runs have one thread in a loop and one Worker that records, so that only which thread it is differs',
      ],
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}
