/** Pushes of several threads and processes, and of one that is busy. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { Process } from '../../support/process.js'
import { fresh } from '../../support/registry.js'
import { until } from '../../support/until.js'
import { pushing, Taker } from './taker.js'

t.setTimeout(60_000)

const index = JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)

/** A receiver in a thread of its own, which counts what it took. */
const RECEIVER = `
  const { createServer } = require('node:http')
  const { parentPort, workerData } = require('node:worker_threads')
  const taken = new Int32Array(workerData)
  const server = createServer((request, response) => request.resume().on('end', () => {
    response.end()
    Atomics.add(taken, 0, 1)
    Atomics.notify(taken, 0)
  }))
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

t.test('pushes go on while the thread of the program is blocked', async t => {
  const taken = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(RECEIVER, { eval: true, workerData: taken.buffer })
  t.teardown(() => worker.terminate())
  const [port] = await once(worker, 'message')
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  await pushing(t, registry, `http://127.0.0.1:${port}/`, { every: 1000 })
  const limit = performance.now() + 30_000
  for (let seen = 0; seen < 3 && performance.now() < limit; ) {
    Atomics.wait(taken, 0, seen, 30_000)
    seen = Atomics.load(taken, 0)
  }
  t.ok(Atomics.load(taken, 0) >= 3, 'three pushes came, and this thread has done nothing else')
})

t.test('a program that ends by itself is not kept by a push, but by what it asked of one', async t => {
  const taker = await Taker.start(t)
  const run = async (then: string) => {
    const code = `
      import { createRegistry, push } from ${index}
      const registry = createRegistry({ memory: '16MiB' })
      const sent = registry.counter({ name: 'sent_total', help: '' })
      const pushed = await push(registry, { url: '${taker.url}', protocol: 'remote-write', withdraw: false })
      sent.inc(7)
      ${then}
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', part => {
      said += part
    })
    const [status] = await once(child, 'close')
    return { status, said: said.trim() }
  }
  t.same(await run(''), { status: 0, said: '' })
  t.same(await run('console.log(await pushed.flush())'), { status: 0, said: 'true' })
  t.equal(taker.value('sent_total'), 7)
  t.same(await run('sent.inc(); await pushed.close(); console.log("closed")'), { status: 0, said: 'closed' })
  t.equal(taker.value('sent_total'), 8)
  t.same(await run('sent.inc(2); await registry.close(); console.log("closed")'), {
    status: 0,
    said: 'closed',
  })
  t.equal(taker.value('sent_total'), 9)
})

t.test('two pushes of one registry, one of them from a Worker', async t => {
  const { registry } = fresh(t)
  const sent = registry.counter({ name: 'sent_total', help: '', labelNames: ['queue'] })
  const [here, there] = [await Taker.start(t), await Taker.start(t)]
  const { push } = await pushing(t, registry, here.url)
  const worker = new Worker(
    `
      import(${index}).then(async ({ getRegistry, push }) => {
        const { parentPort } = require('node:worker_threads')
        const registry = getRegistry(${JSON.stringify(registry.name)})
        const options = { url: '${there.url}', protocol: 'remote-write', name: 'other', log() {} }
        const pushed = await push(registry, options)
        parentPort.on('message', async what => {
          parentPort.postMessage(await pushed[what]())
          if (what === 'close') parentPort.close()
        })
        parentPort.postMessage('begun')
      })
    `,
    { eval: true },
  )
  t.teardown(() => worker.terminate())
  await once(worker, 'message')
  sent.inc({ queue: 'a' })
  worker.postMessage('flush')
  t.same(await once(worker, 'message'), [true])
  t.equal(await push.flush(), true)
  for (const taker of [here, there]) t.equal(taker.value('sent_total{queue="a"}'), 1)
  sent.remove({ queue: 'a' })
  t.equal(await push.flush(), true)
  worker.postMessage('flush')
  await once(worker, 'message')
  for (const taker of [here, there]) t.equal(taker.value('sent_total{queue="a"}'), undefined, 'each is told')
  worker.postMessage('close')
  await once(worker, 'exit')
  const labels = { outcome: 'whole' }
  t.ok(Number(registry.value('postmeter_pushes_total', { ...labels, push: 'other' })) >= 3)
})

t.test('a Worker that is terminated takes its push along, and nothing else', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc(3)
  const taker = await Taker.start(t)
  const worker = new Worker(
    `
      import(${index}).then(async ({ getRegistry, push }) => {
        await push(getRegistry(${JSON.stringify(registry.name)}), { url: '${taker.url}', protocol: 'remote-write', log() {} })
        require('node:worker_threads').parentPort.postMessage('begun')
      })
    `,
    { eval: true },
  )
  await once(worker, 'message')
  await worker.terminate()
  const { push } = await pushing(t, registry, taker.url)
  t.equal(await push.flush(), true)
  t.equal(taker.value('sent_total'), 3)
})

t.test('of a shared registry one process pushes what all have counted', async t => {
  const name = `push-${process.pid}`
  const { registry } = fresh(t, { name, shared: true })
  const sent = registry.counter({ name: 'sent_total', help: 'h', labelNames: ['x'] })
  const other = new Process(t)
  await other.call('create', { name, shared: true, memory: '16MiB' })
  const taker = await Taker.start(t)
  const { push } = await pushing(t, registry, taker.url)
  sent.inc({ x: 'a' }, 2)
  await other.call('inc', 'sent_total', 'a', 3)
  await other.call('inc', 'sent_total', 'b', 1)
  t.equal(await push.flush(), true)
  t.same([taker.value('sent_total{x="a"}'), taker.value('sent_total{x="b"}')], [5, 1])
  await other.kill()
  t.equal(await push.flush(), true)
  t.same(
    [taker.value('sent_total{x="a"}'), taker.value('sent_total{x="b"}')],
    [5, 1],
    'nothing is lost with it',
  )
})

t.test('labels that metrics have themselves are said once, with and without metrics of its own', async t => {
  for (const selfMetrics of [true, false]) {
    const { registry } = fresh(t)
    registry.counter({ name: 'sent_total', help: '', labelNames: ['job'] }).inc({ job: 'own' })
    registry.counter({ name: 'seen_total', help: '' }).inc()
    const taker = await Taker.start(t)
    const { push, events } = await pushing(t, registry, taker.url, {
      selfMetrics,
      labels: { job: 'mta', zone: '' },
    })
    for (let n = 0; n < 2; n++) t.equal(await push.flush(), true)
    t.equal(taker.value('sent_total{job="own"}'), 1)
    t.equal(taker.value('seen_total{job="mta"}'), 1)
    await until('it is said', () => events.length > 0)
    t.equal(events.length, 1)
    t.match(events[0], { code: 'push-label-clash', message: /metric "sent_total" has a label "job"/ })
  }
})
