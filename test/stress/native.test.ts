/**
 * Real threads that observe into native histograms and are killed while blocks are replaced, scraped all the while.
 * POSTMETER_STRESS_SECONDS says how long; 5 if left out.
 *
 * Allowed: of each thread that died, the observation that it was in counted or not, in either kind of bucket.
 * Forbidden: any other lost or counted twice; a count seen to fall; a count that is not that of its buckets.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { HistogramValue } from '../../src/index.js'
import { NATIVE } from '../fixtures/native-worker.js'
import { decoded, inBuckets } from '../support/native.js'
import { messages } from '../support/protobuf.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
const THREADS = 3

t.test(`threads are killed for ${SECONDS} s`, { timeout: (SECONDS + 60) * 1000 }, async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  registry.histogram(NATIVE)
  const logs: Int32Array[] = []
  let lives = 0
  let running = true
  async function live(): Promise<void> {
    while (running) {
      const log = new Int32Array(new SharedArrayBuffer(8))
      logs.push(log)
      const worker = new Worker(new URL('../fixtures/native-worker.js', import.meta.url), {
        workerData: { name: registry.name, life: lives++, log },
      })
      const exit = once(worker, 'exit')
      const enough = 500 * (1 + (lives % 40))
      await until('it observes', () => Atomics.load(log, 1) > enough || !running)
      await worker.terminate()
      await exit
    }
  }
  const threads = Array.from({ length: THREADS }, live)
  const seen = new Map<string, number>()
  let scrapes = 0
  let fell = 0
  async function scrape(): Promise<void> {
    const [message] = messages(await registry.metrics({ format: 'protobuf' }))
    for (const metric of message?.metric ?? []) {
      const x = metric.label?.[0].value as string
      const { count } = decoded(metric)
      if (count < (seen.get(x) ?? 0)) fell++
      seen.set(x, count)
    }
    scrapes++
  }
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end || lives <= 2 * THREADS || scrapes <= 5) await scrape()
  running = false
  await Promise.all(threads)
  await scrape() // label sets that came after the last one
  t.equal(fell, 0, 'no count fell')
  const begun = logs.reduce((all, log) => all + log[0], 0)
  const done = logs.reduce((all, log) => all + log[1], 0)
  let native = 0
  let classic = 0
  const schemas = new Set<number>()
  for (const x of seen.keys()) {
    const value = registry.value('h', { x }) as HistogramValue & {
      native: NonNullable<HistogramValue['native']>
    }
    native += inBuckets(value.native)
    classic += value.count
    schemas.add(value.native.schema)
  }
  t.comment(`${lives} lives, ${done} observations, ${scrapes} scrapes, schemas ${[...schemas]}`)
  t.ok(native >= done && native <= begun, `${native} in exponential buckets, of ${done} to ${begun}`)
  t.ok(classic >= done && classic <= begun, `${classic} in all, of ${done} to ${begun}`)
})
