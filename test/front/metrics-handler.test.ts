/** The handler in the servers that people have. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import connect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import t from 'tap'
import { recorderFor } from '../../src/front/thread/self-metrics.js'
import { type MetricsHandler, metricsHandler } from '../../src/index.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(60_000)

type Mount = (handler: MetricsHandler) => Promise<{ port: number; close(): unknown }>

async function listening(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const mounts: Record<string, { mount: Mount; elsewhere: string | RegExp }> = {
  'node:http': {
    mount: handler => listening(createServer(handler)),
    elsewhere: /^there is only \/metrics and \/metrics\.json\n$/,
  },
  Connect: {
    mount: handler =>
      listening(
        createServer(
          connect()
            .use(handler)
            .use((_request, response) => response.end('mine')),
        ),
      ),
    elsewhere: 'mine',
  },
  Express: {
    mount: handler => {
      const app = express()
      app.use(handler)
      app.get('/elsewhere', (_request, response) => {
        response.send('mine')
      })
      return listening(createServer(app))
    },
    elsewhere: 'mine',
  },
  'Express, under the path': {
    mount: handler => {
      const app = express()
      app.use('/metrics', handler)
      app.get('/metrics.json', handler)
      app.get('/elsewhere', (_request, response) => {
        response.send('mine')
      })
      return listening(createServer(app))
    },
    elsewhere: 'mine',
  },
  Fastify: {
    mount: async handler => {
      const app = Fastify()
      for (const path of ['/metrics', '/metrics.json']) {
        app.get(path, (request, reply) => {
          reply.hijack()
          handler(request.raw, reply.raw)
        })
      }
      app.get('/elsewhere', () => 'mine')
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
    },
    elsewhere: 'mine',
  },
}

for (const [name, { mount, elsewhere }] of Object.entries(mounts)) {
  t.test(`in ${name}`, async t => {
    const { registry } = fresh(t, { memory: '64MiB' })
    const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
    gauge.set({ queue: 'a' }, 1)
    const handler = metricsHandler(registry, { log: () => {} })
    const { port, close } = await mount(handler)
    t.teardown(close)
    const url = `http://127.0.0.1:${port}`

    const text = await fetch(`${url}/metrics?prefix=p_`)
    t.equal(text.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    t.equal(text.headers.get('x-content-type-options'), 'nosniff')
    t.match(await text.text(), /^p_waiting\{queue="a"\} 1$/m)
    const json = await fetch(`${url}/metrics.json`)
    t.match(await json.json(), { waiting: { value: { queue: { a: 1 } } } })
    t.match(await (await fetch(`${url}/elsewhere`)).text(), elsewhere)
    t.equal((await fetch(`${url}/metrics`, { headers: { authorization: 'Basic x' } })).status, 403)
    t.equal((await fetch(`${url}/metrics?prefix=%zz`)).status, 400)
    const proxied = await Raw.open(port)
    t.equal((await proxied.send(get(`${url}/metrics?prefix=p_`)).answer()).status, 200, 'absolute form')
    proxied.close()

    // Large enough to be streamed from the pool, with a reader that stalls beside it, and goes away.
    for (let n = 0; n < 120_000; n++) gauge.set({ queue: `queue-${String(n).padStart(80, '0')}` }, n)
    const stalled = await Raw.open(port)
    stalled.send(get('/metrics'))
    await until('it is sent something', () => stalled.buffered > 0)
    stalled.socket.pause()
    const large = await (await fetch(`${url}/metrics`)).text()
    t.equal(large.match(/^waiting\{/gm)?.length, 120_001)
    stalled.close()
    await until(
      'both are over',
      () => registry.value('postmeter_scrapes_total', { status: 'aborted', format: 'text' }) === 1,
    )

    t.throws(() => handler.setTrustedHosts(['10/8']), { message: /option "trustedHosts": "10\/8"/ })
    handler.setTrustedHosts(['10.0.0.0/8'])
    t.equal((await fetch(`${url}/metrics`)).status, 403)
  })
}

t.test('another path', async t => {
  const { registry } = fresh(t)
  const { port, close } = await listening(
    createServer(metricsHandler(registry, { path: '/internal/figures' })),
  )
  t.teardown(close)
  for (const [path, status] of [
    ['/internal/figures', 200],
    ['/internal/figures.json', 200],
    ['/metrics', 404],
    ['/', 404],
  ] as const) {
    t.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, status, path)
  }
})

t.test('options are checked at the door, and named', async t => {
  const { registry } = fresh(t)
  const rows: [unknown, RegExp][] = [
    [{ pth: '/' }, /^metricsHandler: option "pth" is not known/],
    [{ path: 'metrics' }, /^option "path": "metrics" is not the path/],
    [{ path: '/a?b' }, /^option "path"/],
    [{ trustedHosts: ['fe80::1%eth0'] }, /^option "trustedHosts": "fe80::1%eth0" has a zone id/],
    [{ maxConcurrentScrapes: 0 }, /^option "maxConcurrentScrapes": 0 is not from 1 to 64/],
    [{ scrapeTimeout: 'soon' }, /^option "scrapeTimeout": "soon" is not a duration/],
    [{ openMetrics: 1 }, /^option "openMetrics": 1 is not a boolean/],
    [{ log: 1 }, /^option "log": 1 is not a function/],
  ]
  for (const [options, message] of rows) {
    t.throws(() => metricsHandler(registry, options as object), { message }, JSON.stringify(options))
  }
})

/** The value of a metric of the library's own, as a reader gets it. */
async function exposed(port: number, path: string, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

t.test('two handlers of one registry expose what both have', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
  for (let n = 0; n < 120_000; n++) gauge.set({ queue: `queue-${String(n).padStart(80, '0')}` }, n)
  const one = metricsHandler(registry, { path: '/one', log: () => {} })
  const other = metricsHandler(registry, { path: '/other', log: () => {} })
  const app = express().use(one).use(other)
  const { port, close } = await listening(createServer(app))
  t.teardown(close)
  const inFlight = 'postmeter_requests_in_flight'
  t.equal(await exposed(port, '/other', inFlight), 1)

  const stalled: Raw[] = []
  for (const path of ['/one', '/other']) {
    const raw = await Raw.open(port)
    raw.send(get(path))
    await until('it is sent something', () => raw.buffered > 0)
    raw.socket.pause()
    stalled.push(raw)
  }
  t.equal(await exposed(port, '/one', inFlight), 3)
  t.equal(await exposed(port, '/other', inFlight), 3)

  const closing = one.close()
  t.equal(one.close(), closing, 'it can be awaited twice')
  await closing
  for (const [path, status] of [
    ['/one', 503],
    ['/other', 200],
  ] as const) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    t.equal(answer.status, status, path)
    await answer.arrayBuffer()
  }
  // What its reader did not take is cut, with a second to take it in.
  await until(
    'the cut is counted',
    () => registry.value('postmeter_readers_cut_total', { reason: 'closing' }) === 1,
  )
  t.equal(await exposed(port, '/other', inFlight), 2, 'and its gauges are gone')
  stalled[0]!.socket.resume()
  t.notMatch((await stalled[0]!.rest()).toString('latin1').slice(-7), '\r\n0\r\n\r\n', 'its reader sees that')
  await other.close()
  t.equal(registry.value(inFlight), 0)
  for (const raw of stalled) raw.close()
})

