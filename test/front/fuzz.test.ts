/**
 * Bytes that are nearly requests, over sockets, and strings that are nearly prefixes. POSTMETER_FUZZ_SECONDS says for
 * how long; a failure is run again with POSTMETER_SEED.
 */
import fc from 'fast-check'
import t from 'tap'
import { HeaderReader } from '../../src/front/request/headers.js'
import { decide, type RequestHead } from '../../src/front/request/request.js'
import { choose } from '../../src/front/transports/choose.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { listenUws, loadUws } from '../../src/front/transports/transport-uws.js'
import { handlerFor, RULES } from '../fixtures/front-request-handler.js'
import { SEED } from '../support/arbitrary.js'
import { BY_ITSELF, get, Raw, until } from './raw.js'

const SECONDS = Number(process.env.POSTMETER_FUZZ_SECONDS ?? 3)
t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(SECONDS * 4000 + 60_000)

const part = fc.constantFrom(
  ...[
    'GET ',
    'HEAD ',
    'POST ',
    '/metrics',
    '/metrics.json',
    '?prefix=',
    '?format=',
    ' HTTP/1.1',
    ' HTTP/1.0',
    '\r\n',
  ],
  ...[
    '\n',
    '\r',
    '\r\n\r\n',
    'Host: t\r\n',
    'Content-Length: ',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
  ...[
    'Authorization: x\r\n',
    'Accept: */*\r\n',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    ': ',
    ' ',
    '\0',
    '%zz',
    '%00',
    'http://t',
  ],
  ...[
    'X-Prometheus-Scrape-Timeout-Seconds: 1\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: x\r\n',
  ],
)
const piece = fc.oneof(
  { weight: 4, arbitrary: part },
  { weight: 2, arbitrary: fc.constant(get('/metrics')) },
  { weight: 1, arbitrary: fc.constant(get('/metrics?prefix=a_', 'Accept: text/plain')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
)
const bytes = fc.oneof(
  fc.array(piece, { maxLength: 25 }).map(parts => parts.join('')),
  // A good one with a byte changed, or cut off.
  fc
    .tuple(
      fc.constant(get('/metrics?prefix=a_', 'Content-Length: 0', 'Accept: */*')),
      fc.nat(),
      fc.nat({ max: 255 }),
    )
    .map(([good, at, byte]) => {
      const where = at % good.length
      return good.slice(0, where) + String.fromCharCode(byte) + good.slice(where + 1)
    }),
  fc
    .tuple(fc.constant(get('/metrics').repeat(3)), fc.nat())
    .map(([good, at]) => good.slice(0, at % good.length)),
)
const STATUSES = new Set([100, 200, 400, 403, 404, 405, 408, 413, 431, 503])

/** What is wrong with what came back; undefined where all of it is answers of ours. */
function wrongAnswers(bytes: Buffer, heads: boolean): string | undefined {
  let text = bytes.toString('latin1').replace(BY_ITSELF, '')
  while (text !== '') {
    const head = /^HTTP\/1\.1 (\d{3}) [\w ]+\r\n((?:[\w-]+: ?[^\r\n]*\r\n)*)\r\n/.exec(text)
    if (head === null) return `no answer: ${JSON.stringify(text.slice(0, 200))}`
    if (!STATUSES.has(Number(head[1]))) return `status ${head[1]}`
    text = text.slice(head[0].length)
    const length = Number(/^content-length: (\d+)/im.exec(head[2]!)?.[1] ?? 0)
    // An answer to HEAD has a length and no body: nothing here says which one was.
    if (!heads) {
      if (text.length < length) return `${text.length} of ${length} bytes`
      text = text.slice(length)
      if (/^connection: close\r$/im.test(head[2]!) && text !== '')
        return `more behind the end: ${text.slice(0, 100)}`
    } else text = /HTTP\/1\.1 \d{3} /.test(text) ? text.slice(text.search(/HTTP\/1\.1 \d{3} /)) : ''
  }
  return undefined
}

const choice = choose()
for (const name of ['http', 'uws'] as const) {
  const skip = name === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(
    `whatever comes over a socket gets answers of ours or none, transport ${name}`,
    { skip },
    async t => {
      const { transport: settings, events } = handlerFor({ small: 'b' })
      const transport =
        choice.transport === 'uws' && name === 'uws'
          ? await listenUws(settings, loadUws(choice))
          : await listenHttp(settings)
      t.teardown(() => transport.close(0))
      const { port } = transport.address
      let runs = 0
      await fc.assert(
        fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 3 }), async parts => {
          runs++
          const raw = await Raw.open(port)
          for (const text of parts) raw.send(text)
          raw.socket.end()
          const bytes = await raw.rest()
          raw.close()
          const wrong = wrongAnswers(
            bytes,
            parts.some(text => text.includes('HEAD')),
          )
          if (wrong !== undefined) throw new Error(wrong)
        }),
        {
          seed: SEED,
          numRuns: 1_000_000,
          interruptAfterTimeLimit: SECONDS * 1000,
          markInterruptAsFailure: false,
        },
      )
      t.comment(`${runs} connections`)
      const raw = await Raw.open(port)
      t.equal((await raw.send(get('/metrics')).answer()).status, 200, 'and it serves on')
      raw.close()
      t.same(
        events.filter(({ level }) => level === 'error'),
        [],
      )
      await until('every connection is counted out', () => settings.handler.connections.open === 0)
      await transport.close(0)
    },
  )
}

t.test('whatever the head says, the decision is one of ours', async t => {
  const name = fc.oneof(
    fc.constantFrom(
      'host',
      'content-length',
      'transfer-encoding',
      'authorization',
      'accept',
      'accept-encoding',
      'x',
    ),
    fc.string(),
  )
  const value = fc.oneof(
    fc.constantFrom('', '5', 'chunked', 'gzip;q=0', '*/*;q=2', 'a\0b', '-1'),
    fc.string(),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 70 }),
      fc.constantFrom('GET', 'HEAD', 'PUT', ''),
      fc.oneof(
        fc.constantFrom('/', '/metrics', '/metrics.json', '/dashboard', '/dashboard/data.json'),
        fc.string(),
      ),
      fc.array(
        fc.oneof(fc.constantFrom('prefix=', 'format=', 'panel=', '&', '%', 'text', 'protobuf'), fc.string()),
      ),
      (headers, method, path, query) => {
        const reader = new HeaderReader()
        for (const [name, value] of headers) reader.add(name.toLowerCase(), value)
        const head: RequestHead = { method, path, query: query.join(''), peer: [127, 0, 0, 1], ...reader }
        const decision = decide(head, { ...RULES, dashboard: true })
        if (decision.kind === 'landing') return path === '/'
        if (decision.kind === 'dashboard')
          return path.startsWith('/dashboard') && decision.panels.every(({ name }) => /^[\w:]+$/.test(name))
        if (decision.kind === 'scrape') return /^([a-zA-Z_:][a-zA-Z0-9_:]{0,63})?$/.test(decision.prefix)
        return (
          STATUSES.has(decision.status) &&
          /^[^\x00-\x1f]+\n$/.test(decision.reason) &&
          decision.reason.length < 400
        )
      },
    ),
    {
      seed: SEED,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: SECONDS * 1000,
      markInterruptAsFailure: false,
    },
  )
  t.pass()
})
