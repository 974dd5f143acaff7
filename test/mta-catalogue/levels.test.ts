/** Gauges that threads raise and lower: what a thread leaves in them when it ends. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { mtaMetrics } from '../../src/mta.js'
import { until } from '../support/until.js'
import { freshRegistry } from './support.js'

const queue = { queue: 'a.example', domain: 'a.example' }

/** A thread that enters three messages into a queue of its own, and is ended with them. */
async function killed(registry: string, levels: 'sum' | 'livesum'): Promise<void> {
  const file = new URL('../fixtures/mta-levels.js', import.meta.url)
  const worker = new Worker(file, { workerData: { registry, levels, queue } })
  await once(worker, 'message')
  await worker.terminate()
}

t.test('what a thread that is killed had in its queues stays, or goes with it', async t => {
  for (const [levels, left] of [
    ['sum', 5],
    ['livesum', 2],
  ] as const) {
    const registry = freshRegistry(t, { sweepEvery: 20 })
    const mta = mtaMetrics(registry, { levels })
    mta.scheduledQueue(queue).enter(2)
    await killed(registry.name, levels)
    await until('the thread is found dead', () => registry.value('scheduled_count_total') === left)
    t.equal(registry.value('scheduled_by_domain', { domain: queue.domain }), left)
  }
})

t.test('another value is a mistake', async t => {
  const registry = freshRegistry(t)
  t.throws(() => mtaMetrics(registry, { levels: 'last' as 'sum' }), {
    code: 'ERR_POSTMETER_OPTION',
    message: /"levels".*"last".*sum, livesum/,
  })
})
