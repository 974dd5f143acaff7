import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { NO_RECORDER, type Recorder } from '../../src/front/scrapes/recorder.js'
import { choose } from '../../src/front/transports/choose.js'
import { parseListen } from '../../src/front/transports/listen.js'
import type { Transport, TransportSettings } from '../../src/front/transports/transport.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { listenUws, loadUws } from '../../src/front/transports/transport-uws.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import { type FakePlan, type FakeScraper, letter } from '../fixtures/front-scraper.js'
import { get, Raw, until } from './raw.js'

type Listen = (settings: TransportSettings) => Promise<Transport>

t.setTimeout(120_000)

const choice = choose()
const transports: {
  name: 'http' | 'uws'
  listen: Listen
  skip: string | false
}[] = [
  { name: 'http', listen: listenHttp, skip: false },
  choice.transport === 'uws'
    ? {
        name: 'uws',
        listen: settings => listenUws(settings, loadUws(choice)),
        skip: false,
      }
    : {
        name: 'uws',
        listen: listenHttp,
        skip: `uWebSockets.js cannot run here: ${choice.why}`,
      },
]

t.test('uWebSockets.js is not skipped where its native part is known to fit', async t => {
  const major = Number(process.versions.node.split('.')[0])
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header
  const fits = process.platform === 'linux' && process.arch === 'x64' && glibcVersionRuntime !== undefined
  if (fits && major === 20) t.equal(choice.transport, 'uws')
  else t.pass(`Node ${process.version} on ${process.platform}: nothing is promised`)
})

