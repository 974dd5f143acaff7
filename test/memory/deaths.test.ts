/** Threads come and go; what they counted stays. */
import { once } from 'node:events'
import { threadId, Worker } from 'node:worker_threads'
import t from 'tap'
import { openArena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { announce, endedWith, forgetLineage } from '../../src/memory/lineage.js'
import { claimShard, orphanThread } from '../../src/memory/shards.js'
import { freeSlots, slotsTaken, takeSlot } from '../../src/memory/slots.js'
import { fill, fresh, shardStates, shardsIn } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'
import { until } from '../support/until.js'

const C = { name: 'c_total', help: 'h', labelNames: ['x'] } as const

t.test('shards are claimed, orphaned and adopted', async t => {
  const { arena } = fresh(t, { maxThreads: 3 })
  t.strictSame(shardStates(arena), [L.SHARD_FREE, L.SHARD_FREE, L.SHARD_FREE])
  const one = claimShard(arena, 101, [])
  const two = claimShard(arena, 102, [101])
  const three = claimShard(arena, 103, [101, 102])
  t.strictSame([one?.index, two?.index, three?.index], [1, 2, 3])
  t.equal(claimShard(arena, 104, []), undefined, 'no more than maxThreads')
  orphanThread(arena, 999)
  t.equal(shardsIn(arena, L.SHARD_LIVE), 3, 'the death of one that has none changes nothing')
  orphanThread(arena, 103)
  t.strictSame(shardStates(arena), [L.SHARD_LIVE, L.SHARD_LIVE, L.SHARD_ORPHAN])
  t.equal(claimShard(arena, 105, [101])?.index, 3, 'an orphan is adopted')
  orphanThread(arena, 101)
  t.strictSame(shardStates(arena), new Array(3).fill(L.SHARD_ORPHAN), 'a death covers all descendants')
  orphanThread(arena, 101)
  t.equal(claimShard(arena, 106, [])?.index, 1)
})

t.test('who ends with whom is forgotten with them, and the memory used again', async t => {
  const { arena } = fresh(t)
  const used: number[] = []
  for (let id = 10; id < 40; id += 3) {
    // Started by main, by that one, and by that one.
    for (const [n, ancestors] of [[0], [0, id], [0, id, id + 1]].entries()) {
      announce(arena, id + n, ancestors)
      announce(arena, id + n, ancestors)
    }
    t.strictSame([...endedWith(arena, id)].sort(), [id, id + 1, id + 2])
    t.strictSame([...endedWith(arena, id + 1)].sort(), [id + 1, id + 2])
    t.strictSame([...endedWith(arena, id + 2)], [id + 2])
    forgetLineage(arena, id + 1)
    t.strictSame([...endedWith(arena, id)], [id])
    used.push(arena.usedBytes())
  }
  t.equal(used.at(-1), used[0])
  fill(arena)
  for (let id = 100; id < 103; id++) announce(arena, id, [0, 99])
  t.equal(endedWith(arena, 99).size, 3, 'in a full memory as many as before')
  t.ok(
    claimShard(arena, 103, [0, 99]) !== undefined && takeSlot(arena, 103, [0, 99]) !== 0,
    'nobody is shut out',
  )
})

t.test('an orphan is adopted before a free shard is used', async t => {
  const { arena } = fresh(t, { maxThreads: 8 })
  for (let id = 1; id <= 3; id++) claimShard(arena, id, [])
  orphanThread(arena, 2)
  t.equal(claimShard(arena, 4, [])?.index, 2)
})

t.test("slots of a thread that ended are free again; others' are not", async t => {
  const { arena } = fresh(t)
  takeSlot(arena, 7)
  takeSlot(arena, 8)
  takeSlot(arena, 7)
  freeSlots(arena, 7)
  t.equal(slotsTaken(arena), 1)
  freeSlots(arena, 8)
  t.equal(slotsTaken(arena), 0)
  const all = new Set(Array.from({ length: L.SLOT_COUNT }, () => takeSlot(arena, 9)))
  t.equal(all.size, L.SLOT_COUNT, 'each is given once')
  t.notOk(all.has(0))
  t.equal(takeSlot(arena, 9), 0, 'and no more than there are')
})

t.test('memory is given out once, zeroed, on lines of its own, to the last', async t => {
  const { arena } = fresh(t, { memory: '4MiB' })
  let end = 0
  let given = 0
  for (let at = arena.alloc(1000); at !== 0; at = arena.alloc(1000)) {
    t.ok(at >= end && at % L.LINE_WORDS === 0) || t.bailout('overlap')
    if (!arena.f64.subarray(at, at + 1000).every(value => value === 0)) t.fail('not zero')
    arena.f64.fill(1, at, at + 1000)
    end = at + 1000
    given++
  }
  t.ok(given > 50, `${given} times`)
  t.ok(end <= arena.i32[L.H_LIMIT])
  t.equal(arena.alloc(1000), 0, 'full stays full')
  t.ok(arena.alloc(1) !== 0 || arena.alloc(8) === 0)
})

t.test('counts of a thread that was terminated stay, and the next thread counts on in its shard', async t => {
  const { registry, arena } = fresh(t)
  const histogram = {
    name: 'h',
    help: 'h',
    labelNames: ['x'],
    buckets: [1, 2],
  }
  let counted = 0
  for (let life = 1; life <= 5; life++) {
    const thread = new Thread(t)
    await thread.call('get', registry.name)
    await thread.call('register', 'counter', C)
    await thread.call('register', 'histogram', histogram)
    await thread.call('inc', 'c_total', { x: 'a' }, 2)
    await thread.call('inc', 'c_total', { x: `only in life ${life}` })
    await thread.call('observe', 'h', { x: 'a' }, 1.5)
    t.equal(shardsIn(arena, L.SHARD_LIVE), 1, `life ${life}: one shard lives`)
    await thread.end()
    counted += 2
    t.equal(shardsIn(arena, L.SHARD_ORPHAN), 1, 'then it is an orphan')
    t.equal(shardsIn(arena, L.SHARD_FREE), 255, 'and no other was used')
    t.equal(registry.value('c_total', { x: 'a' }), counted)
    t.strictSame(registry.value('h', { x: 'a' }), {
      count: life,
      sum: life * 1.5,
      buckets: [
        [1, 0],
        [2, life],
        [Number.POSITIVE_INFINITY, life],
      ],
    })
  }
  for (let life = 1; life <= 5; life++) t.equal(registry.value('c_total', { x: `only in life ${life}` }), 1)
  t.match(await registry.metrics(), 'c_total{x="a"} 10\n')
})

t.test('nothing is lost when a thread is terminated in the midst of counting', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter(C)
  let least = 0
  for (let life = 0; life < 4; life++) {
    const thread = new Thread(t)
    await thread.call('get', registry.name)
    await thread.call('register', 'counter', C)
    const flags = shared()
    const running = thread.call('incUntil', 'c_total', { x: 'a' }, flags)
    await Promise.all([
      t.rejects(running, /ended/),
      until('it counts', () => Atomics.load(flags, 1) === 1).then(() => thread.end()),
    ])
    const now = registry.value('c_total', { x: 'a' }) as number
    t.ok(now >= least + 1000, `${now} counted`)
    counter.inc({ x: 'a' })
    t.equal(registry.value('c_total', { x: 'a' }), now + 1, 'and it stands')
    least = now + 1
  }
})