t.test('a handler that is closed lets what it sends go on', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
  for (let n = 0; n < 30_000; n++) gauge.set({ queue: `queue-${String(n).padStart(80, '0')}` }, n)
  const handler = metricsHandler(registry, { log: () => {} })
  const { port, close } = await listening(createServer(handler))
  t.teardown(close)
  const raw = await Raw.open(port)
  raw.send(get('/metrics'))
  await until('it is sent something', () => raw.buffered > 0)
  const closing = handler.close()
  t.equal((await raw.answer()).body.toString('latin1').match(/^waiting\{/gm)?.length, 30_000)
  const refused = await raw.send(get('/metrics')).answer()
  t.same([refused.status, refused.body.toString()], [503, 'this front is closing\n'])
  await closing
  handler.setTrustedHosts([])
  const stranger = await Raw.open(port)
  t.equal((await stranger.send(get('/metrics')).answer()).status, 403, 'and says no more to strangers')
})

const PLAIN = { headers: { 'accept-encoding': 'identity' } }

/**
 * Puts a stream of its own before a response, as Express' compression does: it has its own drain, and takes none off.
 */
function wrapping(drained: (stream: PassThrough) => void) {
  return (_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const stream = new PassThrough({ highWaterMark: 16 * 1024 })
    const write = response.write.bind(response) as (chunk: Uint8Array) => boolean
    const end = response.end.bind(response)
    const { on } = response
    stream.on('drain', () => drained(stream))
    response.write = (chunk: Uint8Array) => stream.write(chunk)
    response.end = ((chunk?: Uint8Array) => {
      stream.end(chunk)
      return response
    }) as typeof end
    response.on = ((event: string, listener: () => void) => {
      if (event === 'drain') stream.on(event, listener)
      else on.call(response, event, listener)
      return response
    }) as typeof on
    stream.on('data', chunk => {
      if (!write(chunk)) stream.pause()
    })
    stream.on('end', () => end())
    on.call(response, 'drain', () => stream.resume())
    next()
  }
}

