/**
 * Threads that register the same label sets at the same time, as many as `maxSeries` allows, each in an order of its own.
 *
 * Allowed: an update dropped, and counted so, while another thread is just making the series.
 * Forbidden: a child that is refused once all is made; an update that is neither counted nor dropped.
 * POSTMETER_STRESS_SECONDS says how long; 5 if left out.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { SEED } from '../support/arbitrary.js'
import { drops, fresh } from '../support/registry.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
const THREADS = 3
const SERIES = 50
/** Families of one registry. */
const ROUNDS = 100

t.setTimeout((SECONDS + 120) * 1000)

const worker = (name: string, barrier: Int32Array, seed: number) =>
  new Worker(
    `const { workerData } = require('node:worker_threads')
    const { name, barrier, seed } = workerData
    let random = seed | 1
    const below = n => ((random = (Math.imul(random, 1103515245) + 12345) >>> 0) >>> 8) % n
    function meet() {
      const turn = Atomics.load(barrier, 1)
      if (Atomics.add(barrier, 0, 1) === ${THREADS - 1}) {
        Atomics.store(barrier, 0, 0)
        Atomics.add(barrier, 1, 1)
        Atomics.notify(barrier, 1)
      } else while (Atomics.load(barrier, 1) === turn) Atomics.wait(barrier, 1, turn, 1000)
    }
    import(${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)}).then(({ getRegistry }) => {
      const registry = getRegistry(name)
      for (let round = 0; round < ${ROUNDS}; round++) {
        const c = registry.counter({ name: 'c' + round, help: 'h', labelNames: ['x'], maxSeries: ${SERIES} })
        const order = Array.from({ length: ${SERIES} }, (_, n) => n)
        // Alike at the end, where the limit is: in an order of its own before.
        for (let n = 0; n < 40; n++) { const m = below(40); [order[n], order[m]] = [order[m], order[n]] }
        meet()
        const children = order.map(n => { const child = c.labels(String(n)); child.inc(); return child })
        meet()
        for (const child of children) child.inc(100)
      }
    })`,
    { eval: true, workerData: { name, barrier, seed } },
  )

t.test('whoever is refused while another makes the series counts afterwards', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const end = performance.now() + SECONDS * 1000
  let lives = 0
  let early = 0
  do {
    const { registry, arena } = fresh(t)
    const barrier = new Int32Array(new SharedArrayBuffer(8))
    const workers = Array.from({ length: THREADS }, () => worker(registry.name, barrier, SEED + ++lives))
    await Promise.all(workers.map(one => once(one, 'exit')))
    for (let round = 0; round < ROUNDS; round++) {
      let counted = 0
      for (let n = 0; n < SERIES; n++) {
        const value = registry.value(`c${round}`, { x: `${n}` }) as number
        counted += value
        if (Math.floor(value / 100) !== THREADS) t.fail(`c${round} ${n}: ${value}: a thread is still refused`)
      }
      const dropped = drops(arena, `c${round}`, 'series')
      early += dropped
      if (counted + dropped !== THREADS * SERIES * 101)
        t.fail(`c${round}: ${counted} counted, ${dropped} dropped`)
    }
    await registry.close()
  } while (performance.now() < end)
  t.comment(`${lives} threads, ${early} updates dropped while their series was being made`)
  t.pass('each child counts')
})
