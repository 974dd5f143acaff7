/** A process that may start no threads: what the pool would do is done by the thread that asks, and said once. */
import threads from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { wordAt } from '../../src/memory/owner.js'
import { readWide } from '../../src/memory/wide-counter.js'
import { fresh, samples } from '../support/registry.js'
import { until } from '../support/until.js'

/** More than a sweep looks at without the pool, and more text than a thread encodes by itself. */
const SERIES = 25_000

const real = threads.Worker
let tried = 0
t.before(() => {
  threads.Worker = class {
    constructor() {
      tried++
      throw new Error('no thread to be had')
    }
  } as unknown as typeof real
})
t.teardown(() => {
  threads.Worker = real
})

t.test('a large exposition is encoded here, in every format', async t => {
  const { registry } = fresh(t, { memory: '32MiB' })
  const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  for (let n = 0; n < SERIES; n++) c.inc({ x: `${n}` }, n)
  const text = await registry.metrics()
  t.equal(samples(text).length, SERIES)
  t.ok(tried > 0, 'the pool was asked for')
  for (const level of [1, 6]) {
    const parts: Uint8Array[] = []
    for await (const part of registry.stream({ gzip: { level } })) parts.push(part)
    t.equal(gunzipSync(Buffer.concat(parts)).toString(), text, `level ${level}`)
  }
  t.equal(Object.keys((await registry.json()).c_total as object).length > 0, true)
})

t.test('one thread compresses for several registries in turn', async t => {
  const registries = [1, 2].map(nth => {
    const { registry } = fresh(t, { memory: '32MiB' })
    const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
    for (let n = 0; n < SERIES; n++) c.inc({ x: `${n}` }, n * nth)
    return registry
  })
  const compressed = async (registry: (typeof registries)[number]) => {
    const parts: Uint8Array[] = []
    for await (const part of registry.stream({ gzip: true })) parts.push(part)
    return gunzipSync(Buffer.concat(parts)).toString()
  }
  const [unpacked, plain] = [
    await Promise.all(registries.map(compressed)),
    await Promise.all(registries.map(registry => registry.metrics())),
  ]
  t.ok(unpacked.every((text, n) => text === plain[n]))
})

t.test('idle series go all the same', async t => {
  const { registry, arena, events } = fresh(t, { memory: '32MiB', sweepEvery: 10 })
  const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'], expireAfter: 10 })
  for (let n = 0; n < SERIES; n++) c.inc({ x: `${n}` }, n)
  await until('all are gone', () => arena.i32[L.H_SERIES] === 0, 60_000)
  const said = events.filter(({ code }) => code === 'sweep-failed')
  t.equal(said.length, 1, 'said once')
  t.match(
    said[0].message,
    /this thread sweeps instead, step by step: the pool cannot start: no thread to be had/,
  )
  t.equal(readWide(arena, L.H_SWEEPS_FAILED), 1, 'and counted')
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_sweeps_failed_total 1$/m)
  t.equal(arena.i64[wordAt(L.H_SWEEPER)], 0n)
})
