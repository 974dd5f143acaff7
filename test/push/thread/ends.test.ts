/** flush() and close() of a push, in every order, and the end of its registry. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { push } from '../../../src/index.js'
import { slotsTaken } from '../../../src/memory/slots.js'
import { fresh } from '../../support/registry.js'
import { until } from '../../support/until.js'
import { pushing, Taker } from './taker.js'

t.setTimeout(60_000)

t.test('flush() and close(), in every order, twice, and at once', async t => {
  const orders: ('flush' | 'close')[][] = [
    ['flush', 'close'],
    ['close', 'flush'],
    ['close', 'close'],
    ['flush', 'flush', 'close', 'close', 'flush'],
  ]
  for (const order of orders) {
    for (const atOnce of [false, true]) {
      const { registry, arena } = fresh(t)
      const counter = registry.counter({ name: 'sent_total', help: '' })
      const taker = await Taker.start(t)
      const { push, events } = await pushing(t, registry, taker.url, { withdraw: false })
      counter.inc()
      const calls: unknown[] = []
      for (const call of order) {
        const called = push[call]()
        calls.push(atOnce ? called : await called)
      }
      const came = await Promise.all(calls)
      const name = `${order}${atOnce ? ' at once' : ''}`
      t.equal(taker.value('sent_total'), 1, name)
      const closed = order.indexOf('close')
      for (const [n, is] of came.entries()) {
        if (order[n] === 'close') t.equal(is, undefined)
        else if (n > closed) t.equal(is, false, 'after close() there is nothing to flush')
        else if (!atOnce) t.equal(is, true)
      }
      t.same(events, [], name)
      t.equal(slotsTaken(arena), 0)
    }
  }
})

t.test('close() takes at most twice the timeout, whatever the receiver does', async t => {
  const timeout = 700
  let asked = 0
  for (const [what, answer] of [
    ['never answers', undefined],
    ['says to try again, and then nothing', 503],
    ['says to wait', 429],
  ] as const) {
    const { registry } = fresh(t)
    registry.counter({ name: 'sent_total', help: '' }).inc()
    const taker = await Taker.start(t)
    const kit = await pushing(t, registry, taker.url, { every: '1h', timeout })
    await taker.has('sent_total', 1)
    taker.answer = response => {
      asked++
      if (answer === 429) response.writeHead(429, { 'retry-after': '100' }).end()
      // Until most of the time is over.
      else if (answer === 503) setTimeout(() => asked % 2 && response.writeHead(503).end(), timeout * 0.8)
    }
    const begun = performance.now()
    await kit.push.close()
    const took = performance.now() - begun
    // Half a timeout for a busy machine; without a limit it is four of them.
    t.ok(took < timeout * 2.5, `a receiver that ${what}: ${Math.round(took)} ms`)
    t.same(new Set(kit.codes()), new Set(['push-failing']))
  }
})

t.test('a registry that is closed while a push is under way has it end first', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'sent_total', help: '' })
  const taker = await Taker.start(t)
  const { push, events } = await pushing(t, registry, taker.url)
  await taker.has('sent_total', 0)
  let release = () => {}
  taker.answer = response => {
    release = () => void response.writeHead(204).end()
    taker.answer = undefined
  }
  const flushed = push.flush()
  await until('it came', () => taker.answer === undefined)
  counter.inc(5)
  const closed = registry.close()
  t.equal(await flushed, false, 'it is given up')
  release()
  await closed
  const last = taker.taken.findLast(series => series.some(({ value }) => value === 5))
  t.ok(last, 'the last push has what was counted before')
  t.equal(taker.value('sent_total'), undefined, 'and then all is gone')
  t.same(events, [])
  t.equal(await push.flush(), false)
  await push.close()
})

t.test('a registry that is closed while its push begins', async t => {
  const { registry } = fresh(t)
  const taker = await Taker.start(t)
  const begun = t.rejects(push(registry, { url: taker.url, protocol: 'remote-write', log: () => {} }), {
    code: 'ERR_POSTMETER_CLOSED',
    message: `push: registry "${registry.name}" was closed while its push began`,
  })
  await registry.close()
  await begun
})

t.test('a registry that is closed, or was by another thread', async t => {
  const { registry } = fresh(t)
  const url = 'http://127.0.0.1:1/'
  const code = `
    import(${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)})
      .then(({ getRegistry }) => getRegistry(${JSON.stringify(registry.name)}).close())
  `
  await once(new Worker(code, { eval: true }), 'exit')
  const message = `push: registry "${registry.name}" is closed`
  await t.rejects(push(registry, { url, protocol: 'otlp' }), { code: 'ERR_POSTMETER_CLOSED', message })
  await registry.close()
  await t.rejects(push(registry, { url, protocol: 'otlp' }), { code: 'ERR_POSTMETER_CLOSED', message })
})

t.test('a log that throws, or rejects, ends nothing', async t => {
  const warnings: string[] = []
  const warned = ({ message }: Error) => warnings.push(message)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  for (const log of [
    () => {
      throw new Error('no disk')
    },
    async () => {
      throw new Error('no disk')
    },
  ]) {
    const { registry } = fresh(t)
    registry.counter({ name: 'sent_total', help: '' }).inc()
    const taker = await Taker.start(t, response => void response.writeHead(400).end())
    const { push } = await pushing(t, registry, taker.url, { log })
    t.equal(await push.flush(), false)
    taker.answer = undefined
    t.equal(await push.flush(), true)
  }
  await until('what they did not take is a warning', () => warnings.length >= 2)
  t.match(warnings, [/answered 400/, /answered 400/])
})