t.test("gauges: the dead's share stays in a sum, and goes from livesum, min and max", async t => {
  const { registry } = fresh(t)
  const gauges = (['sum', 'livesum', 'min', 'max', 'last'] as const).map(aggregate => ({
    name: aggregate,
    help: '',
    labelNames: ['x'],
    aggregate,
  }))
  const threads: Thread[] = []
  const values = () => gauges.map(({ name }) => registry.value(name, { x: 'a' }))
  const exposedValues = async () => {
    const text = await registry.metrics()
    return gauges.map(({ name }) => Number(new RegExp(`^${name}\\{x="a"\\} (.*)$`, 'm').exec(text)?.[1]))
  }
  for (const value of [5, 3, 9]) {
    const thread = new Thread(t)
    threads.push(thread)
    await thread.call('get', registry.name)
    for (const options of gauges) {
      await thread.call('register', 'gauge', options)
      await thread.call('set', options.name, { x: 'a' }, value)
    }
  }
  t.strictSame(values(), [17, 17, 3, 9, 9])
  t.strictSame(await exposedValues(), values())
  await threads[1].end()
  t.strictSame(values(), [17, 14, 5, 9, 9], 'the 3 has died')
  t.strictSame(await exposedValues(), values())
  await threads[2].end()
  t.strictSame(values(), [17, 5, 5, 5, 9], 'the 9 has died')
  t.strictSame(await exposedValues(), values())
  // The next thread takes over a dead one's shard, not its shares.
  const heir = new Thread(t)
  await heir.call('get', registry.name)
  for (const options of gauges) await heir.call('register', 'gauge', options)
  await heir.call('inc', 'sum', { x: 'b' }, 1)
  t.strictSame(values(), [17, 5, 5, 5, 9])
  t.strictSame(await exposedValues(), values())
  for (const name of ['sum', 'livesum', 'min', 'max']) await heir.call('inc', name, { x: 'a' }, 1)
  t.strictSame(values(), [18, 6, 1, 5, 9])
  t.strictSame(await exposedValues(), values())
  await Promise.all([threads[0].end(), heir.end()])
  t.strictSame(values(), [18, 0, 0, 0, 9], 'nobody lives')
  t.strictSame(await exposedValues(), values())
})

