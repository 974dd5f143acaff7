/** The thread of a push fails, is started again, and goes on where it was. */
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { slotsTaken } from '../../../src/memory/slots.js'
import { fresh } from '../../support/registry.js'
import { until } from '../../support/until.js'
import { pushing, Taker } from './taker.js'

t.setTimeout(60_000)

const workers: Worker[] = []
process.on('worker', worker => workers.push(worker))
/** What it cannot read is thrown in it. */
const fail = () => workers.at(-1)!.postMessage(null)

t.test(
  'a thread that fails is started again, and tells what was counted and what went meanwhile',
  async t => {
    const { registry, arena } = fresh(t)
    const busy = registry.gauge({ name: 'busy', help: '', labelNames: ['queue'] })
    busy.set({ queue: 'a' }, 1)
    busy.set({ queue: 'b' }, 1)
    const taker = await Taker.start(t)
    const { push, events, codes } = await pushing(t, registry, taker.url, { every: '1h' })
    await taker.has('busy{queue="a"}', 1)
    fail()
    await until('it has failed', () => codes().includes('push-thread-failed'))
    busy.remove({ queue: 'a' })
    busy.set({ queue: 'b' }, 2)
    await taker.has('busy{queue="b"}', 2)
    await until('it says so', () => codes().includes('push-thread-restarted'))
    t.same(codes(), ['push-thread-failed', 'push-thread-restarted'])
    t.match(events[0], {
      level: 'error',
      message: /^the thread of push "remote-write" failed .* in 10 ms: .*TypeError/,
    })
    t.equal(taker.value('busy{queue="a"}'), undefined, 'what is gone is told by the next thread')
    t.equal(await push.flush(), true)
    t.equal(slotsTaken(arena), 0)
  },
)

t.test('what was asked of a thread that failed is answered', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const taker = await Taker.start(t, () => {})
  const { push } = await pushing(t, registry, taker.url, { every: '1h' })
  await until('it came', () => taker.came > 0)
  const flushed = [push.flush(), push.flush()]
  fail()
  t.same(await Promise.all(flushed), [false, false])
  taker.answer = undefined
})

t.test('close() while a failed thread waits to be started again pushes what was counted', async t => {
  const { registry } = fresh(t)
  const sent = registry.counter({ name: 'sent_total', help: '' })
  const taker = await Taker.start(t)
  const { push, codes } = await pushing(t, registry, taker.url, { every: '1h', withdraw: false })
  await taker.has('sent_total', 0)
  fail()
  await until('it has failed', () => codes().includes('push-thread-failed'))
  sent.inc(3)
  await push.close()
  t.equal(taker.value('sent_total'), 3)
})

t.test('a thread that fails as it is closed is no reason to wait, and is said', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const taker = await Taker.start(t)
  const { push, codes } = await pushing(t, registry, taker.url, { every: '1h' })
  await taker.has('sent_total', 1)
  taker.answer = () => {}
  const closed = push.close()
  await until('the last push came', () => taker.came > 1)
  fail()
  await closed
  t.same(codes(), ['push-thread-failed'])
})
