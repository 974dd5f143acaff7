import type { Histogram } from 'hdr-histogram-js'
import { Child } from './child.js'
import { percentileCurve, ratioBars } from './curves.js'
import { median, newHistogram } from './harness.js'
import { forgetPeak, hasProc, peakResident, resident } from './proc.js'
import type { Figure, Report } from './report.js'
import type { Answer, Order } from './scrape-client.js'
import type { Burn, Serving } from './scrape-server.js'
import { RECORDED } from './scrape-worker.js'
import type { Effort } from './suites.js'

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
  const [own, serving] = await Child.start<Serving>('scrape-server.js', [String(size), '0'])
  const children = [own]
  try {
    const [floor, encoded] = await Child.start<Serving>('encoded-server.js', [serving.url, serving.transport])
    children.push(floor)
    const [client] = await Child.start<string>('scrape-client.js', [])
    children.push(client)

    const readings: Reading[] = [
      { label: `postmeter (${serving.transport})`, order: { url: serving.url, count: 1 }, server: own },
      { label: `already encoded (${encoded.transport})`, order: { url: encoded.url, count: 1 } },
      {
        label: `postmeter, gzip (${serving.transport})`,
        order: { url: serving.url, count: 1, gzip: true },
        server: own,
      },
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
        record(latencies, answer!.whole)
      }
    }
    const [plain, encodedBefore, gzip] = readings as [Reading, Reading, Reading]
    const growth = (what: string, { growths }: Reading): Figure => ({
      what: `resident memory up during a ${what}`,
      wanted: { atMost: 32 },
      unit: ' MiB',
      measured: Math.max(...growths),
    })
    return {
      suite: 'scrape',
      what: `${size.toLocaleString('en')} series over loopback, ms`,
      columns: ['', 'p50', 'p90', 'max', 'first byte p50', 'first byte max', 'MB'],
      rows: readings.map(({ label, answers, latencies }) => [
        label,
        ...[50, 90, 100].map(percentile => percentileOf(latencies, percentile)),
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
          what: 'first byte of it',
          wanted: { atMost: 20 },
          unit: ' ms',
          measured: Math.max(...plain.answers.map(({ firstByte }) => firstByte)),
        },
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

/** Scrapes on a schedule while the main thread is blocked, beside the same while another thread is as busy. */
export async function blocked(effort: Effort): Promise<Report> {
  const { size, seconds, perSecond } = effort.blocked
  const [server, serving] = await Child.start<Serving>('scrape-server.js', [String(size), '1'])
  const children = [server]
  try {
    const [client] = await Child.start<string>('scrape-client.js', [])
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
      for (const { whole } of answers[thread]) record(histograms[thread], whole)
    }
    const p50 = (thread: Burn['thread']) => percentileOf(histograms[thread], 50)
    const recorded = (thread: Burn['thread']) => answers[thread].at(-1)!.value - answers[thread][0]!.value
    const row = (label: string, thread: Burn['thread']) => [
      label,
      ...[50, 90, 99, 100].map(percentile => percentileOf(histograms[thread], percentile)),
      recorded(thread),
    ]
    return {
      suite: 'blocked',
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
          unit: '',
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

/** Milliseconds, kept as microseconds. */
function record(histogram: Histogram, milliseconds: number): void {
  histogram.recordValue(Math.max(1, Math.round(milliseconds * 1000)))
}

function percentileOf(histogram: Histogram, percentile: number): number {
  return histogram.getValueAtPercentile(percentile) / 1000
}
