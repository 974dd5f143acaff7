/** Counts of 64 bits: no reader sees less than was counted, also where the lower half wraps. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { addWide, readWide } from '../../src/memory/wide-counter.js'
import { fresh } from '../support/registry.js'

const WRAP = 2 ** 32

t.test('goes on past what an Int32 holds', async t => {
  const { arena } = fresh(t)
  addWide(arena, L.H_DROPS, WRAP - 1)
  t.equal(readWide(arena, L.H_DROPS), WRAP - 1)
  addWide(arena, L.H_DROPS)
  t.equal(readWide(arena, L.H_DROPS), WRAP)
  addWide(arena, L.H_DROPS, 3 * WRAP)
  t.equal(readWide(arena, L.H_DROPS), 4 * WRAP)
  t.equal(readWide(arena, L.H_DROPS + 2), 0, 'the count beside it is another')
})

t.test('never falls while two threads add across the wrap, one of them killed', async t => {
  const { registry, arena } = fresh(t)
  const src = new URL('../../src/', import.meta.url).href
  const adder = () =>
    new Worker(
      `Promise.all(['memory/wide-counter.js', 'memory/arena.js'].map(path => import(${JSON.stringify(src)} + path))).then(
        ([{ addWide }, { openArena }]) => {
          const { parentPort, workerData } = require('node:worker_threads')
          const arena = openArena(workerData)
          parentPort.postMessage('')
          for (;;) addWide(arena, ${L.H_DROPS}, 1 << 20)
        })`,
      { eval: true, workerData: registry.handle },
    )
  const workers = [adder(), adder()]
  await Promise.all(workers.map(worker => once(worker, 'message')))
  let wraps = 0
  let last = 0
  let fell = 0
  const look = (until: number) => {
    while (wraps < until) {
      const now = readWide(arena, L.H_DROPS)
      if (now < last) fell++
      if (Math.floor(now / WRAP) > Math.floor(last / WRAP)) wraps++
      last = now
    }
  }
  look(200)
  const [killed, other] = workers
  await killed.terminate()
  look(400)
  t.equal(fell, 0)
  await other.terminate()
  t.equal(readWide(arena, L.H_DROPS) % (1 << 20), 0, 'no part of an addition is missing')
})
