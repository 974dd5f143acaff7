/**
 * Real threads that record, register and remove, and are killed at random instants, while series of 20 ms come and
 * go, one sweeper sweeps every 5 ms and the main thread scrapes. POSTMETER_STRESS_SECONDS says how long; 10 if left out.
 *
 * Allowed: of each thread that died, the one call that it was in counted or not; series of `churn` exposed or not, once
 * they are idle or removed.
 * Forbidden: a count of `kept` or `hot`, which never go, lost or counted twice; one of them seen to fall; a label set
 * exposed twice in one scrape; a line of `churn` whose value or labels no thread made; more shards than threads that
 * lived at once; a place of `churn` that is not free when all has ended; memory that grows.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { wantsRecount } from '../../src/lifecycle/recount.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { readWide } from '../../src/memory/wide-counter.js'
import type { Task } from '../fixtures/lifecycle-worker.js'
import { SEED } from '../support/arbitrary.js'
import { familyOf, fresh, samples, shardsIn } from '../support/registry.js'
import { until } from '../support/until.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 10)
const THREADS = 4
const LABELS = 32
/** Series of each family of churn at once, and what all of them may take: place, text, cells of each thread. */
const MOST = 1_000
const MOST_BYTES = 2 ** 20 + 2 * MOST * 512

// tap's own limit would end what is run by hand for long.
t.setTimeout((SECONDS + 150) * 1000)

