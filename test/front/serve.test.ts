import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import threads, { Worker } from 'node:worker_threads'
import t from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { metricsHandler } from '../../src/front/metrics-handler.js'
import { checkAnswerOptions } from '../../src/front/request/options.js'
import { type ServeOptions, serveWith } from '../../src/front/serve.js'
import { startFront } from '../../src/front/thread/front.js'
import { choose } from '../../src/front/transports/choose.js'
import { parseListen } from '../../src/front/transports/listen.js'
import { FakeRegistry, scraperModule } from '../fixtures/front-registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(120_000)

const choice = choose()
const expected = choice.transport
const serve = (registry: FakeRegistry, options: ServeOptions = {}) =>
  serveWith(registry, { listen: '127.0.0.1:0', ...options }, { scraperModule, backoff: [10, 50] })

t.test('what is no registry is refused, in words', async t => {
  for (const odd of [undefined, null, 5, {}, { handle: {}, onClose: () => {} }] as never[]) {
    await t.rejects(serveWith(odd, {}, {}), { name: 'TypeError', message: /^serve: .* is not a registry$/ })
    t.throws(() => metricsHandler(odd), {
      name: 'TypeError',
      message: /^metricsHandler: .* is not a registry$/,
    })
  }
})

t.test('options are checked at the door, and named', async t => {
  const rows: [unknown, RegExp][] = [
    [{ lisen: 'x' }, /^serve: option "lisen" is not known; there are listen, /],
    [{ listen: ':8000' }, /^option "listen": ":8000" /],
    [{ trustedHosts: ['10/8'] }, /^option "trustedHosts": "10\/8" /],
    [{ trustedHosts: '127.0.0.1' }, /^option "trustedHosts": /],
    [{ ref: 1 }, /^option "ref": 1 /],
    [{ transport: 'quic' }, /^option "transport": "quic" is none of auto, uws, http/],
    [{ selfMetrics: 'yes' }, /^option "selfMetrics": "yes" /],
    [{ log: 'console' }, /^option "log": "console" /],
    [null, /^serve: the options/],
  ]
  const registry = new FakeRegistry({})
  for (const [options, message] of rows) {
    await t.rejects(serve2(registry, options), { message }, JSON.stringify(options))
  }
  t.equal(registry.callbacks.size, 0, 'nothing is left behind')
})

/** As a program without types calls it. */
function serve2(registry: FakeRegistry, options: unknown) {
  return serveWith(registry, options as ServeOptions, { scraperModule })
}

