import type { Histogram } from 'hdr-histogram-js'
import type { Child } from '../../harness/child.js'
import { forgetPeak, hasProc, peakResident, resident } from '../../harness/proc.js'
import { median, newHistogram, percentile, recordMilliseconds } from '../../harness/statistics.js'
import { ratioBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import type { Answer, Order } from '../../work/scrape-client.js'
import { startEncodedServer, startScrapeClient, startScrapeServer } from '../../work/scraping.js'
import type { Effort } from '../effort.js'

/** One way to read, and how it went. */
interface Reading {
  readonly label: string
  readonly order: Order
  /** Whose memory is looked at. */
  readonly server?: Child
  readonly answers: Answer[]
  readonly latencies: Histogram
  readonly growths: number[]
}

/** Whole scrapes over loopback, beside the same bytes already encoded, in turn. */
export async function scrape(effort: Effort): Promise<Report> {
  const { size, rounds } = effort.scrape
  const [own, serving] = await startScrapeServer(size)
  const children = [own]
  try {
    const [floor, encoded] = await startEncodedServer(serving)
    children.push(floor)
    const client = await startScrapeClient()
    children.push(client)

    // What it costs to do without uWebSockets.js, where it serves.
    const without: Omit<Reading, 'answers' | 'latencies' | 'growths'>[] = []
    if (serving.transport === 'uws') {
      const [http, { url, served }] = await startScrapeServer(size, 0, 'http')
      children.push(http)
      without.push({ label: `postmeter (${served})`, order: { url, count: 1 } })
      without.push({ label: `postmeter, gzip (${served})`, order: { url, count: 1, gzip: true } })
    }

    const readings: Reading[] = [
      { label: `postmeter (${serving.served})`, order: { url: serving.url, count: 1 }, server: own },
      { label: `already encoded (${encoded.served})`, order: { url: encoded.url, count: 1 } },
      {
        label: `postmeter, gzip (${serving.served})`,
        order: { url: serving.url, count: 1, gzip: true },
        server: own,
      },
      ...without,
    ].map(reading => ({ ...reading, answers: [], latencies: newHistogram(), growths: [] }))
    for (let round = -1; round < rounds; round++) {
      for (const { order, server, answers, latencies, growths } of readings) {
        const measured = hasProc && server !== undefined
        const before = measured ? resident(server.pid) : 0
        if (measured) forgetPeak(server.pid)
        const [answer] = await client.ask<Answer[]>(order)
        if (measured) growths.push(peakResident(server.pid) - before)
        // The first round warms the pool and the connections' buffers; its memory counts all the same.
        if (round < 0) continue
        answers.push(answer!)
        recordMilliseconds(latencies, answer!.whole)
      }
    }
    const [plain, encodedBefore, gzip, ...overHttp] = readings as [Reading, Reading, Reading, ...Reading[]]
    const toUws = (what: string, http: Reading, uws: Reading): Figure => ({
      what: `${what} over node:http, to one over uWebSockets.js`,
      unit: ' x',
      measured: median(http.answers.map(({ whole }, at) => whole / uws.answers[at]!.whole)),
    })
    const growth = (what: string, { growths }: Reading): Figure => ({
      what: `resident memory up during a ${what}`,
      wanted: { atMost: 32 },
      unit: ' MiB',
      measured: Math.max(...growths),
    })
    return {
      suite: 'scrape',
      served: serving.served,
      what: `${size.toLocaleString('en')} series over loopback, ms`,
      columns: ['', 'p50', 'p90', 'max', 'first byte p50', 'first byte max', 'MB'],
      rows: readings.map(({ label, answers, latencies }) => [
        label,
        ...[50, 90, 100].map(n => percentile(latencies, n)),
        median(answers.map(({ firstByte }) => firstByte)),
        Math.max(...answers.map(({ firstByte }) => firstByte)),
        answers[0]!.bytes / 1e6,
      ]),
      figures: [
        {
          what: 'whole scrape, to the same bytes sent already encoded',
          wanted: { atMost: 2 },
          unit: ' x',
          measured: median(plain.answers.map(({ whole }, at) => whole / encodedBefore.answers[at]!.whole)),
        },
        {
          what: 'longest wait for the first byte of it, to the whole of that scrape',
          wanted: { atMost: 0.1 },
          unit: ' x',
          measured: Math.max(...plain.answers.map(({ firstByte, whole }) => firstByte / whole)),
        },
        {
          what: 'longest wait for the first byte of it',
          unit: ' ms',
          measured: Math.max(...plain.answers.map(({ firstByte }) => firstByte)),
        },
        ...overHttp.map((http, at) =>
          at === 0 ? toUws('a scrape', http, plain) : toUws('a compressed scrape', http, gzip),
        ),
        ...(hasProc ? [growth('scrape', plain), growth('compressed scrape', gzip)] : []),
      ],
      bars: [
        ratioBars(
          'whole scrape, times as long as already encoded',
          'times as long',
          readings.map(({ label, answers }) => [
            label,
            median(answers.map(({ whole }, at) => whole / encodedBefore.answers[at]!.whole)),
          ]),
        ),
      ],
      notes: hasProc
        ? [plain, gzip].map(
            ({ label, growths }) =>
              `resident memory up, scrape by scrape from the first, ${label}: ${growths.map(one => one.toFixed(1)).join(', ')} MiB`,
          )
        : ['memory not measured: this system has no /proc'],
    }
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}