t.test(`threads are killed for ${SECONDS} s`, { timeout: (SECONDS + 90) * 1000 }, async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  let random = SEED | 1
  const below = (n: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    return (random >>> 8) % n
  }
  const { registry, arena } = fresh(t, { memory: '64MiB', sweepEvery: 5 })
  const ends: Record<string, number> = { loop: 0, exit: 0, throw: 0, return: 0 }
  const sum = { begun: new Array<number>(LABELS).fill(0), done: new Array<number>(LABELS).fill(0) }
  let lives = 0
  let running = true
  let inFlight = 0

  const wrong: string[] = []
  const note = (what: string) => {
    if (wrong.length < 20) wrong.push(what)
  }

  async function live(): Promise<void> {
    while (running) {
      const log = new Int32Array(new SharedArrayBuffer((2 * LABELS + 1) * 4))
      const end = below(8) > 0 ? 'loop' : (['exit', 'throw', 'return'] as const)[below(3)]
      const task: Task = { name: registry.name, life: SEED + ++lives, labels: LABELS, log, end, most: MOST }
      const worker = new Worker(new URL('../fixtures/lifecycle-worker.js', import.meta.url), {
        workerData: task,
      })
      worker.on('error', error => {
        if ((error as Error).message !== 'an end of its own')
          note(`a thread failed: ${(error as Error).stack}`)
      })
      // Not events.once: it gives up at an 'error'.
      const exit = new Promise(resolve => worker.once('exit', resolve))
      let exited = false
      void exit.then(() => {
        exited = true
      })
      if (end === 'loop') {
        // Now and then before it has begun, mostly while it counts.
        if (below(10) > 0) await until('it runs', () => log[2 * LABELS] === 1 || exited, 60_000)
        for (let turn = below(60); turn > 0; turn--) await new Promise(resolve => setImmediate(resolve))
        void worker.terminate()
      }
      await exit
      ends[end]++
      let open = 0
      for (let n = 0; n < LABELS; n++) {
        sum.begun[n] += log[n]
        sum.done[n] += log[LABELS + n]
        open += log[n] - log[LABELS + n]
      }
      inFlight += open
      if (open > 1 || open < 0) note(`${open} calls were in flight in one thread`)
    }
  }

  let scrapes = 0
  let churned = 0
  const before = new Map<string, number>()
  const mine = registry.counter({ name: 'hot_total', help: 'h', labelNames: ['n'], expireAfter: '10s' })
  const own = new Array<number>(LABELS).fill(0)
  async function scrape(): Promise<void> {
    for (let n = 1; n < LABELS; n += 2) {
      mine.inc({ n: `${n}` })
      own[n]++
    }
    const seen = new Set<string>()
    for (const line of (await registry.metrics()).split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const at = line.lastIndexOf(' ')
      const key = line.slice(0, at)
      const value = Number(line.slice(at + 1))
      if (seen.has(key)) note(`exposed twice: ${key}`)
      seen.add(key)
      if (key.startsWith('churn_total')) {
        churned++
        if (!/^churn_total\{queue="\d+\.\d+ q*"\}$/.test(key)) note(`labels that nobody made: ${line}`)
        if (value !== 0 && value !== 7) note(`a count that nobody made: ${line}`)
      } else if (key.startsWith('churn_seconds')) {
        if (!/\{queue="(\d+)\.\d+ q*",of="\1"/.test(key)) note(`labels that nobody made: ${line}`)
        if (![0, 1, 1.5].includes(value)) note(`a count that nobody made: ${line}`)
      } else {
        if (value < (before.get(key) ?? 0)) note(`${key} fell from ${before.get(key)} to ${value}`)
        before.set(key, value)
      }
    }
    for (const key of before.keys()) if (!seen.has(key)) note(`${key} is gone`)
    scrapes++
  }

  const lifetimes = Array.from({ length: THREADS }, live)
  const deadline = performance.now() + SECONDS * 1000
  while (performance.now() < deadline || lives <= 2 * THREADS) await scrape()
  running = false
  await Promise.all(lifetimes)
  await scrape()
  t.comment(
    `${lives} threads: ${JSON.stringify(ends)}; ${inFlight} calls cut short; ${scrapes} scrapes, ${churned} lines of churn`,
  )
  t.strictSame(wrong, [])
  for (let n = 0; n < LABELS; n++) {
    const name = n % 2 === 0 ? 'kept_total' : 'hot_total'
    const value = (registry.value(name, { n: `${n}` }) as number) - own[n]
    t.ok(
      value >= sum.done[n] && value <= sum.begun[n],
      `${name} ${n}: ${sum.done[n]} <= ${value} <= ${sum.begun[n]}`,
    )
  }
  const shards = shardsIn(arena, L.SHARD_FREE)
  t.ok(arena.i32[L.H_SHARD_COUNT] - 1 - shards <= THREADS + 1, 'no more shards than threads at once')
  t.equal(shardsIn(arena, L.SHARD_LIVE), 1, 'the main thread is left')
  const churn = () => ['churn_total', 'churn_seconds'].flatMap(family => placesInUse(arena, family))
  // What a dead thread left half made its shard's next owner will use.
  const inUse = () => churn().filter(state => state !== L.STATE_MADE)
  await until('every place that came and went is free', () => inUse().length === 0, 60_000)
  t.notMatch(await registry.metrics(), /^churn.*\{/m)
  await until('what deaths left counted is counted anew', () => !wantsRecount(arena))
  const exposed = samples(await registry.metrics()).filter(line => line.includes('{'))
  t.equal(arena.i32[L.H_SERIES], exposed.length + churn().length)
  const made = readWide(arena, L.H_MADE)
  t.comment(`${made} series made, arena: ${arena.usedBytes()} bytes`)
  t.ok(arena.usedBytes() < MOST_BYTES, 'memory does not grow, however many came and went')
})

/** States of a family's places that are not free. */
function placesInUse(arena: Arena, name: string): number[] {
  const { i32 } = arena
  const states: number[] = []
  let page = i32[familyOf(arena, name).ref * 2 + L.F_FIRST_PAGE]
  for (; page !== 0; page = i32[page * 2 + L.PAGE_NEXT]) {
    for (let n = 0; n < i32[page * 2 + L.PAGE_CAPACITY]; n++) {
      const place = page + L.PAGE_HEADER_WORDS + n * L.PLACE_WORDS
      const state = i32[place * 2 + L.PLACE_STATE] & L.STATE_MASK
      if (state !== L.STATE_FREE) states.push(state)
    }
  }
  return states
}

t.test('a thread that is blocked through several sweeps keeps what it holds', async t => {
  const { registry, arena } = fresh(t, { sweepEvery: 5, expireAfter: 10 })
  registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const index = new URL('../../src/index.js', import.meta.url).href
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads')
    import(${JSON.stringify(index)}).then(({ getRegistry }) => {
      const c = getRegistry(workerData.name).counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
      const held = c.labels('a')
      held.inc(40)
      for (let n = 0; n < 3; n++) {
        Atomics.store(workerData.flags, 0, 1)
        Atomics.notify(workerData.flags, 0)
        Atomics.wait(workerData.flags, 0, 1)
        held.inc()
      }
      // Not letting go by itself: its timers do not run.
      Atomics.wait(workerData.flags, 1, 0)
    })`,
    { eval: true, workerData: { name: registry.name, flags } },
  )
  const ended = once(worker, 'exit')
  for (let n = 0; n < 3; n++) {
    await until('it is blocked', () => Atomics.load(flags, 0) === 1)
    await until('its series is hidden', () => registry.value('c_total', { x: 'a' }) === undefined)
    const swept = arena.i32[L.H_SWEEPS]
    await until('five sweeps more', () => arena.i32[L.H_SWEEPS] > swept + 5)
    Atomics.store(flags, 0, 0)
    Atomics.notify(flags, 0)
    await until('it is back', () => registry.value('c_total', { x: 'a' }) === 41 + n)
  }
  t.pass('with its whole count, each time')
  await worker.terminate()
  await ended
  await until('dead, it holds nothing', () => arena.i32[L.H_SERIES] === 0)
})
