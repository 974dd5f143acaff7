/** Readers of HTTP/1.0: the end of the connection is the end of the body to them, so that a cut would not be seen. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { needCurl } from '../../scripts/need-curl.js'
import type { Denial } from '../../src/front/request/request.js'
import { NO_RECORDER, type Recorder } from '../../src/front/scrapes/recorder.js'
import type { Tls } from '../../src/front/transports/certificate.js'
import type { Address } from '../../src/front/transports/listen.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import { type FakePlan, type Ledger, letter } from '../fixtures/front-scraper.js'
import { hasOpenssl, makePair } from '../support/certificates.js'
import { neededOrSkip } from '../support/need.js'
import { until } from './raw.js'

t.setTimeout(60_000)

const MIB = 1 << 20
interface Way {
  readonly more?: More
  readonly tls?: Tls
  to(address: Address): Socket
}
const TCP: Way = { to: ({ port }) => connect(port, '127.0.0.1') }
const UNIX = join(tmpdir(), `postmeter-http10-${process.pid}-`)
let sockets = 0
const ways: Record<string, Way> = {
  TCP,
  'a Unix socket': {
    get more(): More {
      return { local: true, listen: { address: `${UNIX}${sockets++}.sock`, port: 0, family: 'unix' } }
    },
    to: ({ address }) => connect(address),
  },
}
if (hasOpenssl) {
  ways.TLS = {
    tls: makePair(t, 'http10'),
    to: ({ port }) => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
  }
}

async function setUp(plan: FakePlan, { more = {}, tls }: Way, extra: More = {}) {
  const denied: Denial[] = []
  const cuts: string[] = []
  const statuses: number[] = []
  const recorder: Recorder = {
    ...NO_RECORDER,
    denied: reason => denied.push(reason),
    cut: reason => cuts.push(reason),
    answered: status => statuses.push(status),
  }
  const { scraper, handler, transport: settings } = handlerFor(plan, { recorder, ...more, ...extra })
  const transport = await listenHttp({ ...settings, tls, log: () => {} })
  t.teardown(() => transport.close(0))
  return { scraper, handler, transport, at: transport.address, denied, cuts, statuses }
}

const REQUEST = 'GET /metrics HTTP/1.0\r\n\r\n'

interface Received {
  readonly status: number
  readonly headers: string
  readonly body: Buffer
  /** The code of the error that ended the connection; undefined where its end was clean. */
  readonly error: string | undefined
}

/** All that comes until the connection ends, however it does. */
async function ask(socket: Socket, request = REQUEST): Promise<Received> {
  const parts: Buffer[] = []
  let error: string | undefined
  socket.on('data', part => parts.push(part))
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    error = code
  })
  socket.write(request)
  await once(socket, 'close')
  const all = Buffer.concat(parts)
  const at = all.indexOf('\r\n\r\n')
  const headers = all.toString('latin1', 0, Math.max(0, at)).toLowerCase()
  const status = Number(/^http\/1\.1 (\d{3}) /.exec(headers)?.[1])
  return { status, headers, body: all.subarray(at + 4), error }
}

