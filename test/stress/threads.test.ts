/** Threads at full speed, scraped all the while. POSTMETER_STRESS_SECONDS says how long; 5 if left out. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { SEED } from '../support/arbitrary.js'
import { collect, Watcher } from '../support/check-exposition.js'
import { fresh, samples } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'
import { until } from '../support/until.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
const THREADS = 4
/** New series of each thread, and as many that all make: 200,000 in all, which 64 MiB hold however long it runs. */
const FRESH = 40_000

t.test('what watches the scrapes would notice', async t => {
  const watch = (...texts: string[]) => {
    const watcher = new Watcher()
    for (const text of texts) watcher.take(text)
    return watcher.wrong.length
  }
  const good = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n'
  t.equal(watch(good, good), 0)
  t.equal(watch(good.replace('} 1', '} 3')), 1, 'not cumulative')
  t.equal(watch(good.replace('count 2', 'count 3')), 1, 'the count is not +Inf')
  t.equal(watch(good, good.replace('} 1', '} 0')), 1, 'fell')
  t.equal(watch(good, '# TYPE h histogram\n'), 3, 'gone')
  t.equal(watch('# TYPE c counter\nc{a="}\\""} 1\nc{a="}\\""} 1\n'), 1, 'twice')
  t.equal(watch('# TYPE c counter\nd 1\n'), 1, 'elsewhere')
})

t.test(
  `${THREADS} threads for ${SECONDS} s: exact, and never seen to fall`,
  { timeout: (SECONDS + 60) * 1000 },
  async t => {
    // Slots of 64 KiB would be too large for what comes; many series make several spans.
    const { registry } = fresh(t, { memory: '64MiB' })
    registry.counter({
      name: 'still_total',
      help: 'untouched',
      labelNames: ['n'],
    })
    const still = registry.counter({
      name: 'still_total',
      help: '',
      labelNames: ['n'],
    })
    for (let n = 0; n < 10_000; n++) still.labels(n).inc(n)
    const flags = shared()
    const workers = Array.from(
      { length: THREADS },
      (_, n) =>
        new Worker(new URL('../fixtures/core-stress.js', import.meta.url), {
          workerData: { name: registry.name, me: `thread ${n}`, flags, most: FRESH },
        }),
    )
    const done = workers.map(
      async worker => (await once(worker, 'message'))[0] as { rounds: number; fresh: number },
    )
    const exits = workers.map(worker => once(worker, 'exit'))
    await until('all count', () => Atomics.load(flags, 1) === THREADS)
    const watcher = new Watcher()
    const end = performance.now() + SECONDS * 1000
    while (performance.now() < end || watcher.scrapes < 3) {
      watcher.take(await collect(registry.stream()))
      JSON.parse(await collect(registry.stream({ format: 'json' })))
    }
    Atomics.store(flags, 0, 1)
    const totals = await Promise.all(done)
    await Promise.all(exits)
    watcher.take(await registry.metrics())
    t.strictSame(watcher.wrong, [])
    const rounds = totals.reduce((sum, one) => sum + one.rounds, 0)
    t.comment(`${watcher.scrapes} scrapes, ${watcher.series} samples in the last, ${rounds} rounds`)

    t.equal(registry.value('stress_total', { thread: 'all' }), rounds)
    t.equal(registry.value('stress_plain_total'), rounds)
    t.equal(registry.value('stress_gauge'), rounds)
    const buckets = (all: number[], count: number) => {
      const part = (below: number) => (all.filter(value => value <= below).length * count) / all.length
      return [...[1, 2, 4, 8, 16].map(bound => [bound, part(bound)]), [Number.POSITIVE_INFINITY, count]]
    }
    const twenty = Array.from({ length: 20 }, (_, n) => n)
    t.strictSame(registry.value('stress_histogram', { kind: 'all' }), {
      count: rounds,
      sum: rounds * 9.5,
      buckets: buckets(twenty, rounds),
    })
    const shares = new Map<string, number>()
    const count = (label: string) => shares.set(label, (shares.get(label) ?? 0) + 1)
    totals.forEach((one, n) => {
      const me = `thread ${n}`
      t.equal(registry.value('stress_total', { thread: me }), 2 * one.rounds)
      const own = registry.value('stress_histogram', { kind: me }) as {
        count: number
        sum: number
      }
      t.equal(own.count, one.rounds)
      // 0, 1, 2 in turn, 2,000 times from the start.
      t.equal(
        own.sum,
        (one.rounds / 2_000) * Array.from({ length: 2_000 }, (_, n) => n % 3).reduce((a, b) => a + b),
      )
      for (let n = 0; n < one.fresh; n++) {
        count(`new ${n}`)
        count(`new ${n} of ${me}`)
      }
    })
    let wrong = 0
    for (const [thread, expected] of shares)
      if (registry.value('stress_total', { thread }) !== expected) wrong++
    t.equal(wrong, 0, `${shares.size} series that came meanwhile`)
    const exposed = samples(await registry.metrics()).filter(line => line.startsWith('stress_total{'))
    t.equal(exposed.length, shares.size + THREADS + 1, 'each is exposed once')
  },
)

t.test('threads that insert the same label sets at once insert each once', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const { registry } = fresh(t, { memory: '64MiB' })
  const threads = Array.from({ length: THREADS }, () => new Thread(t))
  await Promise.all(threads.map(thread => thread.call('get', registry.name)))
  for (const [round, labelNames] of [
    [0, ['a']],
    [1, ['a', 'b']],
    [2, ['a']],
  ] as [number, string[]][]) {
    const name = `race_${round}_total`
    await Promise.all(
      threads.map(thread => thread.call('register', 'counter', { name, help: '', labelNames })),
    )
    const sets = Array.from({ length: 4_000 }, (_, n) =>
      labelNames.map((_, m) => (m === 0 ? `set ${n}` : `${n % 7}`)),
    )
    const barrier = shared()
    // All go the same way in the first round, so that they meet all the time; else each begins elsewhere.
    const orders = threads.map((_, n) => {
      const from = round === 0 ? 0 : (SEED + n * 997) % sets.length
      return [...sets.slice(from), ...sets.slice(0, from)]
    })
    const watcher = new Watcher()
    let inserting = true
    const inserted = Promise.all(
      threads.map((thread, n) => thread.call('insert', barrier, THREADS, name, orders[n])),
    ).finally(() => {
      inserting = false
    })
    while (inserting) watcher.take(await registry.metrics())
    await inserted
    const text = await registry.metrics()
    watcher.take(text)
    t.strictSame(watcher.wrong, [])
    const exposed = samples(text).filter(line => line.startsWith(name))
    t.equal(exposed.length, sets.length, `round ${round}: each label set is exposed once`)
    t.equal(new Set(exposed).size, sets.length)
    t.ok(
      exposed.every(line => line.endsWith(` ${THREADS}`)),
      'and every thread counted in it',
    )
  }
})