t.test('behind middleware that compresses, listeners do not pile up', async t => {
  const { registry } = fresh(t, { memory: '64MiB' })
  const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
  for (let n = 0; n < 120_000; n++) gauge.set({ queue: `queue-${String(n).padStart(80, '0')}` }, n)
  let most = 0
  let drains = 0
  const app = express()
    .use(
      wrapping(stream => {
        drains++
        most = Math.max(most, stream.listenerCount('drain'))
      }),
    )
    .use(metricsHandler(registry, { log: () => {} }))
  const { port, close } = await listening(createServer(app))
  t.teardown(close)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, PLAIN)).text()
  t.equal(text.match(/^waiting\{/gm)?.length, 120_000)
  t.ok(drains > 10, `${drains} times it was waited for`)
  t.equal(most, 2, 'the handler has one listener, this test the other')
})

t.test('copies of the package in one thread add up too', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'a_total', help: 'a' }).inc()
  const copy = (await import(
    `${new URL('../../src/front/thread/self-metrics.js', import.meta.url).href}?copy`
  )) as {
    recorderFor: typeof recorderFor
  }
  t.not(copy.recorderFor, recorderFor)
  const gauges = (inFlight: number) => ({
    inFlight: () => inFlight,
    waiting: () => 0,
    running: () => 0,
    connections: () => 0,
  })
  const mine = recorderFor(registry)
  const its = copy.recorderFor(registry)
  const stop = its.watch(gauges(5))
  mine.watch(gauges(2))
  for (const recorder of [mine, its]) {
    recorder.refresh()
    t.equal(registry.value('postmeter_requests_in_flight'), 7)
  }
  stop()
  t.equal(registry.value('postmeter_requests_in_flight'), 2)
})

t.test('a registry that is closed closes its handlers: the server goes on', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'a_total', help: 'a' }).inc()
  const handler = metricsHandler(registry, { log: () => {} })
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const raw = await Raw.open(port)
  t.equal((await raw.send(get('/metrics')).answer()).status, 200)
  await registry.close()
  // Statuses that it has not counted yet, so it would look up their series now.
  t.equal((await raw.send(get('/x')).answer()).status, 404)
  t.equal((await raw.send(get('/metrics?prefix=-')).answer()).status, 400)
  t.equal((await raw.send(get('/metrics.json')).answer()).status, 503)
  raw.close()
  await handler.close()
})
