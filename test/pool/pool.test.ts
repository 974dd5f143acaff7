/** A pool whose threads die: what was asked of it is answered, and the next thread works. */
import threads, { type Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { claimThreads } from '../../src/memory/address-space.js'
import { Pool, PoolCannotStart } from '../../src/pool/pool.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const workers = new Set<Worker>()
const ending = new Set<Promise<unknown>>()
let stillborn = false
process.on('worker', worker => {
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
  if (stillborn) end(worker)
})

function end(worker: Worker): void {
  const ended = worker.terminate().finally(() => ending.delete(ended))
  ending.add(ended)
}

for (const threads of [1, 2, 3]) {
  t.test(`${threads} threads end, and all that come after them before they are ready`, async t => {
    const { registry } = fresh(t)
    const pool = new Pool(registry.handle, threads)
    t.teardown(() => pool.close())
    // A sweep of nothing.
    const task = { now: 0 }
    await pool.run(task)
    stillborn = true
    const asked = Array.from({ length: 5 * threads }, () => pool.run(task))
    for (const worker of workers) end(worker)
    const answers = await Promise.allSettled(asked)
    t.equal(answers.length, asked.length, 'nothing waits for ever')
    t.ok(answers.some(({ status }) => status === 'rejected'))
    stillborn = false
    await Promise.all(ending)
    await Promise.all(Array.from({ length: 5 * threads }, () => pool.run(task)))
    t.pass('a new pool works')
  })
}

t.test('under a limit of address space it has as many threads as there is room for', async t => {
  const { registry } = fresh(t)
  const MIB = 2 ** 20
  for (const [left, threads] of [
    [10_000, 3],
    [4 * 640, 3],
    [4 * 640 - 1, 2],
    [2 * 640, 1],
  ]) {
    const pool = new Pool(registry.handle, 3, () => ({ limit: 20_000 * MIB, left: left * MIB }))
    await Promise.all(Array.from({ length: 30 }, () => pool.run({ now: 0 })))
    t.equal(workers.size, threads, `${left} MiB`)
    await pool.close()
    await until('they have ended', () => workers.size === 0)
  }
  let left = 2 * 640 - 1
  const pool = new Pool(registry.handle, 3, () => ({ limit: 20_000 * MIB, left: left * MIB }))
  t.teardown(() => pool.close())
  await t.rejects(
    pool.run({ now: 0 }),
    /the pool cannot start: it needs 1280 MiB of address space, and the limit of 20000 MiB .*leaves 1279 MiB/,
  )
  left++
  await pool.run({ now: 0 })
  t.pass('and starts when there is room')
})

/** Has the next threads fail to start, but for so many. */
function refuseThreads(t: Pick<Test, 'teardown'>, but = 0): () => void {
  const real = threads.Worker
  let left = but
  threads.Worker = class extends real {
    constructor(...args: ConstructorParameters<typeof real>) {
      if (left-- <= 0) throw new Error('no thread to be had')
      super(...args)
    }
  }
  const allow = () => {
    threads.Worker = real
  }
  t.teardown(allow)
  return allow
}

t.test('a pool that cannot start fails what was asked of it, and starts when it can', async t => {
  const { registry } = fresh(t)
  const pool = new Pool(registry.handle)
  t.teardown(() => pool.close())
  const allow = refuseThreads(t)
  for (let n = 0; n < 2; n++) await t.rejects(pool.run({ now: 0 }), /no thread to be had/)
  allow()
  await pool.run({ now: 0 })
  t.pass('it starts')
})

t.test('a thread that ends before it is ready has begun nothing', async t => {
  const { registry } = fresh(t)
  const pool = new Pool(registry.handle)
  t.teardown(() => pool.close())
  stillborn = true
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => pool.run({ now: 0 })))
  stillborn = false
  t.ok(
    answers.every(one => one.status === 'rejected' && one.reason instanceof PoolCannotStart),
    'so the caller can do it',
  )
  await Promise.all(ending)
  await pool.run({ now: 0 })
})

t.test('a pool that gets no further thread works with those that it has', async t => {
  const { registry } = fresh(t)
  const pool = new Pool(registry.handle, 3)
  t.teardown(() => pool.close())
  const allow = refuseThreads(t, 1)
  // Whatever is thrown in between is uncaught, and fails this file.
  for (let n = 0; n < 3; n++) await Promise.all(Array.from({ length: 20 }, () => pool.run({ now: 0 })))
  t.equal(workers.size, 1)
  const asked = Array.from({ length: 20 }, () => pool.run({ now: 0 }))
  for (const worker of workers) end(worker)
  const answers = await Promise.allSettled(asked)
  t.ok(
    answers.some(({ status }) => status === 'rejected'),
    'nor if the last one dies',
  )
  await Promise.all(ending)
  await t.rejects(pool.run({ now: 0 }), /the pool cannot start: no thread to be had/)
  allow()
  await Promise.all(Array.from({ length: 20 }, () => pool.run({ now: 0 })))
  t.ok(workers.size > 0)
})

t.test('what is claimed for a thread that cannot start is given back', async t => {
  const { registry } = fresh(t)
  const space = () => ({ limit: 20_000 * 2 ** 20, left: 3 * 640 * 2 ** 20 })
  const pool = new Pool(registry.handle, 3, space)
  t.teardown(() => pool.close())
  const allow = refuseThreads(t)
  for (let n = 0; n < 5; n++) await t.rejects(pool.run({ now: 0 }), /no thread to be had/)
  const claim = claimThreads('it', 3, 0, space)
  t.hasProp(claim, 'begun')
  if ('begun' in claim) for (let n = 0; n < 3; n++) claim.begun()
  allow()
  await pool.run({ now: 0 })
})

t.test('a closed pool does what it was asked before, and no more', async t => {
  const { registry } = fresh(t)
  const pool = new Pool(registry.handle, 2)
  const asked = Array.from({ length: 20 }, () => pool.run({ now: 0 }))
  await pool.close()
  t.ok((await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled'))
  await t.rejects(pool.run({ now: 0 }), /the pool is closed/)
  await until('its threads have ended', () => workers.size === 0)
})