for (const transport of ['http', 'uws'] as const) {
  const skip = transport === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`serving through ${transport}`, { skip }, async t => {
    t.test('url and address are where it is', async t => {
      const registry = new FakeRegistry({ small: 'b' })
      const front = await serve(registry, { transport })
      t.equal(front.transport, transport)
      t.match(front.address, { address: '127.0.0.1', family: 'IPv4' })
      t.equal(front.url, `http://127.0.0.1:${front.address.port}/metrics`)
      t.equal(await (await fetch(`${front.url}?prefix=p_`)).text(), 'text p_ b')
      t.equal(await (await fetch(`${front.url}.json`)).text(), 'json  b')
      await Promise.all([front.close(), front.close()])
      await front.close()
      await t.rejects(Raw.open(front.address.port), { code: 'ECONNREFUSED' })
      t.equal(registry.callbacks.size, 0)
    })

    t.test('closing the registry closes its fronts', async t => {
      const registry = new FakeRegistry({ small: 'b' })
      const fronts = [await serve(registry, { transport }), await serve(registry, { transport })]
      await registry.close()
      for (const { address } of fronts) await t.rejects(Raw.open(address.port), { code: 'ECONNREFUSED' })
      for (const front of fronts) await front.close()
    })

    t.test('the same port again after closing, at once', async t => {
      const registry = new FakeRegistry({ small: 'b' })
      const first = await serve(registry, { transport })
      const raw = await Raw.open(first.address.port)
      await raw.send(get('/metrics')).answer()
      await first.close()
      const second = await serve(registry, {
        transport,
        listen: `127.0.0.1:${first.address.port}`,
      })
      t.equal((await fetch(second.url)).status, 200)
      await second.close()
      raw.close()
    })

    t.test('it answers while this thread is blocked', async t => {
      const front = await serve(new FakeRegistry({ small: 'b' }), {
        transport,
      })
      // A client that this thread waits for, and does nothing else meanwhile.
      const script = `fetch('${front.url}').then(r => r.text()).then(text => process.stdout.write(text))`
      const said = execFileSync(process.execPath, ['-e', script], { timeout: 60_000 })
      t.equal(said.toString(), 'text  b')
      await front.close()
    })

    t.test('a port in use rejects, whoever has it', async t => {
      const registry = new FakeRegistry({ small: 'b' })
      const front = await serve(registry, { transport })
      const listen = `127.0.0.1:${front.address.port}`
      const wanted = {
        message: new RegExp(`^option "listen": "${listen}" cannot be used: the port is in use`),
      }
      await t.rejects(serve(registry, { transport, listen }), {
        ...wanted,
        code: 'EADDRINUSE',
      })
      await t.rejects(serve(registry, { transport: 'http', listen }), {
        ...wanted,
        code: 'EADDRINUSE',
      })
      t.equal(registry.callbacks.size, 1, 'the one that runs')
      await front.close()
    })

    t.test('what the front logs reaches the hook', async t => {
      const events: LogEvent[] = []
      const front = await serve(new FakeRegistry({ small: 'b' }), {
        transport,
        log: event => events.push(event),
      })
      await fetch(front.url, { headers: { forwarded: 'for=192.0.2.1' } })
      await until('the event', () => events.length > 1)
      const why =
        transport === 'uws' ? /^the front uses uWebSockets\.js 20\./ : /uses node:http: it was asked for$/
      t.match(events, [
        { level: 'info', code: 'front-transport', message: why },
        { level: 'warn', code: 'forwarded-ignored' },
      ])
      await front.close()
    })

    t.test(
      'the list of who may read is changed while it runs, and stays so when it is started again',
      async t => {
        const codes: string[] = []
        const front = await serveWith(
          new FakeRegistry({ small: 'b', crashOn: 'crash' }),
          { listen: '127.0.0.1:0', transport, log: ({ code }) => codes.push(code) },
          { scraperModule, backoff: [10, 50] },
        )
        const { port } = front.address
        const status = async (from: string, prefix = '') => {
          const raw = await Raw.open(port, '127.0.0.1', from)
          const answer = await raw.send(get(`/metrics?prefix=${prefix}`)).answer()
          raw.close()
          return answer.status
        }
        t.same([await status('127.0.0.1'), await status('127.0.0.2')], [200, 403])
        await front.setTrustedHosts(['127.0.0.2'])
        t.same([await status('127.0.0.1'), await status('127.0.0.2')], [403, 200])
        await t.rejects(front.setTrustedHosts(['127.0.0.2', 'fe80::1%eth0']), {
          message: /"fe80::1%eth0" has a zone id/,
        })
        t.same(
          [await status('127.0.0.1'), await status('127.0.0.2')],
          [403, 200],
          'a wrong list changes nothing',
        )
        await status('127.0.0.2', 'crash').catch(() => {})
        await until('it is back', () => codes.includes('front-restarted'))
        t.same([await status('127.0.0.1'), await status('127.0.0.2')], [403, 200])
        t.notOk(codes.includes('open-to-everyone'))
        await front.setTrustedHosts(['0.0.0.0/0'])
        t.ok(codes.includes('open-to-everyone'))
        await front.close()
        await front.setTrustedHosts(['127.0.0.1'])
      },
    )

    t.test('a page for a person, without a script', async t => {
      const front = await serve(new FakeRegistry({ small: 'b' }), { transport })
      const answer = await fetch(new URL('/', front.url))
      t.equal(answer.status, 200)
      t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
      t.match(answer.headers.get('content-security-policy'), /default-src 'none'/)
      const page = await answer.text()
      t.match(page, /<a href="\/metrics">/)
      t.match(page, /<a href="\/metrics\.json">/)
      t.notMatch(page, /<script|https?:/)
      t.equal((await fetch(new URL('/', front.url), { method: 'POST' })).status, 405)
      await front.close()
    })

    t.test('a front that fails comes back when its port is free again', async t => {
      const events: LogEvent[] = []
      const front = await serveWith(
        new FakeRegistry({ small: 'b', crashOn: 'crash' }),
        {
          listen: '127.0.0.1:0',
          transport,
          log: event => events.push(event),
        },
        // Long enough before the first try for the port to be taken, short before the others.
        { scraperModule, backoff: [500, 500] },
      )
      const { port } = front.address
      const raw = await Raw.open(port)
      raw.send(get('/metrics?prefix=crash'))
      // Its port is taken before it is back.
      const taken = createServer()
      await until('the port is taken', () => {
        if (!taken.listening) taken.listen(port, '127.0.0.1').once('error', () => taken.close())
        return taken.listening
      })
      await until(
        'it failed to come back',
        () => events.filter(({ code }) => code === 'front-failed').length >= 2,
      )
      t.match(events.at(-1)!.message, /the port is in use/)
      taken.close()
      await until('it is back', () => events.some(({ code }) => code === 'front-restarted'))
      t.equal((await fetch(front.url)).status, 200)
      await front.close()
      raw.close()
    })

    t.test('a front that is closed while it waits to come back stays closed', async t => {
      const events: LogEvent[] = []
      const registry = new FakeRegistry({ small: 'b', crashOn: 'crash' })
      const front = await serveWith(
        registry,
        {
          listen: '127.0.0.1:0',
          transport,
          log: event => events.push(event),
        },
        { scraperModule, backoff: [60_000, 60_000] },
      )
      const raw = await Raw.open(front.address.port)
      raw.send(get('/metrics?prefix=crash'))
      await until('it failed', () => events.some(({ code }) => code === 'front-failed'))
      await front.close()
      await t.rejects(Raw.open(front.address.port), { code: 'ECONNREFUSED' })
      raw.close()
    })
  })
}

