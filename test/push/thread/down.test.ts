/** Receivers that are down, slow, or refuse, while the program counts on. */
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { fresh } from '../../support/registry.js'
import { until } from '../../support/until.js'
import { receiver } from '../delivery/receiver.js'
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

t.test('a slow receiver has four bodies at once', async t => {
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
  await until('four came', () => held.length === 4)
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
  t.equal(most, 4)
  t.ok(answered > 8, `${answered} bodies`)
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

t.test('one body that is refused leaves the others, and is counted', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const queues = registry.gauge({ name: 'queue', help: '', labelNames: ['name'] })
  for (let n = 0; n < MANY; n++) queues.labels(long(n)).set(n)
  const last = `queue{name="${long(MANY - 1)}"}`
  const taker = await Taker.start(t, (response, _request, series) => {
    const bad = series.some(({ value }) => value === 0)
    response.writeHead(bad ? 400 : 204, { 'content-type': 'text/plain' }).end(bad ? 'out of order' : '')
  })
  const { push, events } = await pushing(t, registry, taker.url, { selfMetrics: true })
  t.equal(await push.flush(), false)
  t.equal(taker.value(last), MANY - 1)
  t.equal(taker.value(`queue{name="${long(0)}"}`), undefined)
  t.match(events[0], { code: 'push-failing', message: /answered 400: "out of order"/ })
  const labels = { push: 'remote-write', outcome: 'partial' }
  t.ok(Number(registry.value('postmeter_pushes_total', labels)) >= 1)
  t.equal(registry.value('postmeter_pushes_total', { ...labels, outcome: 'failed' }), undefined)
  t.ok(Number(registry.value('postmeter_push_requests_total', { ...labels, outcome: 'refused' })) >= 1)
  t.ok(Number(registry.value('postmeter_push_bytes_total', { push: 'remote-write' })) > 0)
})

t.test('429 with Retry-After has all bodies wait, and the push goes on after it', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const at: number[] = []
  const taker = await Taker.start(t, response => {
    at.push(performance.now())
    if (at.length > 1) response.writeHead(204).end()
    else response.writeHead(429, { 'retry-after': '1' }).end()
  })
  await pushing(t, registry, taker.url, { every: 60_000 })
  await taker.has('sent_total', 1)
  t.equal(at.length, 2)
  t.ok(at[1]! - at[0]! >= 990, `${at[1]! - at[0]!} ms`)
})

t.test('what is no receiver: a page of HTML, a redirect', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const taker = await Taker.start(t)
  const page = await receiver(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>log in</html>')
  })
  const moved = await receiver(t, (_request, response) => {
    response.writeHead(307, { location: taker.url }).end()
  })
  const first = await pushing(t, registry, page)
  t.equal(await first.push.flush(), false)
  t.match(first.events, [{ code: 'push-failing', message: /it is no receiver/ }])
  const second = await pushing(t, registry, moved)
  t.equal(await second.push.flush(), false)
  t.equal(second.events.length, 1)
  t.match(second.events, [{ code: 'push-failing', message: /307/ }])
  t.equal(taker.came, 0)
  const third = await pushing(t, registry, moved, { redirects: true })
  t.equal(await third.push.flush(), true)
  t.equal(taker.value('sent_total'), 1)
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