t.test(
  'a death covers descendants, with several registries and where the thread between uses none',
  async t => {
    for (const between of ['uses both', 'only looks both up', 'uses none']) {
      const a = fresh(t)
      const b = fresh(t)
      const thread = new Thread(t)
      const use = async (call: (op: string, ...args: unknown[]) => Promise<unknown>) => {
        for (const { registry } of [a, b]) {
          await call('get', registry.name)
          await call('register', 'counter', C)
          await call('inc', 'c_total', { x: 'a' })
        }
      }
      if (between === 'uses both') await use((op, ...args) => thread.call(op, ...args))
      if (between === 'only looks both up')
        for (const { registry } of [a, b]) await thread.call('get', registry.name)
      await thread.call('spawn')
      await use((op, ...args) => thread.call('below', op, ...args))
      const live = between === 'uses both' ? 2 : 1
      for (const { arena } of [a, b]) t.equal(shardsIn(arena, L.SHARD_LIVE), live)
      await thread.end()
      for (const [n, { arena, registry }] of [a, b].entries()) {
        // Who was started by a thread that used no registry has nobody to see its end: its shard stays in use,
        // counted as unwatched, and what it counted stays.
        const orphans = between === 'uses none' ? 0 : live
        const note = `the thread between ${between}: registry ${n + 1}`
        t.equal(shardsIn(arena, L.SHARD_ORPHAN), orphans, note)
        t.equal(shardsIn(arena, L.SHARD_LIVE), live - orphans, note)
        if (orphans === 0) {
          // For so long that somebody would have said that it is watched.
          for (let n = 1; n < arena.i32[L.H_SHARD_COUNT]; n++)
            arena.i32[(arena.shards + n * L.SHARD_WORDS) * 2 + L.SHARD_CLAIMED] -= 60_000
          const text = await registry.metrics({ selfMetrics: true })
          t.match(text, /^postmeter_shards_unwatched 1$/m)
        }
        t.equal(registry.value('c_total', { x: 'a' }), live)
      }
    }
  },
)

t.test('a thread that was started before is watched on request', async t => {
  const thread = new Thread(t)
  await thread.call('threadId')
  const { registry, arena } = fresh(t)
  registry.watch(thread.worker)
  await thread.call('get', registry.handle)
  await thread.call('register', 'counter', C)
  await thread.call('inc', 'c_total', { x: 'a' })
  await thread.end()
  t.equal(shardsIn(arena, L.SHARD_ORPHAN), 1)
  const gone = new Worker('', { eval: true })
  await once(gone, 'exit')
  t.doesNotThrow(() => registry.watch(gone), 'one that has ended already')
  t.equal(threadId, 0)
})

t.test('a listener on its own exit may still count', async t => {
  const { registry } = fresh(t)
  registry.counter(C)
  const index = new URL('../../src/index.js', import.meta.url).href
  const worker = new Worker(
    `import(${JSON.stringify(index)}).then(({ getRegistry }) => {
      const c = getRegistry(${JSON.stringify(registry.name)}).counter(${JSON.stringify(C)})
      c.inc({ x: 'a' })
      process.on('exit', () => c.inc({ x: 'a' }, 10))
    })`,
    { eval: true },
  )
  t.strictSame(await once(worker, 'exit'), [0])
  t.equal(registry.value('c_total', { x: 'a' }), 11)
})

t.test('a memory that the system refuses, or of a bad size, is an error that names it', async t => {
  const make = (memory: unknown) => () => fresh(t, { memory: memory as string })
  t.throws(make('1MiB'), {
    name: 'RangeError',
    message: /option "memory": "1MiB" is not from \d+ to \d+ bytes/,
  })
  t.throws(make('4GiB'), {
    name: 'RangeError',
    message: /option "memory": "4GiB"/,
  })
  for (const bad of ['much', '', Number.NaN, true, {}]) t.throws(make(bad), /option "memory"/)
  const { arena } = fresh(t, { memory: 5 * 2 ** 20 + 1 })
  t.equal(arena.u8.length, 5 * 2 ** 20 + L.WASM_PAGE_BYTES, 'rounded up to whole pages')
  t.equal(openArena({ ...fresh(t).registry.handle }).i32[L.H_MAGIC], L.MAGIC)
})
