import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createRegistry } from '../../src/index.js'

t.test('a thread loads the kernel when it first folds, once for a registry, and never to record', async t => {
  const name = `lazy-${process.pid}`
  const registry = createRegistry({ name, memory: '16MiB' })
  t.teardown(() => registry.close())
  const worker = new Worker(new URL('../fixtures/kernel-lazy.js', import.meta.url), { workerData: name })
  const [counts] = await once(worker, 'message')
  t.strictSame(counts, { recording: 0, value: 1, 'reset and remove': 1, 'a scrape': 1 })
})
