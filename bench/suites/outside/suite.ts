import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Child } from '../../harness/child.js'
import { untilStopped } from '../../harness/proc.js'
import { newHistogram, percentile, recordMilliseconds } from '../../harness/statistics.js'
import type { Report } from '../../report/model.js'
import { whyNoCommonMemory } from '../../work/common-memory.js'
import type { Answer } from '../../work/scrape-client.js'
import { startScrapeClient } from '../../work/scraping.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'

const CLI = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

/** Scrapes of a service by the command `postmeter serve`, by turns while the service runs and while it is stopped. */
export async function outside(effort: Effort): Promise<Report> {
  const { series, rounds } = effort.outside
  const why = whyNoCommonMemory()
  const took = { running: newHistogram(), stopped: newHistogram() }
  let failed = 0
  if (why === undefined) {
    const [service, pid] = await Child.start<number>(new URL('./program.js', import.meta.url), [`${series}`])
    const children: { stop(): Promise<void> }[] = [service]
    try {
      const client = await startScrapeClient()
      children.push(client)
      const front = await Front.start(pid)
      children.push(front)
      const order = { url: front.url, count: 1 }
      // The first rounds are for the optimiser.
      for (let round = -2; round < rounds; round++) {
        for (const state of ['running', 'stopped'] as const) {
          process.kill(pid, state === 'stopped' ? 'SIGSTOP' : 'SIGCONT')
          if (state === 'stopped') await untilStopped(pid)
          const answer = await client.ask<[Answer]>(order).then(
            ([one]) => one,
            () => undefined,
          )
          if (answer === undefined) failed++
          else if (round >= 0) recordMilliseconds(took[state], answer.whole)
        }
      }
    } finally {
      await Promise.all(children.map(child => child.stop()))
    }
  }
  const row = (label: string, state: keyof typeof took) => [
    label,
    ...[50, 90, 100].map(n => percentile(took[state], n)),
  ]
  return {
    suite: 'outside',
    served: servedBy(),
    what: `scrapes of a service of ${series.toLocaleString('en')} series by a front outside of it, ms`,
    columns: ['', 'p50', 'p90', 'max'],
    rows: why === undefined ? [row('it runs', 'running'), row('it is stopped (SIGSTOP)', 'stopped')] : [],
    figures:
      why === undefined
        ? [
            {
              what: 'scrapes while the service is stopped, to those while it runs (p50)',
              wanted: { atMost: 1.1 },
              unit: ' x',
              measured: percentile(took.stopped, 50) / percentile(took.running, 50),
            },
            { what: 'scrapes that failed', wanted: { atMost: 0 }, unit: ' scrapes', measured: failed },
          ]
        : [],
    notes: why === undefined ? ['by turns, so that both meet the same machine'] : [`not measured: ${why}`],
  }
}

/** The command, as an operator starts it. */
class Front {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, url: string) {
    this.#process = process
    this.url = url
  }

  static async start(pid: number): Promise<Front> {
    const args = [CLI, 'serve', '--pid', `${pid}`, '--listen', '127.0.0.1:0']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const said: string[] = []
    for await (const line of createInterface(child.stderr)) {
      const url = /serves on (http\S+)/.exec(line)?.[1]
      if (url !== undefined) return new Front(child, url)
      said.push(line)
    }
    throw new Error(`the front has ended: ${said.join('; ')}`)
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}
