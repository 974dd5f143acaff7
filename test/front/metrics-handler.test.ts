/** The handler in the servers that people have. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import connect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import t from 'tap'
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

t.test('a registry that is closed under its readers: the server goes on', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'a_total', help: 'a' }).inc()
  const server = createServer(metricsHandler(registry))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const raw = await Raw.open((server.address() as AddressInfo).port)
  t.equal((await raw.send(get('/metrics')).answer()).status, 200)
  await registry.close()
  // Statuses that it has not counted yet, so it would look up their series now.
  t.equal((await raw.send(get('/metrics.json')).answer()).status, 200)
  t.equal((await raw.send(get('/x')).answer()).status, 404)
  t.equal((await raw.send(get('/metrics?prefix=-')).answer()).status, 400)
  raw.close()
})
