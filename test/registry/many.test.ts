import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { fresh } from '../support/registry.js'

t.test('any number of registries watch one Worker, and Node warns of no leak', async t => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const before = process.listenerCount('worker')
  const registries = Array.from({ length: 15 }, () => fresh(t).registry)
  const worker = new Worker('require("node:worker_threads").parentPort.once("message", () => {})', {
    eval: true,
  })
  for (const registry of registries) registry.watch(worker)
  await once(worker, 'online')
  worker.postMessage('end')
  await once(worker, 'exit')
  for (const registry of registries) await registry.close()
  // Warnings are emitted in a turn of their own.
  await new Promise(resolve => setImmediate(resolve))
  t.same(warnings, [], 'no warning')
  t.equal(process.listenerCount('worker'), before, 'and nothing is left behind')
})