for (const [name, way] of Object.entries(ways)) {
  t.test(`over ${name}`, async t => {
    t.test('a scrape is sent whole, with its length', async t => {
      const { at, scraper, handler } = await setUp({ chunks: 5, chunkBytes: MIB }, way)
      const { status, headers, body } = await ask(way.to(at))
      t.equal(status, 200)
      t.match(headers, new RegExp(`\r\ncontent-length: ${5 * MIB}(\r|$)`))
      t.ok(body.length === 5 * MIB && body.every((byte, at) => byte === letter(Math.floor(at / MIB))))
      await until('no memory is kept', () => handler.scrapes.copied === 0)
      t.equal(scraper.ledger.released, 5)
      t.ok(scraper.ledger.mostOut <= 2, 'and slots are given back as it is encoded')
    })

    t.test('one that fails midway is a 500, and no part of it is sent', async t => {
      const { at, handler } = await setUp({ chunks: 10, chunkBytes: 100_000, failAt: 4 }, way)
      const { status, body } = await ask(way.to(at))
      t.same([status, body.toString()], [500, 'the scrape failed\n'])
      t.equal(handler.scrapes.copied, 0)
    })

    t.test('one that is not done in its time is a 503', async t => {
      const { at, cuts, handler } = await setUp({ chunks: 10, chunkBytes: 100_000, hangAt: 4 }, way)
      const asked = REQUEST.replace('\r\n\r\n', '\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n\r\n')
      const { status, body } = await ask(way.to(at), asked)
      t.same([status, body.toString()], [503, 'the scrape was not done in its time\n'])
      t.same(cuts, ['deadline'])
      t.equal(handler.scrapes.copied, 0)
    })

    t.test('a reader that goes away while it is encoded leaves nothing behind', async t => {
      const { at, handler, scraper, statuses } = await setUp({ chunks: 10, chunkBytes: 1000, hangAt: 4 }, way)
      const socket = way.to(at).on('error', () => {})
      socket.write(REQUEST)
      await until('some of it is kept', () => handler.scrapes.copied === 4000)
      socket.destroy()
      await until('it is over', () => statuses.length > 0)
      t.same([handler.scrapes.copied, scraper.ledger.aborted, statuses[0]], [0, 1, 0])
    })

    t.test('what does not fit into memory', async t => {
      const { at, denied, handler } = await setUp({ chunks: 9, chunkBytes: MIB }, way, { maxCopied: 4 * MIB })
      const { status, headers, body } = await ask(way.to(at))
      if (way === TCP) {
        t.equal(status, 200, 'is streamed, for a cut could be shown')
        t.notMatch(headers, 'content-length')
        t.ok(body.length === 9 * MIB && body.every((byte, at) => byte === letter(Math.floor(at / MIB))))
        t.same(denied, [])
      } else {
        t.equal(status, 426, 'is refused')
        t.match(headers, /\r\nupgrade: http\/1\.1(\r|$)/)
        t.match(
          body.toString(),
          /^this answer is too large to be held for a reader of HTTP\/1\.0.*HTTP\/1\.1.*\n$/,
        )
        t.same(denied, ['version'])
      }
      await until('no memory is kept', () => handler.scrapes.copied === 0)
    })

    t.test('while others have the memory', async t => {
      const { at, handler, scraper, denied } = await setUp({ chunks: 4, chunkBytes: MIB, hangAt: 3 }, way, {
        maxCopied: 4 * MIB,
      })
      const first = way.to(at).on('error', () => {})
      first.write('GET /metrics?prefix=a HTTP/1.0\r\n\r\n')
      await until('most of it is taken', () => handler.scrapes.copied === 3 * MIB)
      if (way === TCP) {
        const second = way.to(at).on('error', () => {})
        second.write(REQUEST)
        const [head] = (await once(second, 'data')) as [Buffer]
        t.match(head.toString('latin1', 0, 17), 'HTTP/1.1 200 OK\r\n', 'it is streamed')
        t.same(denied, [])
        second.destroy()
      } else {
        const { status, headers, body } = await ask(way.to(at))
        t.equal(status, 503)
        t.match(headers, /\r\nretry-after: 1(\r|$)/)
        t.match(body.toString(), /HTTP\/1\.1/)
        t.same(denied, ['busy'])
      }
      first.destroy()
      await until('no memory is kept', () => handler.scrapes.copied === 0)
      await until('every chunk is released', () => scraper.ledger.given === scraper.ledger.released)
    })

    t.test('a reader that takes nothing of what is kept for it does not keep it from others', async t => {
      const { at, scraper, handler, cuts } = await setUp({ chunks: 40, chunkBytes: MIB }, way, {
        maxCopied: 64 * MIB,
      })
      const stalled = way.to(at).on('error', () => {})
      stalled.pause()
      stalled.write('GET /metrics?prefix=a HTTP/1.0\r\n\r\n')
      let kept = 0
      let since = performance.now()
      // Taken by the system in part, and no more of it is, for longer than a reader has to have stalled.
      await until('all of it is kept, and waits', () => {
        if (handler.scrapes.copied !== kept) since = performance.now()
        kept = handler.scrapes.copied
        return scraper.ledger.released === 40 && performance.now() - since > 1_000
      })
      const answer = await ask(way.to(at))
      t.same([answer.status, answer.body.length], [200, 40 * MIB])
      t.same(cuts, ['memory'])
      stalled.destroy()
      await until('no memory is kept', () => handler.scrapes.copied === 0)
    })
  })
}

// Node's own client takes a reset for a clean end where it was not reading.
t.test('a scrape that is streamed for lack of memory is cut so that curl sees it', async t => {
  const found = await neededOrSkip(t, 'curl', needCurl)
  if (found === undefined) return
  const { program: curl, env } = found
  const large = { chunks: 1000, chunkBytes: MIB }
  const stalling = async (port: number, ledger: Ledger) => {
    const reader = spawn(curl, ['-0', '-sS', '-o', '/dev/null', `http://127.0.0.1:${port}/metrics`], { env })
    await until('it is sent something', () => ledger.released > 3)
    reader.kill('SIGSTOP')
    const exit = once(reader, 'exit')
    return async () => {
      reader.kill('SIGCONT')
      return (await exit)[0]
    }
  }

  const ending = await setUp(large, TCP, { maxCopied: MIB })
  const go = await stalling(ending.at.port, ending.scraper.ledger)
  await ending.transport.close(0)
  t.equal(await go(), 56, 'when the front ends')
  t.same(ending.cuts, ['closing'])
  t.equal(ending.handler.scrapes.copied, 0)

  const { at, scraper, cuts } = await setUp(large, TCP, { maxCopied: MIB, stallTimeout: 300 })
  const goOn = await stalling(at.port, scraper.ledger)
  await until('it is cut', () => cuts.length > 0)
  t.equal(await goOn(), 56, 'when it takes nothing')
  t.same(cuts, ['stalled'])
})
