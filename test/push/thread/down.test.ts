/** Receivers that are down or slow, while the program counts on. */
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { fresh } from '../../support/registry.js'
import { until } from '../../support/until.js'
import { keyOf, pushing, Taker } from './taker.js'

t.setTimeout(60_000)

/** Series whose labels make ten bodies. */
const MANY = 10_000
const long = (n: number) => String(n).padStart(1000, '0')

t.test('a receiver that ends and comes back gets what was counted meanwhile', async t => {
  const { registry } = fresh(t)
  const sent = registry.counter({ name: 'sent_total', help: '', labelNames: ['queue'] })
  const taker = await Taker.start(t)
  sent.inc({ queue: 'a' })
  const { push, codes } = await pushing(t, registry, taker.url, { every: 1000 })
  await taker.has('sent_total{queue="a"}', 1)
  await taker.die()
  sent.inc({ queue: 'a' }, 2)
  t.equal(await push.flush(), false, 'nobody is there')
  sent.inc({ queue: 'b' }, 5)
  await until('it is said', () => codes().includes('push-failing'))
  t.equal(await push.flush(), false)
  await taker.listen()
  await taker.has('sent_total{queue="a"}', 3)
  await taker.has('sent_total{queue="b"}', 5)
  t.equal(await push.flush(), true)
  t.same(codes(), ['push-failing', 'push-again'])
})

t.test('a receiver that is there only later', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const taker = await Taker.start(t)
  await taker.die()
  const { codes } = await pushing(t, registry, taker.url, { every: 1000 })
  await until('it is said', () => codes().length > 0)
  await taker.listen()
  await taker.has('sent_total', 1)
  await until('that too', () => codes().includes('push-again'))
  t.same(codes(), ['push-failing', 'push-again'])
})

t.test('a slow receiver has two bodies at once', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const queues = registry.gauge({ name: 'queue', help: '', labelNames: ['name'] })
  for (let n = 0; n < MANY; n++) queues.labels(long(n)).set(n)
  const held: ServerResponse[] = []
  let most = 0
  const taker = await Taker.start(t, response => {
    held.push(response)
    response.once('close', () => held.splice(held.indexOf(response), 1))
    most = Math.max(most, held.length)
  })
  const { push, codes } = await pushing(t, registry, taker.url, { every: '1h' })
  await until('two came', () => held.length === 2)
  let whole: boolean | undefined
  void push.flush().then(is => {
    whole = is
  })
  // What would come beyond them has time to come, as they are answered one by one.
  let answered = 0
  await until('all has come', () => {
    held[0]?.writeHead(204).end(() => answered++)
    return whole !== undefined
  })
  t.equal(most, 2)
  t.ok(answered > 4, `${answered} bodies`)
  t.equal(whole, true)
  t.equal(taker.value(`queue{name="${long(MANY - 1)}"}`), MANY - 1)
  t.same(codes(), [])
  taker.answer = undefined
})

t.test('a receiver too slow for all of it within a beat is named, and the next push begins', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const queues = registry.gauge({ name: 'queue', help: '', labelNames: ['name'] })
  for (let n = 0; n < MANY; n++) queues.labels(long(n)).set(n)
  const first = `queue{name="${long(0)}"}`
  let firsts = 0
  const taker = await Taker.start(t, (response, _request, series) => {
    if (series.some(one => keyOf(one) === first)) firsts++
    setTimeout(() => response.writeHead(204).end(), 600)
  })
  const { events } = await pushing(t, registry, taker.url, { every: 1000 })
  await until('a second round has begun', () => firsts > 1)
  t.match(events, [{ code: 'push-failing', message: /is slow: a part .* was not sent in time/ }])
  taker.answer = undefined
})

t.test('a receiver that never answers: rounds are given up, which is said once', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const taker = await Taker.start(t, () => {})
  const { push, events, codes } = await pushing(t, registry, taker.url, { every: 1000, timeout: 300 })
  t.equal(await push.flush(), false)
  t.equal(await push.flush(), false)
  t.same(codes(), ['push-failing'])
  t.match(events[0], { message: /no whole answer within 300 ms/ })
  taker.answer = undefined
  t.equal(await push.flush(), true)
  t.same(codes(), ['push-failing', 'push-again'])
})

t.test('series that are removed, or expire, are told to be gone between two pushes', async t => {
  const { registry } = fresh(t, { sweepEvery: 1000 })
  const busy = registry.gauge({ name: 'busy', help: '', labelNames: ['queue'] })
  const seen = registry.counter({ name: 'seen', help: '', labelNames: ['queue'], expireAfter: 1000 })
  busy.set({ queue: 'a' }, 1)
  busy.set({ queue: 'b' }, 1)
  seen.inc({ queue: 'c' })
  const taker = await Taker.start(t)
  const { push } = await pushing(t, registry, taker.url, { every: '1h' })
  await taker.has('seen{queue="c"}', 1)
  busy.remove({ queue: 'a' })
  await taker.has('busy{queue="a"}', undefined)
  await taker.has('seen{queue="c"}', undefined)
  t.equal(taker.value('busy{queue="b"}'), 1)
  busy.set({ queue: 'a' }, 2)
  t.equal(await push.flush(), true)
  t.equal(taker.value('busy{queue="a"}'), 2, 'it is there again')
  await push.close()
  t.equal(taker.value('busy{queue="a"}'), undefined, 'a clean end tells of all')
  t.equal(taker.value('busy{queue="b"}'), undefined)
})
