/** Every way in which a thread can end: counts stay, its shares of living gauges go, the next takes its shard over. */
import { once } from 'node:events'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { Piscina } from 'piscina'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { fresh, shardsIn } from '../support/registry.js'
import { until } from '../support/until.js'

const fixture = (name: string) => new URL(`../fixtures/lifecycle-${name}.js`, import.meta.url)

async function end(worker: Worker, how: string): Promise<void> {
  // Not events.once: it gives up at an 'error'.
  const exit = new Promise(resolve => worker.once('exit', resolve))
  let failure: Error | undefined
  worker.on('error', error => {
    failure = error as Error
  })
  if (how === 'loop') {
    await once(worker, 'message')
    await worker.terminate()
  }
  await exit
  if (how === 'throw' && failure?.message !== 'an end of its own') throw new Error(`it ended with ${failure}`)
  const code = (failure as NodeJS.ErrnoException | undefined)?.code
  if (how === 'memory' && code !== 'ERR_WORKER_OUT_OF_MEMORY') throw new Error(`it ended with ${failure}`)
}

const WAYS = ['return', 'exit', 'throw', 'memory', 'loop'] as const
const limits = (how: string): WorkerOptions =>
  how === 'memory' ? { resourceLimits: { maxOldGenerationSizeMb: 24 } } : {}

t.test('return, process.exit, an uncaught error, out of memory, terminate()', async t => {
  const { registry, arena } = fresh(t)
  registry.gauge({ name: 'g', help: 'h', aggregate: 'livesum' })
  let ended = 0
  for (const how of WAYS) {
    const worker = new Worker(fixture('ends'), {
      workerData: { registry: registry.name, how },
      ...limits(how),
    })
    await end(worker, how)
    t.equal(registry.value('c_total', { x: 'a' }), ++ended, how)
    t.equal(registry.value('g'), 0, 'its share died with it')
    t.equal(shardsIn(arena, L.SHARD_ORPHAN), 1, 'and its shard was left')
    t.equal(shardsIn(arena, L.SHARD_LIVE), 0, 'of which the next makes use')
  }
})

t.test("a Worker's Worker ends; then its parent; or both at once", async t => {
  for (const below of ['exit', 'throw', 'loop'] as const) {
    const { registry, arena } = fresh(t)
    registry.gauge({ name: 'g', help: 'h', aggregate: 'livesum' })
    const worker = new Worker(fixture('ends'), {
      workerData: { registry: registry.name, how: 'loop', below },
    })
    await end(worker, 'loop')
    t.equal(registry.value('c_total', { x: 'a' }), 2, below)
    t.equal(registry.value('g'), 0)
    t.equal(shardsIn(arena, L.SHARD_LIVE), 0)
    t.ok(shardsIn(arena, L.SHARD_ORPHAN) <= 2)
  }
})

t.test('one that was started earlier, and is watched', async t => {
  const { registry, arena } = fresh(t)
  const worker = new Worker(fixture('ends'), { workerData: { registry: registry.handle, how: 'loop' } })
  registry.watch(worker)
  await end(worker, 'loop')
  t.equal(registry.value('c_total', { x: 'a' }), 1, 'watched twice, buried once')
  t.equal(shardsIn(arena, L.SHARD_ORPHAN), 1)
})

t.test('producers asleep in Atomics.wait keep what they hold, and count on', async t => {
  const { registry, arena } = fresh(t, { sweepEvery: 5 })
  const pool = new Piscina({
    filename: fixture('producer').href,
    minThreads: 2,
    maxThreads: 2,
    idleTimeout: 60_000,
  })
  t.teardown(() => pool.destroy())
  const both = async () => {
    const ids = new Set<number>()
    let counted = 0
    while (ids.size < 2) {
      const tasks = [1, 2].map(() => pool.run({ name: registry.name, times: 1_000 }) as Promise<number>)
      for (const id of await Promise.all(tasks)) ids.add(id)
      counted += 2_000
    }
    return counted
  }
  let counted = await both()
  // Asleep: their series is retired, swept over again and again, and not freed.
  await until('it is hidden', () => registry.value('c_total', { x: 'a' }) === undefined)
  const swept = arena.i32[L.H_SWEEPS]
  await until('five sweeps more', () => arena.i32[L.H_SWEEPS] > swept + 5)
  counted += await both()
  await until('it is back', () => registry.value('c_total', { x: 'a' }) !== undefined)
  t.equal(registry.value('c_total', { x: 'a' }), counted, 'with its whole count')
  await pool.destroy()
  await until('both are orphans', () => shardsIn(arena, L.SHARD_ORPHAN) === 2)
  await until('nobody holds it: it goes', () => arena.i32[L.H_SERIES] === 0)
})
