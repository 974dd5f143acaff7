/**
 * What is recorded after close(): a program that ends has connections, timers and callbacks that end after its registry.
 * Nothing is thrown for that. It is dropped, counted, and logged once.
 */
import t from 'tap'
import type { Registry } from '../../src/index.js'
import { fresh } from '../support/registry.js'
import { Thread } from '../support/thread.js'

const help = 'h'
const labelNames = ['x'] as const

const closedDrops = (registry: Registry, family: string) =>
  registry.value('postmeter_dropped_updates_total', { family, reason: 'closed' })

/** How many updates of a family a call is. */
type Call = [family: string, updates: number, call: () => unknown]

/** A metric of each kind, and calls that record in it or take from it, made while it is open and not. */
function everything(registry: Registry): Call[] {
  const c = registry.counter({ name: 'c_total', help, labelNames })
  const plain = registry.counter({ name: 'plain_total', help })
  const gauges = (['sum', 'livesum', 'min', 'max', 'last'] as const).map(aggregate =>
    registry.gauge({ name: `g_${aggregate}`, help, labelNames, aggregate }),
  )
  const touched = registry.gauge({ name: 'touched', help, labelNames, expire: 'untouched' })
  const h = registry.histogram({ name: 'h', help, labelNames })
  const native = registry.histogram({ name: 'native', help, labelNames, native: {} })
  const s = registry.summary({ name: 's', help, labelNames })
  const info = registry.info({ name: 'build_info', help, labelNames })
  const door = registry.stateset({ name: 'door', help, states: ['open', 'shut'], labelNames })
  const x = { x: 'a' }
  const held = c.labels('a')
  const exemplar = { trace_id: 'abc' }
  const ends = [h.labels(x).startTimer(), s.labels(x).startTimer(), gauges[0].labels(x).startTimer()]
  const labelled = [h.startTimer(x), s.startTimer(), gauges[0].startTimer()]
  const children = [...gauges, touched].map(gauge => gauge.labels(x))
  const observed = [h, native].map(histogram => histogram.labels(x))
  const one = s.labels(x)
  const state = door.labels(x)
  const calls: Call[] = [
    ['c_total', 1, () => held.inc()],
    ['c_total', 1, () => held.inc(2, exemplar)],
    ['c_total', 1, () => held.inc(2, { trace_id: 'x'.repeat(200) })],
    ['c_total', 1, () => c.inc(x)],
    ['c_total', 1, () => c.inc({ x: 'never seen' }, 1, exemplar)],
    ['c_total', 1, () => c.labels({ x: 'another' }).inc()],
    ['plain_total', 1, () => plain.inc()],
    ...gauges.flatMap((gauge, n): Call[] => {
      const steps = gauge.aggregate === 'last' ? [] : [() => children[n].inc(), () => children[n].dec()]
      return [
        ...[...steps, () => children[n].set(5), () => gauge.set({ x: 'never seen' }, 5)].map(
          (call): Call => [gauge.name, 1, call],
        ),
        [gauge.name, 1, () => gauge.setToCurrentTime(x)],
      ]
    }),
    ['touched', 1, () => touched.set(x, 7)],
    ['h', 1, () => observed[0].observe(1)],
    ['h', 1, () => observed[0].observe(1, exemplar)],
    ['native', 1, () => observed[1].observe(1)],
    ['native', 1, () => observed[1].observe(-1, exemplar)],
    ['native', 1, () => native.observe(x, Number.NaN)],
    ['s', 1, () => one.observe(1)],
    ['build_info', 1, () => info.set({ x: 'new' })],
    ['door', 1, () => state.set('open')],
    ['door', 2, () => door.become(x, 'shut')],
  ]
  // As a program does while it runs.
  for (const [, , call] of calls) call()
  return [
    ...calls,
    ['h', 1, () => ends[0]()],
    ['s', 1, () => ends[1]()],
    ['g_sum', 1, () => ends[2]()],
    ['h', 1, () => labelled[0]()],
    ['s', 1, () => labelled[1](x)],
    ['g_sum', 1, () => labelled[2](x)],
    ['c_total', 0, () => c.remove(x)],
    ['c_total', 0, () => c.clear()],
    ['c_total', 0, () => c.reset()],
    ['build_info', 0, () => info.clear()],
    ['door', 0, () => door.remove(x)],
    ['h', 0, () => registry.resetMetrics()],
  ]
}