t.test('without a wish, the transport is the one that fits, and it says why', async t => {
  const events: LogEvent[] = []
  const front = await serve(new FakeRegistry({ small: 'b' }), { log: event => events.push(event) })
  t.equal(front.transport, expected)
  const which = choice.transport === 'uws' ? `uWebSockets.js ${choice.release}` : `node:http: ${choice.why}`
  t.same(events, [{ level: 'info', code: 'front-transport', message: `the front uses ${which}` }])
  await front.close()
})

t.test('a native part that cannot be loaded', async t => {
  const native = '/nowhere/uws.node'
  const registry = new FakeRegistry({ small: 'b' })
  const events: LogEvent[] = []
  const settings = (fallBack: boolean) => ({
    ...{ listen: parseListen('127.0.0.1:0'), retry: 0, standby: false, dashboard: false },
    ...{ answerSettings: checkAnswerOptions({}), fallBack },
    ...{
      limits: { maxConnections: 8, maxConnectionsPerAddress: 8 },
      socketMode: 0o660,
      tls: undefined,
      ref: true,
    },
    choice: { transport: 'uws', native, release: '20.30.0' } as const,
    log: (event: LogEvent) => events.push(event),
  })
  const front = await startFront(registry, [], settings(true), { scraperModule })
  t.equal(front.transport, 'http')
  t.match(events, [
    {
      level: 'info',
      code: 'front-transport',
      message: /^the front uses node:http: .* cannot be loaded: .*nowhere/,
    },
  ])
  t.equal(events.length, 1)
  await front.close()
  await t.rejects(startFront(registry, [], settings(false), { scraperModule }), {
    code: 'ERR_POSTMETER_OPTION',
    message: /^option "transport": "uws" is impossible here: .* cannot be loaded: .*nowhere/,
  })
})

t.test('a thread that cannot start', async t => {
  const real = threads.Worker
  const use = (which: typeof real) => {
    threads.Worker = which
    syncBuiltinESMExports()
  }
  t.teardown(() => use(real))
  use(
    class extends real {
      constructor(...args: ConstructorParameters<typeof real>) {
        if (args.length > 0) throw new Error('EAGAIN')
        super(...args)
      }
    },
  )
  const registry = new FakeRegistry({ small: 'b' })
  await t.rejects(serve(registry), {
    code: 'ERR_POSTMETER_FRONT',
    message: /^serve: the front's thread cannot start: EAGAIN; .*ulimit -u/,
  })
  use(real)
  const { close } = await serve(registry)
  await close()
})

t.test('in a Worker it is node:http, which answers while that Worker is blocked', async t => {
  const block = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('../fixtures/front-nested.js', import.meta.url), {
    workerData: { transport: 'auto', block },
  })
  const [{ url, transport }] = await once(worker, 'message')
  t.equal(transport, 'http')
  t.equal(await (await fetch(url)).text(), 'text  nested')
  Atomics.store(new Int32Array(block), 0, 1)
  Atomics.notify(new Int32Array(block), 0)
  const [code] = await once(worker, 'exit')
  t.equal(code, 0)
  await t.rejects(fetch(url))
})

t.test('a Worker that is terminated takes its front along', async t => {
  const worker = new Worker(new URL('../fixtures/front-nested.js', import.meta.url), {
    workerData: { transport: 'auto', block: new SharedArrayBuffer(4) },
  })
  const [{ url }] = await once(worker, 'message')
  t.equal((await fetch(url)).status, 200)
  await worker.terminate()
  await t.rejects(fetch(url))
})

t.test('uWebSockets.js asked for in a Worker is an error that says why', async t => {
  const worker = new Worker(new URL('../fixtures/front-nested.js', import.meta.url), {
    workerData: { transport: 'uws', block: new SharedArrayBuffer(4) },
  })
  // Both at once: its last message may come with its end.
  const [[{ refused }]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  t.match(refused, /^option "transport": "uws" is impossible here: .*main thread/)
})
