/**
 * What a hostile or broken client can send, byte for byte, and what it gets, through both transports.
 *
 * `closed` is a connection ended without an answer, at its timeout at the latest: uWebSockets.js never hands over what
 * its parser does not take to be a request, and cannot both answer the one before and leave unanswered what follows.
 */
import t from 'tap'
import { choose } from '../../src/front/transports/choose.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { listenUws, loadUws } from '../../src/front/transports/transport-uws.js'
import { handlerFor } from '../fixtures/front-request-handler.js'
import { BY_ITSELF, isLater, Raw, until } from './raw.js'

t.setTimeout(120_000)

type Status = number | 'closed'
type Statuses = Status | readonly Status[]
/**
 * One for each request in the row; of node:http, of uWebSockets.js 20.30, and of later releases (here 20.57) where they
 * differ. Later ones take what HTTP permits in names, and heads of at most 4 KiB.
 */
type Expected = Statuses | { http: Statuses; uws: Statuses; later?: Statuses }

const H = 'Host: t\r\n'
const GET = `GET /metrics HTTP/1.1\r\n${H}`
const OK = `${GET}\r\n`
const PROXY_V2 = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x7f\0\0\x01\x04\xd2\x1f\x40'
const many = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('')

const rows: readonly (readonly [what: string, bytes: string, expected: Expected])[] = [
  ['a good request', OK, 200],
  ['two good requests at once', OK + OK, [200, 200]],
  ['twenty good requests at once', OK.repeat(20), Array(20).fill(200)],
  ['good, refused, good', `${OK}GET /x HTTP/1.1\r\n${H}\r\n${OK}`, [200, 404, 200]],

  ['a request that closes, then good', `${GET}Connection: close\r\n\r\n${OK}`, { http: 200, uws: 'closed' }],
  ['good, malformed, good', `${OK}${GET}Host: u\r\n\r\n${OK}`, { http: [200, 400], uws: 'closed' }],

  // The request line
  ['HTTP/1.0', 'GET /metrics HTTP/1.0\r\n\r\n', { http: 200, uws: 'closed' }],
  [
    'HTTP/1.0 kept alive',
    `GET /metrics HTTP/1.0\r\n${H}Connection: keep-alive\r\n\r\n`,
    { http: 200, uws: 'closed' },
  ],
  ['HTTP/0.9', 'GET /metrics\r\n\r\n', { http: 400, uws: 'closed' }],
  ['HTTP/1.2', `GET /metrics HTTP/1.2\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['HTTP/2.0', `GET /metrics HTTP/2.0\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { http: 400, uws: 'closed' }],
  ['a version in lower case', `GET /metrics http/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['absolute form', `GET http://t/metrics HTTP/1.1\r\n${H}\r\n`, { http: 200, uws: 'closed' }],
  [
    'absolute form of another host',
    `GET http://other:1/metrics?prefix=a HTTP/1.1\r\n${H}\r\n`,
    { http: 200, uws: 'closed' },
  ],
  ['absolute form of another path', `GET http://t/x HTTP/1.1\r\n${H}\r\n`, { http: 404, uws: 'closed' }],
  ['absolute form without a path', `GET http://t HTTP/1.1\r\n${H}\r\n`, { http: 404, uws: 'closed' }],
  ['authority form', `CONNECT t:80 HTTP/1.1\r\n${H}\r\n`, { http: 405, uws: 'closed' }],
  ['asterisk form', `OPTIONS * HTTP/1.1\r\n${H}\r\n`, { http: 404, uws: 'closed' }],
  ['a method in lower case', `get /metrics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed', later: 405 }],
  [
    'a method that nobody knows',
    `GOT /metrics HTTP/1.1\r\n${H}\r\n`,
    { http: 400, uws: 'closed', later: 405 },
  ],
  ['a method of a space', `  /metrics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['no method', `/metrics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['two spaces before the path', `GET  /metrics HTTP/1.1\r\n${H}\r\n`, { http: 200, uws: 'closed' }],
  ['two spaces behind the path', `GET /metrics  HTTP/1.1\r\n${H}\r\n`, { http: 200, uws: 'closed' }],
  ['a tab before the path', `GET\t/metrics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['a NUL in the path', `GET /metrics\0 HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['a bare CR in the path', `GET /metrics\rx HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['a bare LF in the path', `GET /metrics\nx HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['an empty line before it', `\r\n${OK}`, { http: 200, uws: 'closed' }],
  ['DELETE', `DELETE /metrics HTTP/1.1\r\n${H}\r\n`, 405],
  ['TRACE', `TRACE /metrics HTTP/1.1\r\n${H}\r\n`, 405],
  ['OPTIONS', `OPTIONS /metrics HTTP/1.1\r\n${H}\r\n`, 405],
  [
    'PUT with a body, then good',
    `PUT /metrics HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc${OK}`,
    [405, 200],
  ],

  // The path and the query
  ['the path decoded', `GET /%6detrics HTTP/1.1\r\n${H}\r\n`, 404],
  ['the path decoded twice', `GET /%256detrics HTTP/1.1\r\n${H}\r\n`, 404],
  ['dots', `GET /./metrics HTTP/1.1\r\n${H}\r\n`, 404],
  ['dots upwards', `GET /x/../metrics HTTP/1.1\r\n${H}\r\n`, 404],
  ['dots encoded', `GET /%2e%2e/etc/passwd HTTP/1.1\r\n${H}\r\n`, 404],
  ['backslashes', `GET \\metrics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 'closed' }],
  ['two slashes', `GET //metrics HTTP/1.1\r\n${H}\r\n`, 404],
  ['a slash behind', `GET /metrics/ HTTP/1.1\r\n${H}\r\n`, 404],
  ['a semicolon behind', `GET /metrics;x HTTP/1.1\r\n${H}\r\n`, 404],
  ['a fragment', `GET /metrics#x HTTP/1.1\r\n${H}\r\n`, 404],
  ['a NUL encoded', `GET /metrics%00 HTTP/1.1\r\n${H}\r\n`, 404],
  ['upper case', `GET /METRICS HTTP/1.1\r\n${H}\r\n`, 404],
  ['bytes above ASCII', `GET /m\xe9trics HTTP/1.1\r\n${H}\r\n`, { http: 400, uws: 404 }],
  [
    'a path of 8,000 bytes',
    `GET /${'a'.repeat(8000)} HTTP/1.1\r\n${H}\r\n`,
    { http: 404, uws: 404, later: 'closed' },
  ],
  [
    'a path of 100,000 bytes',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${H}\r\n`,
    { http: 431, uws: 404, later: 'closed' },
  ],
  ['percent without digits', `GET /metrics?prefix=% HTTP/1.1\r\n${H}\r\n`, 400],
  ['percent with other digits', `GET /metrics?prefix=%zz HTTP/1.1\r\n${H}\r\n`, 400],
  ['UTF-8 that is too long', `GET /metrics?prefix=%c0%af HTTP/1.1\r\n${H}\r\n`, 400],
  ['a line end in the prefix', `GET /metrics?prefix=a%0d%0aX:y HTTP/1.1\r\n${H}\r\n`, 400],
  ['a prefix twice', `GET /metrics?prefix=a&prefix=a HTTP/1.1\r\n${H}\r\n`, 400],
  ['a prefix of 65 characters', `GET /metrics?prefix=${'a'.repeat(65)} HTTP/1.1\r\n${H}\r\n`, 400],
  ['a brace in the prefix', `GET /metrics?prefix=a{ HTTP/1.1\r\n${H}\r\n`, 400],
  ['a format that nobody knows', `GET /metrics?format=xml HTTP/1.1\r\n${H}\r\n`, 400],
  [
    'a thousand parameters',
    `GET /metrics?${many(1000, n => `a${n}&`)} HTTP/1.1\r\n${H}\r\n`,
    { http: 200, uws: 200, later: 'closed' },
  ],

  // Line ends
  ['LF alone', 'GET /metrics HTTP/1.1\nHost: t\n\n', { http: 400, uws: 'closed' }],
  ['LF alone in a header', `GET /metrics HTTP/1.1\r\nHost: t\nX: y\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['CR alone in a header', `GET /metrics HTTP/1.1\r\nHost: t\rX: y\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a header that is folded', `${GET}X: a\r\n b\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['no end', GET, { http: 408, uws: 'closed' }],
  ['nothing', '', { http: 408, uws: 'closed' }],

  // Headers
  ['no Host', 'GET /metrics HTTP/1.1\r\n\r\n', { http: 200, uws: 'closed' }],
  ['two Hosts', `${GET}Host: u\r\n\r\n`, { http: 400, uws: 400, later: 'closed' }],
  ['two Hosts, then good', `${GET}Host: u\r\n\r\n${OK}`, { http: 400, uws: 'closed' }],
  ['a NUL in a value', `${GET}X: a\0b\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a control character in a value', `${GET}X: a\x01b\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a tab in a value', `${GET}X: a\tb\r\n\r\n`, 200],
  ['bytes above ASCII in a value', `${GET}X: \xe9\xff\r\n\r\n`, 200],
  ['a space before the colon', `${GET}X : y\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a space in a name', `${GET}X Y: z\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['an empty name', `${GET}: y\r\n\r\n`, { http: 400, uws: 200 }],
  ['no colon', `${GET}X\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['bytes above ASCII in a name', `${GET}X\xe9: y\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a name with an underscore', `${GET}X_Y: z\r\n\r\n`, { http: 200, uws: 'closed', later: 200 }],
  ['a name with a dot', `${GET}X.Y: z\r\n\r\n`, { http: 200, uws: 'closed', later: 200 }],
  ['48 headers', `${GET}${many(47, n => `X-${n}: y\r\n`)}\r\n`, 200],
  ['49 headers', `${GET}${many(48, n => `X-${n}: y\r\n`)}\r\n`, { http: 200, uws: 'closed', later: 200 }],
  ['60 headers', `${GET}${many(60, n => `X-${n}: y\r\n`)}\r\n`, { http: 200, uws: 'closed', later: 200 }],
  ['65 headers', `${GET}${many(64, n => `X-${n}: y\r\n`)}\r\n`, { http: 431, uws: 'closed', later: 431 }],
  ['5,000 headers', `${GET}${many(5000, () => 'X: y\r\n')}\r\n`, { http: 431, uws: 'closed' }],
  [
    'a header of 8,000 bytes',
    `${GET}X: ${'a'.repeat(8000)}\r\n\r\n`,
    { http: 200, uws: 200, later: 'closed' },
  ],
  [
    'a header of 17,000 bytes',
    `${GET}X: ${'a'.repeat(17_000)}\r\n\r\n`,
    { http: 431, uws: 431, later: 'closed' },
  ],
  ['a header of 1,000,000 bytes', `${GET}X: ${'a'.repeat(1_000_000)}\r\n\r\n`, { http: 431, uws: 'closed' }],
  ['a header without an end', `${GET}X: ${'a'.repeat(20_000)}`, { http: 431, uws: 'closed' }],
  ['a password', `${GET}Authorization: Basic YTpi\r\n\r\n`, 403],
  ['a password in lower case', `${GET}authorization: x\r\n\r\n`, 403],
  ['a timeout that is none', `${GET}X-Prometheus-Scrape-Timeout-Seconds: NaN\r\n\r\n`, 200],
  [
    'a timeout twice',
    `${GET}X-Prometheus-Scrape-Timeout-Seconds: 1\r\nX-Prometheus-Scrape-Timeout-Seconds: 9\r\n\r\n`,
    400,
  ],
  [
    'an Upgrade to WebSocket',
    `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n`,
    200,
  ],
  [
    'an Upgrade to h2c',
    `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n`,
    200,
  ],
  ['ranges', `${GET}Range: bytes=0-0,1-1,2-2\r\n\r\n`, 200],
  ['a condition', `${GET}If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT\r\n\r\n`, 200],

  // Bodies
  ['a body on GET, then good', `${GET}Content-Length: 5\r\n\r\nhello${OK}`, [200, 200]],
  [
    'a chunked body on GET, then good',
    `${GET}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${OK}`,
    [200, 200],
  ],
  [
    'two good, then one that expects a 100 Continue',
    `${OK}${OK}${GET}Expect: 100-continue\r\n\r\n`,
    [200, 200, 100, 200],
  ],
  [
    'one that expects a 100 Continue with a body, then good',
    `${GET}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello${OK}`,
    [100, 200, 200],
  ],
  ['one that expects what nobody knows, then good', `${GET}Expect: x\r\n\r\n${OK}`, [200, 200]],
  ['a request for a body', `${GET}Content-Length: ${OK.length}\r\n\r\n${OK}`, 200],
  ['two equal lengths', `${GET}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400],
  ['two lengths', `${GET}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ['a list of lengths', `${GET}Content-Length: 5, 5\r\n\r\nhello`, { http: 400, uws: 'closed' }],
  ['a length below zero', `${GET}Content-Length: -1\r\n\r\n`, { http: 400, uws: 'closed' }],
  ['a length with a sign', `${GET}Content-Length: +1\r\n\r\na`, { http: 400, uws: 'closed' }],
  ['a length in hexadecimal', `${GET}Content-Length: 0x5\r\n\r\nhello`, { http: 400, uws: 'closed' }],
  [
    'a length that overflows',
    `${GET}Content-Length: 99999999999999999999999\r\n\r\n`,
    { http: 400, uws: 'closed' },
  ],
  ['an empty length', `${GET}Content-Length:\r\n\r\n`, { http: 400, uws: 400 }],
  [
    'a length of a terabyte',
    `${GET}Content-Length: 1099511627776\r\n\r\n`,
    { http: 413, uws: 'closed', later: 413 },
  ],
  [
    'a length beside chunked',
    `${GET}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    { http: 400, uws: 'closed' },
  ],
  [
    'chunked beside a length',
    `${GET}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    { http: 400, uws: 'closed' },
  ],
  [
    'chunked twice',
    `${GET}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    { http: 400, uws: 400 },
  ],
  [
    'a transfer coding that hides',
    `${GET}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    { http: 400, uws: 400 },
  ],
  ['chunks that are none', `${GET}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, { http: 200, uws: 'closed' }],

  // Other protocols
  ['a PROXY line', `PROXY TCP4 10.0.0.1 127.0.0.1 1234 8000\r\n${OK}`, { http: 400, uws: 'closed' }],
  ['a PROXY header in binary', `${PROXY_V2}${OK}`, 400],
  ["TLS's first bytes", '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', { http: 400, uws: 'closed' }],
  ['SMTP', 'EHLO example.com\r\nMAIL FROM:<>\r\n', { http: 400, uws: 'closed' }],
  ['NULs', '\0'.repeat(100), { http: 400, uws: 'closed' }],
  ['bytes of all kinds', many(256, n => String.fromCharCode(n)), { http: 400, uws: 'closed' }],
]

t.ok(rows.length >= 60, `${rows.length} rows`)

const choice = choose()
for (const name of ['http', 'uws'] as const) {
  const skip = name === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`transport ${name}`, { skip }, async t => {
    const { transport: settings, events } = handlerFor({ small: 'b' })
    const transport =
      choice.transport === 'uws' && name === 'uws'
        ? await listenUws(settings, loadUws(choice))
        : await listenHttp(settings)
    t.teardown(() => transport.close(0))
    const { port } = transport.address
    // All at once: many of them last until their timeout.
    await Promise.all(
      rows.map(async ([what, bytes, expected]) => {
        const wanted = [differing(expected, name)].flat()
        const raw = await Raw.open(port)
        raw.send(bytes)
        const got: Status[] = []
        for (const status of wanted) {
          if (status === 'closed') break
          const answer = await raw.answer().catch(() => undefined)
          if (answer === undefined || answer.body.includes('uWebSockets/20 Server')) break
          got.push(answer.status)
          if (answer.status === 100) continue
          const body = answer.body.toString()
          if (answer.headers.get('x-content-type-options') !== 'nosniff')
            t.fail(`${what}: nosniff is missing`)
          if (answer.headers.get('cache-control') !== 'no-store') t.fail(`${what}: no-store is missing`)
          if (answer.status !== 200 && !/^[^\n]{3,300}\n$/.test(body)) t.fail(`${what}: said ${body}`)
          if (/node:|\.js\b|at .*:\d/.test(body)) t.fail(`${what}: reveals internals: ${body}`)
          if ((answer.status === 405) !== answer.headers.has('allow')) t.fail(`${what}: Allow`)
        }
        // Whatever else would come, an answer to what was no request above all, comes now.
        if (wanted.at(-1) !== 'closed') raw.socket.end()
        const rest = (await raw.rest()).toString('latin1').replace(BY_ITSELF, '')
        t.same(
          [...got, ...(rest === '' ? (got.length === wanted.length ? [] : ['closed']) : [rest])],
          wanted,
          what,
        )
        raw.close()
      }),
    )
    const raw = await Raw.open(port)
    t.equal((await raw.send(OK).answer()).status, 200, 'and it serves on')
    raw.close()
    t.same(
      events.filter(({ level }) => level === 'error'),
      [],
    )
    await transport.close(0)
    await until('every connection is counted out', () => settings.handler.connections.open === 0)
  })
}

function differing(expected: Expected, name: 'http' | 'uws'): Statuses {
  if (typeof expected !== 'object' || !('http' in expected)) return expected
  return name === 'uws' && isLater(choice) ? (expected.later ?? expected.uws) : expected[name]
}
