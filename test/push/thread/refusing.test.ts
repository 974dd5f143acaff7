/** Receivers that refuse, ask to wait, or are none. */
import t from 'tap'
import { fresh } from '../../support/registry.js'
import { receiver } from '../delivery/receiver.js'
import { pushing, Taker } from './taker.js'

t.setTimeout(60_000)

/** Series whose labels make ten bodies. */
const MANY = 10_000
const long = (n: number) => String(n).padStart(1000, '0')

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
