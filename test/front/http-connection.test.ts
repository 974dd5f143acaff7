/** Connections of node:http that are kept, half closed, sent ahead on, or not read from. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { type Gauges, NO_RECORDER, type Recorder } from '../../src/front/scrapes/recorder.js'
import type { CutReason } from '../../src/front/scrapes/shared-scrapes.js'
import { answerHttp } from '../../src/front/transports/exchange-http.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import type { FakePlan } from '../fixtures/front-scraper.js'
import { hasOpenssl, makePair } from '../support/certificates.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(120_000)

async function setUp(plan: FakePlan, more: More & { tls?: { cert: string; key: string } } = {}) {
  let gauges: Gauges | undefined
  const cuts: CutReason[] = []
  const statuses: number[] = []
  const recorder: Recorder = {
    ...NO_RECORDER,
    answered: status => statuses.push(status),
    cut: reason => cuts.push(reason),
    watch: given => {
      gauges = given
      return () => {}
    },
  }
  const { tls, ...rest } = more
  const { scraper, handler, events, transport: settings } = handlerFor(plan, { recorder, ...rest })
  const transport = await listenHttp({ ...settings, tls, log: () => {} })
  t.teardown(() => transport.close(0))
  const { address } = transport
  return { scraper, handler, events, transport, port: address.port, gauges: gauges!, cuts, statuses }
}

/** A client that goes on sending, or waiting, when the other side has ended. */
async function halfOpen(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

t.test('a kept connection on which nothing is asked any more is ended', async t => {
  const { handler, port } = await setUp({ small: 'b' })
  const raw = await Raw.open(port)
  for (let n = 0; n < 3; n++) await raw.send(get('/metrics')).answer()
  t.equal(handler.connections.open, 1)
  t.equal((await raw.rest()).length, 0)
})

t.test('a peer that asks ahead and takes nothing is cut', async t => {
  const { scraper, handler, port, gauges, cuts } = await setUp(
    { small: 'b'.repeat(60_000) },
    { stallTimeout: 300 },
  )
  const raw = await Raw.open(port)
  raw.socket.pause()
  const { asked } = scraper.ledger
  const open = () => handler.connections.open === 1
  // What the system takes is answered, until it takes no more. Then the reader takes a little, so that one of those
  // that wait gets its turn.
  while (open() && gauges.inFlight() < 10) {
    const before = asked.length
    raw.send(get('/metrics').repeat(20))
    await until('they are read', () => asked.length === before + 20 || !open())
    const waiting = gauges.inFlight()
    if (waiting < 10) continue
    raw.socket.resume()
    await until('one is taken', () => gauges.inFlight() < waiting)
    raw.socket.pause()
  }
  await until('the connection is ended', () => handler.connections.open === 0)
  t.equal(gauges.inFlight(), 0)
  t.same(cuts, ['stalled'], 'and counted once, though many answers were open')
  raw.close()
})

/** Reads 64 KiB at most at a time, with a pause behind each: slower than a front writes, and never still for long. */
async function readSteadily(socket: Socket): Promise<number> {
  let bytes = 0
  socket.on('data', part => {
    bytes += part.length
    socket.pause()
    setTimeout(() => socket.resume(), 5)
  })
  socket.write(get('/metrics', 'Connection: close'))
  await once(socket, 'close')
  return bytes
}

const CERTIFICATE = hasOpenssl ? makePair(t, 'steady') : undefined
const STEADY = { chunks: 40, chunkBytes: 1 << 20 }
const path = join(tmpdir(), `postmeter-steady-${process.pid}.sock`)
const steady: Record<
  string,
  { more: More & { tls?: { cert: string; key: string } }; to(port: number): Socket }
> = {
  TCP: { more: {}, to: port => connect(port, '127.0.0.1') },
  'a Unix socket': {
    more: { local: true, listen: { address: path, port: 0, family: 'unix' } },
    to: () => connect(path),
  },
  ...(CERTIFICATE === undefined
    ? {}
    : {
        TLS: {
          more: { tls: CERTIFICATE },
          to: port => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
        },
      }),
}
for (const [name, { more, to }] of Object.entries(steady)) {
  t.test(`a reader that reads steadily, but slower than is written, gets all of it over ${name}`, async t => {
    const { port, cuts } = await setUp(STEADY, { ...more, stallTimeout: 1500 })
    t.ok((await readSteadily(to(port))) > 40 << 20)
    t.same(cuts, [])
  })
}

t.test('a reader that takes nothing of a scrape is cut, and counted as that', async t => {
  const { scraper, handler, port, cuts, statuses } = await setUp(
    { chunks: 1000, chunkBytes: 1 << 20 },
    { stallTimeout: 300 },
  )
  const raw = await Raw.open(port)
  raw.socket.pause()
  raw.send(get('/metrics'))
  await until('it is cut', () => cuts.length > 0)
  await until('the connection is ended', () => handler.connections.open === 0)
  t.same([cuts, statuses], [['stalled'], [503]])
  await until('every chunk is released', () => scraper.ledger.released === scraper.ledger.given)
  raw.close()
})

t.test('a reader that waits for a scrape to go on does not count as one that takes nothing', async t => {
  const { port, cuts, scraper } = await setUp({ chunks: 3, hangAt: 1 }, { stallTimeout: 100 })
  const raw = await Raw.open(port)
  raw.send(get('/metrics'))
  await until('it has the first part', () => scraper.ledger.released === 1)
  await new Promise(resolve => setTimeout(resolve, 500))
  t.same(cuts, [])
  raw.close()
})

t.test('answers that wait behind another one end with their connection', async t => {
  const { scraper, handler, port, gauges } = await setUp({ chunks: 1000, chunkBytes: 1 << 20 })
  const { ledger } = scraper
  const raw = await Raw.open(port)
  raw.send(get('/metrics?prefix=a') + get('/metrics?prefix=b') + get('/x'))
  await until('both are streamed', () => ledger.opened === 2 && raw.buffered > 0)
  raw.close()
  await until('the connection is ended', () => handler.connections.open === 0)
  await until('nothing is in flight', () => gauges.inFlight() === 0)
  await until('and every chunk is released', () => ledger.released === ledger.given)
  t.same([ledger.aborted, ledger.releasedTwice, gauges.running()], [2, 0, 0])
})

t.test('more than 64 requests ahead are refused', async t => {
  const { port } = await setUp({ small: 'b' })
  const raw = await Raw.open(port)
  raw.send(get('/metrics').repeat(100))
  let served = 0
  for (let n = 0; n < 64; n++) if ((await raw.answer()).status === 200) served++
  t.equal(served, 64)
  const answer = await raw.answer()
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '1')
  t.match(answer.body.toString(), /more than 64 requests at once/)
  t.equal((await raw.rest()).length, 0)
})

