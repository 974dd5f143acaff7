/**
 * Spans encoded while the places in them are freed and used again. POSTMETER_STRESS_SECONDS says how long in all.
 *
 * Allowed: any of the series that there were while the scrape ran, or none. Forbidden: a label set that never was, a
 * value that its label set never had, a label set exposed twice.
 */
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { collect } from '../support/check-exposition.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 10) / 2

// tap's own limit would end what is run by hand for long.
t.setTimeout((SECONDS + 90) * 1000)

t.test(`spans against reuse for ${SECONDS} s`, { timeout: (SECONDS + 60) * 1000 }, async t => {
  const { registry } = fresh(t, { memory: '32MiB', sweepEvery: '1h' })
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL('../fixtures/lifecycle-churn.js', import.meta.url), {
    workerData: { name: registry.name, flags },
  })
  const exit = new Promise(resolve => worker.once('exit', resolve))
  await until('it runs', () => Atomics.load(flags, 1) > 1_000)
  const wrong: string[] = []
  let scrapes = 0
  let lines = 0
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end) {
    const seen = new Set<string>()
    for (const line of (await collect(registry.stream())).split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      lines++
      const match = /^churn_total\{queue="((\d+) q*)"\} (\d+)$/.exec(line)
      const queue = Number(match?.[2])
      const text = `${queue} `.padEnd((queue * 7) % 90, 'q')
      // Made and not yet counted in, or counted once.
      const fits = match !== null && match[1] === text && [0, 1 + (queue % 1_000)].includes(Number(match[3]))
      if (!fits && wrong.length < 20) wrong.push(line)
      if (seen.has(text)) wrong.push(`twice: ${line}`)
      seen.add(text)
    }
    scrapes++
  }
  Atomics.store(flags, 0, 1)
  await exit
  t.comment(`${scrapes} scrapes, ${lines} lines, ${Atomics.load(flags, 1)} label sets`)
  t.strictSame(wrong, [])
  t.ok(lines > 1_000)
})