for (const { name, listen, skip } of transports) {
  t.test(`transport ${name}`, { skip }, async t => {
    const setUp = async (plan: FakePlan, more: More & { at?: string } = {}) => {
      const { at, ...rest } = more
      const {
        scraper,
        events,
        transport: settings,
      } = handlerFor(plan, {
        listen: parseListen(at ?? '127.0.0.1:0'),
        ...rest,
      })
      const transport = await listen(settings)
      t.teardown(() => transport.close(0))
      return {
        scraper,
        events,
        transport,
        ledger: scraper.ledger,
        port: transport.address.port,
      }
    }
    const settled = (what: string, { ledger }: { ledger: FakeScraper['ledger'] }) =>
      until(`${what}: every chunk released`, () => ledger.released === ledger.given)

    t.test('an answer in one piece, with its length and headers', async t => {
      const { port, ledger } = await setUp({ small: 'b\n' })
      const raw = await Raw.open(port)
      const text = await raw.send(get('/metrics?prefix=p_')).answer()
      t.equal(text.status, 200)
      t.equal(text.body.toString(), 'text p_ b\n')
      t.equal(text.headers.get('content-length'), String(text.body.length))
      t.equal(text.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
      t.equal(text.headers.get('x-content-type-options'), 'nosniff')
      t.equal(text.headers.get('cache-control'), 'no-store')
      const json = await raw.send(get('/metrics.json?x=%zz')).answer()
      t.equal(json.body.toString(), 'json  b\n')
      t.equal(json.headers.get('content-type'), 'application/json; charset=utf-8')
      t.same(ledger.asked, [
        { format: 'text', prefix: 'p_', selfMetrics: true },
        { format: 'json', prefix: '', selfMetrics: true },
      ])
      t.equal(ledger.opened, 0)
      raw.close()
    })

    t.test('pipelined requests are answered in order, with the bytes of each', async t => {
      const { port } = await setUp({ small: 'x'.repeat(3000) })
      const raw = await Raw.open(port)
      raw.send(
        get('/metrics?prefix=a') + get('/no') + get('/metrics.json?prefix=b') + get('/metrics?prefix=c'),
      )
      t.match((await raw.answer()).body.toString(), /^text a x{3000}$/)
      t.equal((await raw.answer()).status, 404)
      t.match((await raw.answer()).body.toString(), /^json b x{3000}$/)
      t.match((await raw.answer()).body.toString(), /^text c x{3000}$/)
      raw.close()
    })

    t.test('what is refused, over one kept connection', async t => {
      const { port, ledger } = await setUp({ small: 'secret' })
      const raw = await Raw.open(port)
      const rows: [request: string, status: number, reason: RegExp][] = [
        [get('/nowhere'), 404, /only \/metrics and \/metrics\.json/],
        [get('/metrics/'), 404, /only/],
        [get('/%6detrics'), 404, /only/],
        [get('//metrics'), 404, /only/],
        [get('/METRICS'), 404, /only/],
        [get('/metrics%3fprefix=a'), 404, /only/],
        ['DELETE /metrics HTTP/1.1\r\nHost: t\r\n\r\n', 405, /"DELETE"/],
        ['POST /metrics HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc', 405, /"POST"/],
        ['OPTIONS /metrics.json HTTP/1.1\r\nHost: t\r\n\r\n', 405, /"OPTIONS"/],
        [get('/metrics?prefix=%zz'), 400, /"%zz" is not valid percent-encoding/],
        [get('/metrics?prefix=%c3'), 400, /percent-encoding/],
        [get('/metrics?prefix=a&prefix=b'), 400, /comes twice/],
        [get('/metrics?prefix=1a'), 400, /"1a" is not the beginning/],
        [get('/metrics?prefix=%00%0d%0ax'), 400, /"\\u0000\\r\\nx" is not/],
        [get(`/metrics?prefix=${'a'.repeat(65)}`), 400, /longer than 64/],
        [
          get('/metrics', 'Authorization: Basic YTpi'),
          403,
          /authentication is not permitted.*127\.0\.0\.1.*"trustedHosts"/,
        ],
        [get('/metrics', 'Authorization:'), 403, /authentication is not permitted/],
        [get('/nowhere', 'authorization: Bearer x'), 403, /authentication is not permitted/],
      ]
      for (const [request, status, reason] of rows) {
        const answer = await raw.send(request).answer()
        const label = JSON.stringify(request)
        t.equal(answer.status, status, label)
        t.match(answer.body.toString(), reason, label)
        t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8', label)
        t.equal(answer.headers.get('x-content-type-options'), 'nosniff', label)
        t.equal(answer.headers.get('cache-control'), 'no-store', label)
        t.equal(answer.headers.get('allow'), status === 405 ? 'GET, HEAD' : undefined, label)
        t.equal(answer.headers.get('www-authenticate'), undefined, label)
      }
      t.same(ledger.asked, [], 'the scraper was never asked')
      raw.close()
    })

    t.test('HEAD has the headers of GET, no body, and keeps the connection usable', async t => {
      const { port } = await setUp({ small: 'body' })
      const raw = await Raw.open(port)
      const head = 'HTTP/1.1\r\nHost: t\r\n\r\n'
      const ok = await raw.send(`HEAD /metrics ${head}`).answer(true)
      t.equal(ok.status, 200)
      t.equal(ok.headers.get('content-length'), String('text  body'.length))
      const no = await raw.send(`HEAD /x ${head}`).answer(true)
      t.equal(no.status, 404)
      t.equal((await raw.send(get('/metrics')).answer()).body.toString(), 'text  body')
      raw.close()
    })

    t.test('HEAD of a large answer does not begin a scrape', async t => {
      const { port, ledger } = await setUp({ chunks: 3 })
      const raw = await Raw.open(port)
      const answer = await raw.send('HEAD /metrics HTTP/1.1\r\nHost: t\r\n\r\n').answer(true)
      t.equal(answer.status, 200)
      t.equal(answer.headers.get('content-length'), undefined)
      t.equal(ledger.opened, 0)
      t.equal((await raw.send(get('/metrics')).answer()).body.toString(), 'abc')
      raw.close()
    })

    t.test('a peer that is not trusted learns nothing, whatever it asks', async t => {
      const { port, ledger } = await setUp({ small: 'secret' }, { trust: ['10.0.0.0/8', '::1'] })
      const bodies = new Set<string>()
      for (const request of [
        get('/metrics'),
        get('/nowhere'),
        get('/metrics', 'Authorization: Basic YTpi'),
        get('/metrics', 'X-Forwarded-For: 10.0.0.1', 'Forwarded: for=10.0.0.1'),
        get('/metrics?prefix=%zz'),
        'PUT /metrics HTTP/1.1\r\nHost: t\r\n\r\n',
      ]) {
        const raw = await Raw.open(port)
        const answer = await raw.send(request).answer()
        t.equal(answer.status, 403, JSON.stringify(request))
        bodies.add(answer.body.toString())
        t.equal((await raw.rest()).length, 0, 'and the connection is ended')
      }
      t.equal(bodies.size, 1, 'the same words for all')
      t.match([...bodies][0], /^peer 127\.0\.0\.1 .*"trustedHosts"\n$/)
      t.same(ledger.asked, [])
    })

    t.test('IPv6, and IPv4 through an IPv6 socket', async t => {
      const six = await setUp({ small: 'b' }, { at: '[::1]:0', trust: ['::1'] })
      t.same([six.transport.address.address, six.transport.address.family], ['::1', 'IPv6'])
      const raw = await Raw.open(six.port, '::1')
      t.equal((await raw.send(get('/metrics')).answer()).status, 200)
      raw.close()
      const both = await setUp({ small: 'b' }, { at: '[::]:0', trust: ['127.0.0.0/8'] })
      const mapped = await Raw.open(both.port, '127.0.0.1')
      t.equal((await mapped.send(get('/metrics')).answer()).status, 200, 'a mapped peer is the IPv4 one')
      mapped.close()
      const refused = await Raw.open(both.port, '::1')
      const answer = await refused.send(get('/metrics')).answer()
      t.equal(answer.status, 403)
      t.match(answer.body.toString(), /^peer ::1 /)
      refused.close()
    })

    t.test('a request forwarded by a loopback peer is served, and warned of once', async t => {
      const { port, events } = await setUp({ small: 'b' })
      const raw = await Raw.open(port)
      for (let i = 0; i < 3; i++) {
        t.equal((await raw.send(get('/metrics', 'X-Forwarded-For: 192.0.2.1')).answer()).status, 200)
      }
      t.same(
        events.map(({ level, code }) => [level, code]),
        [['warn', 'forwarded-ignored']],
      )
      raw.close()
    })

    t.test('a stream arrives whole and in order, through slots that are written over', async t => {
      const chunkBytes = 1_000_003
      const chunks = 40
      const server = await setUp({ chunks, chunkBytes })
      const raw = await Raw.open(server.port)
      for (let round = 0; round < 2; round++) {
        const { status, headers, body } = await raw.send(get('/metrics')).answer()
        t.equal(status, 200)
        t.equal(headers.get('transfer-encoding'), 'chunked')
        t.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
        t.equal(headers.get('cache-control'), 'no-store')
        t.equal(body.length, chunks * chunkBytes)
        let wrong = 0
        for (let at = 0; at < body.length; at++) if (body[at] !== letter(Math.floor(at / chunkBytes))) wrong++
        t.equal(wrong, 0)
      }
      await settled('whole stream', server)
      t.equal(server.ledger.given, 2 * chunks)
      t.equal(server.ledger.releasedTwice, 0)
      t.ok(server.ledger.mostOut <= 2, `${server.ledger.mostOut} chunks out at once`)
      raw.close()
    })

    t.test('an empty stream, and one of empty chunks', async t => {
      const server = await setUp({ chunks: 0 })
      const raw = await Raw.open(server.port)
      const empty = await raw.send(get('/metrics')).answer()
      t.equal(empty.status, 200)
      t.equal(empty.body.length, 0)
      server.scraper.plan = { chunks: 3, chunkBytes: 0 }
      t.equal((await raw.send(get('/metrics')).answer()).body.length, 0)
      await settled('empty chunks', server)
      raw.close()
    })

    t.test('Connection: close is kept', async t => {
      for (const plan of [{ small: 'body' }, { chunks: 3, chunkBytes: 500_000 }]) {
        const { port } = await setUp(plan)
        const raw = await Raw.open(port)
        raw.send(get('/metrics', 'Connection: close'))
        t.equal((await raw.answer()).status, 200)
        t.equal((await raw.rest()).length, 0, 'and then it closes')
      }
    })

    t.test('a reader that stalls holds the scrape still, with little kept for it', async t => {
      const chunkBytes = 256 * 1024
      const chunks = 400
      const server = await setUp({ chunks, chunkBytes })
      const { ledger } = server
      const raw = await Raw.open(server.port)
      raw.socket.pause()
      raw.send(get('/metrics'))
      let last = -1
      // Still when nothing was given out in half a second: the socket's own buffers are full then.
      await until('the scrape stands still', () => ledger.given > 0)
      while (last !== ledger.given) {
        last = ledger.given
        await new Promise(resolve => setTimeout(resolve, 500))
      }
      t.ok(ledger.given < chunks / 2, `${ledger.given} of ${chunks} chunks were given out`)
      t.ok(ledger.given - ledger.released <= 2, 'at most two are held')
      raw.socket.resume()
      const { body } = await raw.answer()
      t.equal(body.length, chunks * chunkBytes)
      t.ok(body.every((byte, at) => byte === letter(Math.floor(at / chunkBytes))))
      await settled('stalled reader', server)
      t.equal(ledger.releasedTwice, 0)
      raw.close()
    })

    t.test('a reader that goes away ends its scrape', async t => {
      const plans: [string, FakePlan][] = [
        ['while it is written to', { chunks: 1000, chunkBytes: 1 << 20 }],
        ['while a part is waited for', { chunks: 10, chunkBytes: 1000, hangAt: 2 }],
        ['before the first part', { chunks: 10, chunkBytes: 1000, hangAt: 0 }],
      ]
      for (const [when, plan] of plans) {
        const server = await setUp(plan)
        const { ledger } = server
        const raw = await Raw.open(server.port)
        raw.send(get('/metrics'))
        if (plan.hangAt === 0) await until('it was opened', () => ledger.opened === 1)
        else await until('it was sent something', () => raw.buffered > 0)
        raw.close()
        await until(`aborted ${when}`, () => ledger.aborted === 1)
        await settled(when, server)
        t.equal(ledger.releasedTwice, 0, when)
        t.same(server.events, [], `${when}: nothing to log`)
        server.scraper.plan = { small: 'still here' }
        const next = await Raw.open(server.port)
        t.equal((await next.send(get('/metrics')).answer()).body.toString(), 'text  still here')
        next.close()
      }
    })

    t.test('a scrape that fails before its first byte is a 500 without internals', async t => {
      for (const plan of [{ failAt: 0 }, { broken: true }]) {
        const { port, events } = await setUp(plan)
        const raw = await Raw.open(port)
        const answer = await raw.send(get('/metrics')).answer()
        t.equal(answer.status, 500)
        t.equal(answer.body.toString(), 'the scrape failed\n')
        t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
        t.equal(answer.headers.get('transfer-encoding'), undefined)
        t.match(events, [{ level: 'error', code: 'scrape-failed' }])
        t.equal((await raw.send(get('/nowhere')).answer()).status, 404, 'the connection goes on')
        raw.close()
      }
    })

    t.test('a scrape that fails midway ends the connection without an end of the body', async t => {
      const statuses: number[] = []
      const recorder: Recorder = { ...NO_RECORDER, answered: status => statuses.push(status) }
      const server = await setUp({ chunks: 10, chunkBytes: 100_000, failAt: 4 }, { recorder })
      const raw = await Raw.open(server.port)
      await t.rejects(raw.send(get('/metrics')).answer(), /closed (before|after)/)
      await settled('failed midway', server)
      t.equal(server.ledger.given, 4)
      t.equal(server.ledger.releasedTwice, 0)
      t.match(server.events, [{ level: 'error', code: 'scrape-failed' }])
      await until('it is counted', () => statuses.length > 0)
      t.same(statuses, [500], 'as what it was, not as a reader that went away')
    })

    t.test('a reader that waits for a permit in vain is refused, and logged', async t => {
      const server = await setUp({ chunks: 1, hangAt: 0 }, { maxConcurrentScrapes: 1, maxWait: 50 })
      const first = await Raw.open(server.port)
      first.send(get('/metrics?prefix=a'))
      await until('it has the permit', () => server.ledger.opened === 1)
      const second = await Raw.open(server.port)
      const answer = await second.send(get('/metrics?prefix=b')).answer()
      t.equal(answer.status, 503)
      t.equal(answer.headers.get('retry-after'), '1')
      t.match(answer.body.toString(), /"maxConcurrentScrapes"/)
      t.match(server.events, [{ level: 'warn', code: 'denied-busy' }])
      for (const raw of [first, second]) raw.close()
    })

    t.test('a port in use is an error that names the option', async t => {
      const { transport } = await setUp({ small: 'b' })
      const at = `127.0.0.1:${transport.address.port}`
      await t.rejects(setUp({}, { at }), {
        message: new RegExp(`^option "listen": "${at}" cannot be used: the port is in use`),
        code: 'EADDRINUSE',
      })
      const plain = createServer().listen(0, '127.0.0.1')
      await once(plain, 'listening')
      const taken = `127.0.0.1:${(plain.address() as { port: number }).port}`
      await t.rejects(setUp({}, { at: taken }), { code: 'EADDRINUSE' })
      plain.close()
    })

    t.test('a port that another process has is an error, whichever came first', async t => {
      const { transport } = await setUp({ small: 'b' })
      const other = spawn(
        process.execPath,
        [new URL('../fixtures/front-listener.js', import.meta.url).pathname],
        {
          env: {
            ...process.env,
            TRANSPORT: name,
            LISTEN: `127.0.0.1:${transport.address.port}`,
          },
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      )
      const [line] = (await once(other.stdout, 'data')) as [Buffer]
      t.match(line.toString(), /^refused option "listen": .*the port is in use/)
      other.stdin.end()
      const first = spawn(
        process.execPath,
        [new URL('../fixtures/front-listener.js', import.meta.url).pathname],
        {
          env: { ...process.env, TRANSPORT: name, LISTEN: '127.0.0.1:0' },
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      )
      const [said] = (await once(first.stdout, 'data')) as [Buffer]
      const port = /^listening (\d+)/.exec(said.toString())?.[1]
      await t.rejects(setUp({}, { at: `127.0.0.1:${port}` }), {
        code: 'EADDRINUSE',
      })
      first.stdin.end()
      for (const child of [other, first]) if (child.exitCode === null) await once(child, 'exit')
      t.same([other.exitCode, first.exitCode], [0, 0])
    })

    t.test('an address that this machine does not have is an error', async t => {
      await t.rejects(setUp({}, { at: '192.0.2.1:0' }), {
        message: /^option "listen": "192\.0\.2\.1:0" cannot be used: this machine has no such address/,
        code: 'EADDRNOTAVAIL',
      })
    })

    t.test('closing lets what is being sent go on, and can be awaited twice', async t => {
      const server = await setUp({ chunks: 40, chunkBytes: 1 << 20 })
      const raw = await Raw.open(server.port)
      const idle = await Raw.open(server.port)
      raw.socket.pause()
      raw.send(get('/metrics'))
      await until('it began', () => server.ledger.given > 0)
      const closing = server.transport.close(60_000)
      await t.rejects(Raw.open(server.port), { code: 'ECONNREFUSED' }, 'nobody new is let in')
      raw.socket.resume()
      t.equal((await raw.answer()).body.length, 40 << 20)
      await closing
      await server.transport.close(0)
      t.equal((await idle.rest()).length, 0, 'idle connections are closed')
      t.equal((await raw.rest()).length, 0)
      await settled('closing', server)
    })

    t.test('a request that is complete only after closing began gets 503, and no more', async t => {
      const server = await setUp({ chunks: 40, chunkBytes: 1 << 20 })
      const reading = await Raw.open(server.port)
      const late = await Raw.open(server.port)
      const request = get('/metrics')
      late.send(request.slice(0, 20))
      reading.socket.pause()
      reading.send(request)
      await until('it began', () => server.ledger.given > 0)
      const closing = server.transport.close(60_000)
      const answer = await late.send(request.slice(20)).answer()
      t.equal(answer.status, 503)
      t.equal(answer.body.toString(), 'this front is closing\n')
      t.equal(answer.headers.get('retry-after'), '1')
      t.equal(answer.headers.get('connection'), 'close')
      t.equal((await late.rest()).length, 0)
      reading.socket.resume()
      t.equal((await reading.answer()).body.length, 40 << 20)
      await closing
    })

    t.test('closing cuts a reader that stalls beyond the grace', async t => {
      const server = await setUp({ chunks: 1000, chunkBytes: 1 << 20 })
      const raw = await Raw.open(server.port)
      raw.socket.pause()
      raw.send(get('/metrics'))
      await until('it began', () => server.ledger.given > 0)
      await server.transport.close(50)
      await until('aborted', () => server.ledger.aborted === 1)
      raw.socket.resume()
      t.equal((await raw.rest()).includes('\r\n0\r\n\r\n'), false, 'and it sees that it did not get all')
      await settled('cut', server)
      raw.close()
    })
  })
}

t.test('node:http refuses CONNECT, which it hands over apart', async t => {
  const transport = await listenHttp(handlerFor({ small: 'b' }).transport)
  const raw = await Raw.open(transport.address.port)
  const answer = await raw.send('CONNECT /metrics HTTP/1.1\r\nHost: t\r\n\r\n').answer()
  t.equal(answer.status, 405)
  raw.close()
  await transport.close(0)
})
