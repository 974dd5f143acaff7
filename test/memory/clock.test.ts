/** The time that idle series are measured by: the same in all threads, and not the wall clock. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { uptimeOf } from '../../src/memory/clock.js'
import * as L from '../../src/memory/layout.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

t.test('a thread reads what the others do, whenever it was started', async t => {
  const { registry, arena } = fresh(t)
  const uptime = uptimeOf(arena)
  const src = new URL('../../src/', import.meta.url).href
  const worker = new Worker(
    `Promise.all(['memory/clock.js', 'memory/arena.js'].map(path => import(${JSON.stringify(src)} + path))).then(
      ([{ uptimeOf }, { openArena }]) => {
        const { parentPort, workerData } = require('node:worker_threads')
        const uptime = uptimeOf(openArena(workerData))
        parentPort.on('message', () => parentPort.postMessage(uptime()))
        parentPort.postMessage(0)
      })`,
    { eval: true, workerData: registry.handle },
  )
  await once(worker, 'message')
  for (let n = 0; n < 5; n++) {
    const before = uptime()
    worker.postMessage('')
    const [theirs] = await once(worker, 'message')
    const after = uptime()
    // The two clocks that it is reckoned from are not read at once.
    t.ok(theirs > before - 1 && theirs < after + 1, `${theirs} is from ${before} to ${after}`)
  }
  await worker.terminate()
})

t.test('a wall clock that is set makes nothing old', async t => {
  const { registry, arena } = fresh(t, { expireAfter: '1h', sweepEvery: 5 })
  const realNow = Date.now
  t.teardown(() => {
    Date.now = realNow
  })
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  counter.inc({ x: 'a' })
  const sweeps = () => Atomics.load(arena.i32, L.H_SWEEPS)
  await registry.metrics()
  for (const days of [0, 1, -2]) {
    Date.now = () => realNow() + days * 24 * 3_600_000
    const seen = sweeps()
    await until('three sweeps', () => sweeps() > seen + 2)
    counter.inc({ x: `${days}` })
    t.match(await registry.metrics(), 'c_total{x="a"} 1\n', `${days} days`)
  }
  t.equal(arena.i32[L.H_RETIRED], 0)
})