t.test('CONNECT holds no connection, though its client never ends it', async t => {
  const { handler, port, transport } = await setUp({ small: 'b' })
  const socket = await halfOpen(port)
  socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
  await until('it is counted out', () => handler.connections.open === 0)
  await transport.close(0)
  socket.destroy()
  t.pass()
})

t.test('a reader of HTTP/1.0 that half closes does not get a part that looks whole', async t => {
  const { scraper, port, gauges } = await setUp({ chunks: 40, chunkBytes: 1 << 20 })
  const socket = await halfOpen(port)
  const outcome = once(socket, 'end').then(
    () => 'a clean end',
    error => error.code,
  )
  socket.resume()
  socket.end('GET /metrics HTTP/1.0\r\n\r\n')
  t.equal(await outcome, 'ECONNRESET')
  await until('nothing is in flight', () => gauges.inFlight() === 0)
  t.equal(scraper.ledger.aborted, 1)
})

t.test('bytes that are no request get no answer that looks like that to the request before', async t => {
  const { port, handler, gauges } = await setUp({ chunks: 3 })
  const raw = await Raw.open(port)
  raw.send(`${get('/metrics')}EHLO example.com\r\n`)
  t.equal((await raw.rest()).toString(), '')
  await until('the connection is ended', () => handler.connections.open === 0)
  t.equal(gauges.inFlight(), 0)
})

t.test('a peer that may not read does not hear how many connections there are', async t => {
  const { port } = await setUp({ small: 'b' }, { trust: [], maxConnectionsPerAddress: 1 })
  const first = await Raw.open(port)
  const second = await Raw.open(port)
  const answer = await second.answer()
  t.equal(answer.status, 403)
  t.match(answer.body.toString(), /^peer 127\.0\.0\.1 may not read this/)
  first.close()
})

t.test('an answer that other code has given meanwhile is left alone', async t => {
  const { handler, scraper } = handlerFor({ chunks: 3, chunkBytes: 1000 })
  const { ledger } = scraper
  const server = createServer(async (request, response) => {
    answerHttp(request, response, handler, 0)
    // As middleware does that has waited for long enough.
    response.writeHead(503)
    response.write('too ')
    const { aborted } = ledger
    await until('the scrape is over', () => ledger.aborted > aborted)
    response.end('late')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const raw = await Raw.open((server.address() as AddressInfo).port)
  for (let n = 0; n < 2; n++) t.equal((await raw.send(get('/metrics')).answer()).body.toString(), 'too late')
  t.equal(ledger.given, ledger.released)
  raw.close()
})
