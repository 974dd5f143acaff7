/** Limits that are not about scrapes: connections, log lines, headers, deadlines that readers send. */
import t from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { Connections } from '../../src/front/request/connections.js'
import { Denials } from '../../src/front/request/denials.js'
import { HeaderReader, inTime, scrapeTimeout } from '../../src/front/request/headers.js'
import { refuse } from '../../src/front/request/request.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { handlerFor } from '../fixtures/front-request-handler.js'
import { get, Raw, until } from './raw.js'

const A = [10, 0, 0, 1]
const B = [10, 0, 0, 2]

t.test('connections, in all and from each address', async t => {
  const connections = new Connections(4, 2)
  const enter = (peer: number[], trusted = true) => connections.enter(peer, trusted)
  const first = enter(A)
  t.type(first, 'function')
  enter(A)
  t.match(enter(A), { status: 503, denial: 'connections', reason: /2 connections from 10\.0\.0\.1/ })
  t.match(enter([...Array(10).fill(0), 255, 255, ...A]), { status: 503 }, 'mapped, it is the same address')
  ;(first as () => void)()
  ;(first as () => void)()
  t.equal(connections.open, 1, 'who has left has left once')
  enter(A)
  enter(B)
  enter(B)
  t.match(enter([10, 0, 0, 3]), { status: 503, reason: /4 connections \(option "maxConnections"\)/ })
})

t.test('who may not read can have a quarter of the connections', async t => {
  const connections = new Connections(8, 8)
  const strangers = [1, 2, 3].map(n => connections.enter([192, 0, 2, n], false))
  t.same(
    strangers.map(entered => typeof entered),
    ['function', 'function', 'object'],
  )
  for (let n = 0; n < 6; n++) t.type(connections.enter([10, 0, 0, n], true), 'function')
})

t.test('node:http ends a connection above the limit, with the reason', async t => {
  const { transport: settings } = handlerFor({ small: 'b' }, { maxConnectionsPerAddress: 2 })
  const transport = await listenHttp(settings)
  const { port } = transport.address
  const two = [await Raw.open(port), await Raw.open(port)]
  for (const raw of two) await raw.send(get('/metrics')).answer()
  const third = await Raw.open(port)
  const answer = await third.answer()
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '1')
  t.match(answer.body.toString(), /maxConnectionsPerAddress/)
  await third.rest()
  two[0]!.close()
  await until('one has left', () => settings.handler.connections.open === 1)
  const fourth = await Raw.open(port)
  t.equal((await fourth.send(get('/metrics')).answer()).status, 200)
  await transport.close(0)
})

t.test('a refusal is logged once a minute for each reason, with how many there were', async t => {
  const events: LogEvent[] = []
  let now = 0
  const denials = new Denials(
    event => events.push(event),
    () => now,
  )
  const untrusted = refuse(403, 'untrusted', 'no')
  for (let n = 0; n < 1000; n++) denials.note(untrusted, A)
  denials.note(refuse(404, 'path', 'no such'), A)
  now = 60_000
  denials.note(untrusted, B)
  t.same(events, [
    { level: 'warn', code: 'denied-untrusted', message: 'a request of peer 10.0.0.1 got 403: no' },
    { level: 'info', code: 'denied-path', message: 'a request of peer 10.0.0.1 got 404: no such' },
    {
      level: 'warn',
      code: 'denied-untrusted',
      message:
        'a request of peer 10.0.0.2 got 403: no; 999 others for the same reason since this was last logged',
    },
  ])
})

t.test('how long a reader waits, and when it is given up on', async t => {
  const rows: [string | undefined, number | undefined][] = [
    ['10', 10_000],
    ['0.5', 500],
    ['10.000000', 10_000],
    [undefined, undefined],
    ['', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['99999999', undefined],
  ]
  for (const [header, timeout] of rows) t.equal(scrapeTimeout(header), timeout, String(header))
  t.equal(inTime(10_000), 9_500)
  t.equal(inTime(1_000), 900)
})

t.test('a scrape that cannot be done in its time is a 503 before the reader gives up', async t => {
  const { transport: settings, scraper } = handlerFor({ chunks: 3, hangAt: 0 })
  const transport = await listenHttp(settings)
  const raw = await Raw.open(transport.address.port)
  const begun = performance.now()
  const { status, headers, body } = await raw
    .send(get('/metrics', 'X-Prometheus-Scrape-Timeout-Seconds: 0.5'))
    .answer()
  t.equal(status, 503)
  t.equal(headers.get('retry-after'), '1')
  t.equal(body.toString(), 'the scrape was not done in its time\n')
  t.ok(performance.now() - begun >= 450 - 2)
  await until('it is aborted', () => scraper.ledger.aborted === 1)
  raw.close()
  await transport.close(0)
})

t.test('headers that come more than once', async t => {
  const reader = new HeaderReader()
  reader.add('accept', 'a')
  reader.add('accept', 'b')
  reader.add('accept-encoding', 'gzip')
  reader.add('accept-encoding', 'br')
  t.match(reader, { accept: 'a,b', acceptEncoding: 'gzip,br', wrong: undefined })
})
