/** Requests that are sent without waiting for the answers before them. */
import t from 'tap'
import { NO_RECORDER } from '../../src/front/scrapes/recorder.js'
import { choose } from '../../src/front/transports/choose.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { listenUws, loadUws } from '../../src/front/transports/transport-uws.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import type { FakePlan } from '../fixtures/front-scraper.js'
import { BY_ITSELF, get, Raw, until } from './raw.js'

t.setTimeout(120_000)

const choice = choose()
const OK = get('/metrics')

for (const name of ['http', 'uws'] as const) {
  const skip = name === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`transport ${name}`, { skip }, async t => {
    const setUp = async (plan: FakePlan, more: More = {}) => {
      const denied: string[] = []
      const { transport: settings, events } = handlerFor(plan, {
        recorder: { ...NO_RECORDER, denied: reason => denied.push(reason) },
        ...more,
      })
      const transport =
        choice.transport === 'uws' && name === 'uws'
          ? await listenUws(settings, loadUws(choice))
          : await listenHttp(settings)
      t.teardown(() => transport.close(0))
      return { port: transport.address.port, handler: settings.handler, denied, events }
    }
    const statuses = (bytes: Buffer) =>
      [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))

    t.test('more than any reader needs end the connection, and others are served', async t => {
      const { port, denied, events } = await setUp({ small: 'x'.repeat(5000) })
      const before = process.memoryUsage.rss()
      let peak = before
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss())
      }, 5)
      t.teardown(() => clearInterval(watch))
      const ahead: Raw[] = []
      for (let n = 0; n < 5; n++) {
        const raw = await Raw.open(port)
        raw.socket.pause()
        raw.send(OK.repeat(18_000))
        ahead.push(raw)
      }
      const other = await Raw.open(port)
      t.equal((await other.send(OK).answer()).status, 200)
      other.close()
      for (const raw of ahead) {
        raw.socket.resume()
        const answers = statuses(await raw.rest())
        const served = answers.filter(status => status === 200).length
        t.ok(served <= 256, `${served} were answered`)
        // What was said last may be lost with the connection.
        const rest = answers.slice(served)
        if (rest.length > 0) t.same([name, ...rest], ['http', 503])
        raw.close()
      }
      peak = Math.max(peak, process.memoryUsage.rss())
      t.ok(peak - before < 200 * 2 ** 20, `${Math.round((peak - before) / 2 ** 20)} MiB more memory`)
      t.ok(denied.length >= 5, `${denied.length} are counted`)
      if (name === 'http') t.equal(denied.length, 5, 'one of each connection, of which no more is read')
      t.same([...new Set(denied)], ['connections'])
      t.same(
        events.map(({ code }) => code),
        ['denied-connections'],
        'and it is said once',
      )
    })

    t.test('a few at a time are all answered, however many there are in the end', async t => {
      const { port, denied } = await setUp({ small: 'b' })
      const raw = await Raw.open(port)
      for (let n = 0; n < 50; n++) {
        raw.send(OK.repeat(20))
        for (let m = 0; m < 20; m++) t.equal((await raw.answer()).status, 200)
      }
      t.same(denied, [])
      raw.close()
    })

    t.test('a reader that takes nothing is not answered for ever, one request at a time', async t => {
      const { port } = await setUp({ small: 'x'.repeat(10_000) })
      const raw = await Raw.open(port)
      raw.socket.pause()
      let ended = false
      raw.socket.once('close', () => {
        ended = true
      })
      const before = process.memoryUsage.rss()
      for (let sent = 0; !ended && sent < 20_000; sent += 10) {
        raw.send(OK.repeat(10))
        await new Promise(setImmediate)
      }
      const more = Math.round((process.memoryUsage.rss() - before) / 2 ** 20)
      t.ok(more < 60, `${more} MiB more memory for 200 MB of answers`)
      raw.close()
    })

    t.test('after the answer that ends a connection there is none, and it is ended at once', async t => {
      const H = 'HTTP/1.1\r\nHost: t\r\n'
      const rows: [what: string, first: string, status: number, trust?: string[]][] = [
        ['asked to close', get('/metrics', 'Connection: close'), 200],
        ['asked to close, in capitals', get('/metrics', 'CONNECTION: CLOSE'), 200],
        ['HEAD that asks to close', `HEAD /metrics ${H}Connection: close\r\n\r\n`, 200],
        ['a wrong path that asks to close', get('/x', 'Connection: close'), 404],
        ['malformed', get('/metrics', 'Host: u'), 400],
        ['HEAD that is malformed', `HEAD /metrics ${H}Host: u\r\n\r\n`, 400],
        ['a coding that is not known', `GET /metrics ${H}Transfer-Encoding: x\r\n\r\n0\r\n\r\n`, 400],
        ['not trusted', OK, 403, []],
        ['HEAD, not trusted', `HEAD /metrics ${H}\r\n`, 403, []],
        ['PUT, not trusted', `PUT /metrics ${H}Content-Length: 1\r\n\r\nx`, 403, []],
      ]
      for (const [what, first, status, trust] of rows) {
        const { port, handler } = await setUp({ small: 'b' }, trust === undefined ? {} : { trust })
        const idle = await Raw.open(port)
        let idleEnded = false
        idle.socket.once('close', () => {
          idleEnded = true
        })
        for (const behind of ['', OK, OK.repeat(1000)]) {
          const raw = await Raw.open(port)
          const bytes = await raw.send(first + behind).rest()
          if (name === 'uws' && BY_ITSELF.test(bytes.toString('latin1'))) {
            t.same(statuses(bytes), [400], `${what}, ${behind.length} bytes behind it: it answers by itself`)
            continue
          }
          const answers = statuses(bytes)
          // uWebSockets.js knows only how the last request of a read ends: with more behind it, nothing is said.
          const expected = name === 'uws' && behind !== '' ? [] : [status]
          t.same(answers, expected, `${what}, ${behind.length} bytes behind it`)
          raw.close()
        }
        t.notOk(idleEnded, `${what}: long before an idle connection`)
        idle.close()
        await until('all are counted out', () => handler.connections.open === 0)
      }
    })

    t.test('an answer that says that it closes is followed by the end, whatever comes later', async t => {
      const { port } = await setUp({ small: 'b' }, { trust: [] })
      const raw = await Raw.open(port)
      const answer = await raw.send(`HEAD /metrics HTTP/1.1\r\nHost: t\r\n\r\n`).answer(true)
      t.equal(answer.status, 403)
      t.equal(answer.headers.get('connection'), 'close')
      raw.send(OK)
      t.equal((await raw.rest()).length, 0)
      raw.close()
    })
  })
}
