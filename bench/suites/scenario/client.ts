/**
 * A reader as Prometheus is one: a scrape when one is due, one at a time, given up after a while; what was due
 * meanwhile is left out. In a process of its own, so that nothing that a library does to its process is hidden.
 */
import { Agent, get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { answerQuestions } from '../../harness/child.js'
import { newHistogram } from '../../harness/statistics.js'
import { type Exposed, parse } from './exposed.js'
import { MESSAGES, type Shape } from './shape.js'

export type ClientQuestion =
  /** Scrapes for as long as the scenario lasts. */
  | { readonly scrape: string; readonly shape: Shape }
  /** One more, now that nothing is recorded any more. */
  | { readonly last: string; readonly shape: Shape }

export interface Scraped {
  readonly due: number
  readonly made: number
  readonly failures: number
  /** Due while the one before went on. */
  readonly missed: number
  /** How often a counter was less than in the scrape before, which no counter may be. */
  readonly fell: number
  /** Milliseconds from when a scrape was due; failed and missed ones count with how long a reader was without. */
  readonly p50: number
  readonly p99: number
  readonly bytes: number
  /** What was wrong with those that failed, and how often. */
  readonly reasons: Readonly<Record<string, number>>
}

export interface Last {
  /** Why the last scrape failed, if it did. */
  readonly why: string | undefined
  /** What the last one that did not fail exposed; undefined if all failed. */
  readonly exposed: Exposed | undefined
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let good: Buffer | undefined

answerQuestions<ClientQuestion>('ready', question =>
  'scrape' in question ? scrapes(question.scrape, question.shape) : last(question.last, question.shape),
)

async function scrapes(url: string, { seconds, every, patience }: Shape): Promise<Scraped> {
  const latencies = newHistogram()
  const reasons: Record<string, number> = {}
  const due = Math.floor((seconds * 1000) / every)
  const start = performance.now()
  let made = 0
  let failures = 0
  let fell = 0
  let before = 0
  for (let tick = 0; tick < due; ) {
    const at = start + tick * every
    await wait(Math.max(0, at - performance.now()))
    made++
    try {
      good = await scrapeOnce(url, patience)
      const now = sumOf(good)
      if (now < before) fell++
      before = now
    } catch (error) {
      failures++
      const reason = error instanceof Error ? error.message : String(error)
      reasons[reason] = (reasons[reason] ?? 0) + 1
    }
    const took = performance.now() - at
    // Adds those that were due meanwhile, each with what was left of the wait.
    latencies.recordValueWithExpectedInterval(Math.max(1, Math.round(took * 1000)), every * 1000)
    tick = Math.max(tick + 1, Math.ceil((performance.now() - start) / every))
  }
  const percentile = (n: number) => latencies.getValueAtPercentile(n) / 1000
  return {
    due,
    made,
    failures,
    missed: due - made,
    fell,
    p50: percentile(50),
    p99: percentile(99),
    bytes: good?.length ?? 0,
    reasons,
  }
}

async function last(url: string, shape: Shape): Promise<Last> {
  let why: string | undefined
  try {
    good = await scrapeOnce(url, shape.patience)
  } catch (error) {
    why = error instanceof Error ? error.message : String(error)
  }
  return { why, exposed: good && parse(good.toString('utf8'), shape) }
}

/** The whole body; rejects unless it came whole, in time, with a 200 before it. */
function scrapeOnce(url: string, patience: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const body = Buffer.concat(chunks)
        if (response.statusCode !== 200)
          reject(new Error(`${response.statusCode}: ${body.toString('utf8', 0, 100)}`))
        else if (!response.complete) reject(new Error('the body is not whole'))
        else resolve(body)
      })
    })
    request.on('error', reject)
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${patience / 1000} s`)),
      patience,
    )
    request.once('close', () => clearTimeout(timer))
  })
}

/** Of the counters by service. */
function sumOf(body: Buffer): number {
  const sample = `\n${MESSAGES}{`
  const from = body.indexOf(sample)
  if (from < 0) return 0
  const end = body.indexOf('\n#', from)
  let sum = 0
  for (const line of body.toString('utf8', from, end < 0 ? body.length : end).split('\n')) {
    if (line.startsWith(`${MESSAGES}{`)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}