t.test('no call that records throws; each update is dropped and counted, and said once', async t => {
  const { registry, events } = fresh(t)
  const calls = everything(registry)
  const before = ['c_total', 'g_last', 'h', 's'].map(name => registry.value(name, { x: 'a' }))
  events.length = 0
  await registry.close()
  t.equal(closedDrops(registry, 'c_total'), undefined, 'none yet')
  const wanted = new Map<string, number>()
  for (const [family, updates, call] of calls) {
    t.doesNotThrow(call, `${family}: ${call}`)
    wanted.set(family, (wanted.get(family) ?? 0) + updates)
    t.equal(closedDrops(registry, family) ?? 0, wanted.get(family), `${family}: ${call}`)
  }
  t.match(events, [
    { level: 'warn', code: 'dropped-closed', message: /^metric "c_total": .* closed in this/ },
  ])
  t.equal(events.length, 1, 'once for all of them')
  t.same(
    ['c_total', 'g_last', 'h', 's'].map(name => registry.value(name, { x: 'a' })),
    before,
    'what was counted before is as it was',
  )
  t.same(registry.value('build_info', { x: 'new' }), 1, 'nor has remove() or clear() taken anything')
})

t.test('what makes metrics, and what reads, still fails', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'c_total', help }).inc()
  await registry.close()
  const code = 'ERR_POSTMETER_CLOSED'
  t.throws(() => registry.counter({ name: 'new_total', help }), { code })
  t.throws(() => registry.counter({ name: 'c_total', help }), { code }, 'one that there is, too')
  t.throws(() => registry.stateset({ name: 'door', help, states: ['open'] }), { code })
  await t.rejects(registry.metrics(), { code })
  await t.rejects(registry.json(), { code })
})

t.test('a child that was refused at a limit before is no exception', async t => {
  const { registry } = fresh(t)
  const c = registry.counter({ name: 'c_total', help, labelNames, maxSeries: 1 })
  c.inc({ x: 'a' })
  const refused = c.labels('b')
  refused.inc()
  await registry.close()
  refused.inc()
  t.equal(registry.value('postmeter_dropped_updates_total', { family: 'c_total', reason: 'series' }), 1)
  t.equal(closedDrops(registry, 'c_total'), 1)
})

t.test('a thread that has recorded nothing takes none of its places', async t => {
  const { registry } = fresh(t)
  const c = registry.counter({ name: 'c_total', help })
  const h = registry.histogram({ name: 'h', help })
  await registry.close()
  c.inc(1, { trace_id: 'a' })
  h.observe(1, { trace_id: 'a' })
  t.equal(registry.value('postmeter_shards_in_use'), 0)
})

t.test('threads: the one that closed drops, the others store into memory that nobody exposes', async t => {
  const { registry } = fresh(t)
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  const options = { name: 'c_total', help, labelNames }
  await thread.call('register', 'counter', options)
  await thread.call('inc', 'c_total', { x: 'a' })
  const here = registry.counter(options).labels('a')
  here.inc()
  await registry.close()
  await thread.call('inc', 'c_total', { x: 'a' })
  await thread.call('inc', 'c_total', { x: 'new' })
  here.inc()
  t.equal(registry.value('c_total', { x: 'a' }), 3)
  t.equal(registry.value('c_total', { x: 'new' }), 1)
  t.equal(closedDrops(registry, 'c_total'), 1, 'of this thread')
  await thread.call('close')
  await thread.call('inc', 'c_total', { x: 'a' })
  await thread.call('inc', 'c_total', { x: 'third' })
  t.equal(registry.value('c_total', { x: 'a' }), 3)
  t.equal(closedDrops(registry, 'c_total'), 3)
  const read = await thread.call('value', 'postmeter_dropped_updates_total', {
    family: 'c_total',
    reason: 'closed',
  })
  t.equal(read, 3, 'any thread that has it can see how many')
})

t.test("the library's own figures are up to date without a scrape", async t => {
  const { registry } = fresh(t)
  const c = registry.counter({ name: 'c_total', help, labelNames, maxSeries: 1 })
  c.inc({ x: 'a' })
  c.inc({ x: 'b' })
  const drops = (family: string, reason: string) =>
    registry.value('postmeter_dropped_updates_total', { family, reason })
  t.equal(drops('c_total', 'series'), 1)
  t.equal(drops('c_total', 'memory'), undefined, 'no drops, no series')
  t.equal(drops('c_total', 'no reason'), undefined)
  t.equal(drops('no family', 'series'), undefined)
  t.equal(drops('', 'series'), undefined)
  t.equal(registry.value('postmeter_series'), 1)
  t.match(
    await registry.metrics({ selfMetrics: true }),
    /^postmeter_dropped_updates_total\{family="c_total",reason="series"\} 1$/m,
  )
})
