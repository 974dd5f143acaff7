/** Ends of threads that are seen by other means than an 'exit' listener, and what must not end with a thread. */
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createRegistry, getRegistry, type RegistryHandle } from '../../src/index.js'
import { openArena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { stateOf, wordAt } from '../../src/memory/owner.js'
import { fresh, shardsIn } from '../support/registry.js'
import { Thread } from '../support/thread.js'
import { until } from '../support/until.js'

const C = { name: 'c_total', help: 'h', labelNames: ['x'] } as const

async function recording(thread: Thread, name: string): Promise<void> {
  await thread.call('get', name)
  await thread.call('register', 'counter', C)
  await thread.call('inc', 'c_total', { x: 'a' })
}

/** Ends a thread whose listeners were all taken away. */
async function endUnheard(thread: Thread): Promise<void> {
  thread.worker.removeAllListeners()
  await thread.worker.terminate()
}

t.test('a Worker whose listeners were removed is buried when the next one starts', async t => {
  // Never by a timer.
  const { registry, arena } = fresh(t, { maxThreads: 1, sweepEvery: '1h' })
  for (let n = 1; n <= 4; n++) {
    const thread = new Thread(t)
    await recording(thread, registry.name)
    t.equal(registry.value('c_total', { x: 'a' }), n, 'the one shard is had by one after the other')
    await endUnheard(thread)
  }
  t.equal(shardsIn(arena, L.SHARD_LIVE), 1, 'nobody has looked since')
})

t.test('and on the timer, where no other starts', async t => {
  const { registry, arena } = fresh(t, { sweepEvery: 20 })
  const thread = new Thread(t)
  await recording(thread, registry.name)
  await endUnheard(thread)
  await until('it is buried', () => shardsIn(arena, L.SHARD_ORPHAN) === 1)
  t.equal(registry.value('c_total', { x: 'a' }), 1)
})

t.test('it is buried once, whoever sees its end first', async t => {
  const { registry, arena } = fresh(t, { sweepEvery: 5 })
  for (let n = 0; n < 5; n++) {
    const thread = new Thread(t)
    await recording(thread, registry.name)
    const room = arena.i32[L.H_ROOM]
    await thread.end()
    await until('timers have looked', () => shardsIn(arena, L.SHARD_ORPHAN) === 1)
    const heir = new Thread(t)
    await recording(heir, registry.name)
    t.equal(shardsIn(arena, L.SHARD_LIVE), 1, 'the one who came after is left alone')
    t.equal(arena.i32[L.H_ROOM], room + 1)
    await heir.end()
  }
})

t.test('a closed registry is let go of, though a Worker that it watched goes on', async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const thread = new Thread(t)
  await once(thread.worker, 'online')
  const closed = await (async () => {
    const registry = createRegistry({ name: 'let go of', memory: '8MiB' })
    registry.watch(thread.worker)
    await registry.close()
    return new WeakRef(registry)
  })()
  await until('it is collected', () => {
    gc()
    return closed.deref() === undefined
  })
  t.equal(thread.worker.threadId > 0, true, 'it runs')
})

t.test('who recorded for less than ten seconds is not called unwatched', async t => {
  const { registry, arena } = fresh(t, { sweepEvery: '1h' })
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
    import(${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)}).then(({ getRegistry }) => {
      getRegistry(workerData).counter({ name: 'c_total', help: 'h' }).inc()
      parentPort.once('message', () => {})
      parentPort.postMessage('')
    })`,
    { eval: true, workerData: registry.handle },
  )
  await once(worker, 'message')
  const unwatched = async () =>
    /^postmeter_shards_unwatched (\d+)$/m.exec(await registry.metrics({ selfMetrics: true }))?.[1]
  t.equal(await unwatched(), '0', 'nobody has had time to say so')
  const shard = Array.from({ length: 256 }, (_, n) => (arena.shards + (n + 1) * L.SHARD_WORDS) * 2).find(
    at => stateOf(arena.i64[wordAt(at + L.SHARD_OWNER)]) === L.SHARD_LIVE,
  ) as number
  arena.i32[shard + L.SHARD_CLAIMED] -= 10_001
  t.equal(await unwatched(), '1', 'nobody has')
  arena.i32[shard + L.SHARD_WATCHED] = 1
  t.equal(await unwatched(), '0')
  worker.postMessage('')
  await once(worker, 'exit')
})

t.test('a registry made in a Worker that has ended: another thread that has it sweeps', async t => {
  const thread = new Thread(t)
  const index = JSON.stringify(new URL('../../src/index.js', import.meta.url).href)
  const maker = new Worker(
    `import(${index}).then(({ createRegistry }) => {
      const { parentPort } = require('node:worker_threads')
      const registry = createRegistry({ name: 'of a worker', memory: '8MiB', sweepEvery: 20, expireAfter: 20 })
      parentPort.postMessage(registry.handle)
      parentPort.once('message', () => {})
    })`,
    { eval: true },
  )
  const [handle] = (await once(maker, 'message')) as [RegistryHandle]
  const registry = getRegistry(handle)
  t.teardown(() => registry.close())
  registry.watch(maker)
  maker.postMessage('')
  await once(maker, 'exit')
  const c = registry.counter({ ...C, name: 'd_total' })
  c.inc({ x: 'a' })
  await until('it has expired', () => registry.value('d_total', { x: 'a' }) === undefined)
  await until('and is gone', () => openArena(handle).i32[L.H_SERIES] === 0)
  await thread.end()
})
