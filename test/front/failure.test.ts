/** What happens to a scrape when a thread of the pool dies under it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { metricsHandler } from '../../src/index.js'
import { slotsTaken } from '../../src/memory/slots.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(60_000)

const SERIES = 300_000
const workers = new Set<Worker>()
const endAtOnce = { on: false }
const ending = new Set<Promise<number>>()
process.on('worker', worker => {
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
  // With its first message it is ready, and is asked behind this. What one was for that ends before that, is done here.
  worker.prependOnceListener('message', () => {
    if (!endAtOnce.on) return
    const ended = worker.terminate().finally(() => ending.delete(ended))
    ending.add(ended)
  })
})
const kill = () => Promise.all([...workers].map(worker => worker.terminate()))

/** Lets threads live again; what was already ending would take the next scrape's spans with it. */
async function endNoMore(): Promise<void> {
  endAtOnce.on = false
  await Promise.all([...ending])
}

const { registry, arena } = fresh(t, { memory: '256MiB' })
const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
for (let n = 0; n < SERIES; n++) gauge.labels(`queue-${String(n).padStart(120, '0')}`).set(n)
const codes: string[] = []
const server = createServer(metricsHandler(registry, { log: ({ code }) => codes.push(code) }))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})

async function whole(t: Pick<Test, 'equal'>): Promise<void> {
  const raw = await Raw.open(port)
  const { status, body } = await raw.send(get('/metrics')).answer()
  t.equal(status, 200)
  t.equal(body.toString('latin1').match(/^waiting\{/gm)?.length, SERIES, 'the next scrape is whole')
  raw.close()
  await until('all slots are free', () => slotsTaken(arena) === 0)
}

t.test('before the first byte: 500', async t => {
  endAtOnce.on = true
  const raw = await Raw.open(port)
  const { status, body } = await raw.send(get('/metrics')).answer()
  await endNoMore()
  t.equal(status, 500)
  t.equal(body.toString(), 'the scrape failed\n')
  t.ok(codes.includes('scrape-failed'))
  raw.close()
  await whole(t)
})

t.test('in the middle: the connection is ended, and not as if it were whole', async t => {
  codes.length = 0
  const raw = await Raw.open(port)
  raw.send(get('/metrics'))
  await until('it has begun', () => raw.buffered > 100_000)
  raw.socket.pause()
  // Before: another thread starts as soon as one has ended.
  endAtOnce.on = true
  await kill()
  raw.socket.resume()
  const rest = await raw.rest()
  await endNoMore()
  t.equal(rest.toString('latin1', 0, 15), 'HTTP/1.1 200 OK')
  t.notOk(rest.toString('latin1').endsWith('\r\n0\r\n\r\n'))
  t.same(codes, ['scrape-failed'])
  raw.close()
  await whole(t)
})
