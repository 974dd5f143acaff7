import fc from 'fast-check'
import t from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { Denials } from '../../src/front/request/denials.js'
import {
  decide,
  expositionHeaders,
  isForwardedByLoopback,
  type RequestHead,
} from '../../src/front/request/request.js'
import { RULES } from '../fixtures/front-request-handler.js'
import { SEED } from '../support/arbitrary.js'

t.comment(`POSTMETER_SEED=${SEED}`)

const LOCAL = [127, 0, 0, 1]
const STRANGER = [192, 0, 2, 7]

const ask = (more: Partial<RequestHead>): RequestHead => ({
  method: 'GET',
  path: '/metrics',
  query: '',
  peer: LOCAL,
  host: 'test',
  authorization: false,
  forwarded: false,
  ...more,
})

t.test('what is served', async t => {
  const long = `a${'b'.repeat(63)}`
  const rows: [Partial<RequestHead>, 'text' | 'json', string][] = [
    [{}, 'text', ''],
    [{ method: 'HEAD' }, 'text', ''],
    [{ path: '/metrics.json' }, 'json', ''],
    [{ query: 'prefix=kumomta_' }, 'text', 'kumomta_'],
    [{ path: '/metrics.json', query: 'prefix=kumomta_' }, 'json', 'kumomta_'],
    [{ query: 'prefix=' }, 'text', ''],
    [{ query: 'prefix' }, 'text', ''],
    [{ query: '&&' }, 'text', ''],
    [{ query: 'prefix=:a:b' }, 'text', ':a:b'],
    [{ query: `prefix=${long}` }, 'text', long],
    [{ query: 'prefix=%6b%75_' }, 'text', 'ku_'],
    [{ query: 'pre%66ix=a_' }, 'text', 'a_'],
    [{ query: 'a=b&prefix=c_&d' }, 'text', 'c_'],
    [{ query: 'Prefix=1' }, 'text', ''],
    [{ query: 'prefix[]=1' }, 'text', ''],
    [{ query: 'x=%zz&%zz=1&%ff=2' }, 'text', ''],
    [{ query: 'x;prefix=1' }, 'text', ''],
    [{ forwarded: true }, 'text', ''],
    [{ peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...LOCAL] }, 'text', ''],
    [{ peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }, 'text', ''],
  ]
  for (const [more, format, prefix] of rows) {
    const decision = decide(ask(more), RULES)
    t.match(decision, { kind: 'scrape', format, prefix }, JSON.stringify(more))
    if (decision.kind !== 'scrape') continue
    const headers = new Map(expositionHeaders(decision.contentType, decision.gzip))
    t.equal(headers.get('X-Content-Type-Options'), 'nosniff')
    t.equal(headers.get('Cache-Control'), 'no-store')
    t.equal(headers.get('Vary'), 'Accept, Accept-Encoding')
    t.equal(headers.get('Content-Encoding'), undefined)
    t.equal(
      headers.get('Content-Type'),
      format === 'text' ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json; charset=utf-8',
    )
  }
})

t.test('what is refused', async t => {
  const rows: [Partial<RequestHead>, number, string][] = [
    [{ peer: STRANGER }, 403, 'peer 192.0.2.7 may not read this: it is not in option "trustedHosts"\n'],
    [{ peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...STRANGER] }, 403, 'peer 192.0.2.7 '],
    [{ peer: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }, 403, 'peer 2001:db8::1 '],
    [{ peer: undefined }, 403, 'peer unknown '],
    [{ peer: [] }, 403, 'peer unknown '],
    [{ authorization: true }, 403, 'HTTP authentication is not permitted'],
    [{ authorization: true, path: '/x', method: 'PUT', query: 'prefix=%' }, 403, 'HTTP authentication'],
    [{ authorization: true, peer: STRANGER }, 403, 'peer 192.0.2.7 '],
    [{ path: '/x', peer: STRANGER }, 403, 'peer 192.0.2.7 '],
    [{ path: '/x' }, 404, 'there is only /metrics and /metrics.json\n'],
    [{ path: '' }, 404, 'there is only'],
    [{ path: '*' }, 404, 'there is only'],
    [{ path: '/metrics/' }, 404, 'there is only'],
    [{ path: '/metrics.JSON' }, 404, 'there is only'],
    [{ path: '/%6detrics' }, 404, 'there is only'],
    [{ path: '/metrics#a' }, 404, 'there is only'],
    [{ path: 'http://localhost/metrics' }, 404, 'there is only'],
    [{ path: '/x', method: 'POST' }, 404, 'there is only'],
    [{ method: 'POST' }, 405, 'method "POST" is not allowed here, use GET or HEAD\n'],
    [{ method: 'get' }, 405, 'method "get" '],
    [{ method: 'OPTIONS', query: 'prefix=%' }, 405, 'method "OPTIONS" '],
    [{ query: 'prefix=a&prefix=a' }, 400, 'parameter "prefix" comes twice\n'],
    [{ query: 'prefix=&prefix' }, 400, 'parameter "prefix" comes twice\n'],
    [{ query: 'prefix=a&%70refix=b' }, 400, 'parameter "prefix" comes twice\n'],
    [{ query: 'prefix=%' }, 400, 'parameter "prefix": "%" is not valid percent-encoding\n'],
    [{ query: 'prefix=%4' }, 400, 'parameter "prefix": "%4" is not valid percent-encoding\n'],
    [{ query: 'prefix=%c3%28' }, 400, 'parameter "prefix": "%c3%28" is not valid percent-encoding\n'],
    [{ query: 'prefix=%ed%a0%80' }, 400, 'parameter "prefix": "%ed%a0%80" is not valid percent-encoding\n'],
    [{ query: 'prefix=1a' }, 400, 'parameter "prefix": "1a" is not the beginning of a metric name '],
    [{ query: 'prefix=a-b' }, 400, 'parameter "prefix": "a-b" is not the beginning'],
    [{ query: 'prefix=+a' }, 400, 'parameter "prefix": " a" is not the beginning'],
    [{ query: 'prefix=a=b' }, 400, 'parameter "prefix": "a=b" is not the beginning'],
    [{ query: 'prefix=%61%0a' }, 400, 'parameter "prefix": "a\\n" is not the beginning'],
    [{ query: 'prefix=%00' }, 400, 'parameter "prefix": "\\u0000" is not the beginning'],
    [{ query: 'prefix=%c3%a9' }, 400, 'parameter "prefix": "é" is not the beginning'],
    [{ query: 'prefix=a%23' }, 400, 'parameter "prefix": "a#" is not the beginning'],
    [
      { query: `prefix=${'a'.repeat(65)}` },
      400,
      `parameter "prefix": "${'a'.repeat(65)}" is longer than 64 `,
    ],
  ]
  for (const [more, status, reason] of rows) {
    const decision = decide(ask(more), RULES)
    const label = JSON.stringify(more)
    if (decision.kind !== 'refuse') {
      t.fail(`served: ${label}`)
      continue
    }
    t.equal(decision.status, status, label)
    t.ok(decision.reason.startsWith(reason), `${label}: ${decision.reason}`)
    const headers = new Map(decision.headers)
    t.equal(headers.get('Content-Type'), 'text/plain; charset=utf-8')
    t.equal(headers.get('X-Content-Type-Options'), 'nosniff')
    t.equal(headers.get('Cache-Control'), 'no-store')
    t.equal(headers.get('Allow'), status === 405 ? 'GET, HEAD' : undefined)
    t.notOk([...headers.keys()].some(name => /authenticate/i.test(name)))
  }
})

t.test('an untrusted peer gets the same answer, whatever it asks', async t => {
  const answer = decide(ask({ peer: STRANGER }), RULES)
  fc.assert(
    fc.property(
      fc.record({
        method: fc.string(),
        path: fc.oneof(fc.string(), fc.constantFrom('/metrics', '/metrics.json')),
        query: fc.string(),
        authorization: fc.boolean(),
        forwarded: fc.boolean(),
      }),
      more => t.same(decide(ask({ ...more, peer: STRANGER }), RULES), answer),
    ),
    { seed: SEED, numRuns: 200 },
  )
})

t.test(
  'whatever the query, the prefix is the beginning of a metric name or there is one line of reason',
  async t => {
    const part = fc.oneof(fc.constantFrom('prefix', '=', '&', '%', '%41', '%00', '+', 'a_', ':'), fc.string())
    fc.assert(
      fc.property(fc.array(part), parts => {
        const decision = decide(ask({ query: parts.join('') }), RULES)
        if (decision.kind === 'landing' || decision.kind === 'dashboard') return false
        if (decision.kind === 'scrape') {
          return decision.prefix === '' || /^[a-zA-Z_:][a-zA-Z0-9_:]{0,63}$/.test(decision.prefix)
        }
        return (
          decision.status === 400 && /^[^\x00-\x1f]+\n$/.test(decision.reason) && decision.reason.length < 250
        )
      }),
      { seed: SEED, numRuns: 20_000 },
    )
    t.pass()
  },
)

t.test('nothing in a request can change how the line about it looks', async t => {
  const odd = {
    'the end of a line': '\r\n',
    'an escape sequence': '\x1b[2J',
    DEL: '\x7f',
    'a control character of 8 bits': '\x9b',
    'from right to left': '\u202e',
    'an isolate': '\u2066',
    'a line separator': '\u2028',
    'a space of no width': '\u200b',
    'a byte order mark': '\ufeff',
    'an invisible tag': '\u{e0041}',
  }
  for (const [what, text] of Object.entries(odd)) {
    for (const more of [
      { query: `prefix=${encodeURIComponent(text)}` },
      { query: `format=${encodeURIComponent(text)}` },
      { query: `prefix=%${text}` },
      { method: text },
    ]) {
      const decision = decide(ask(more), RULES)
      if (decision.kind !== 'refuse') throw new Error('served')
      const events: LogEvent[] = []
      new Denials(
        event => events.push(event),
        () => 0,
      ).note(decision, LOCAL)
      for (const line of [decision.reason.slice(0, -1), events[0]!.message]) {
        t.notMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, `${what} in ${Object.keys(more)}`)
        const code = text.charCodeAt(0).toString(16).padStart(4, '0')
        t.match(line, text === '\r\n' ? '\\r\\n' : `\\u${code}`, 'it is reported, escaped')
      }
    }
  }
})

t.test('forwarded by a loopback peer', async t => {
  t.equal(isForwardedByLoopback(ask({ forwarded: true })), true)
  t.equal(isForwardedByLoopback(ask({ forwarded: true, peer: [127, 9, 9, 9] })), true)
  t.equal(isForwardedByLoopback(ask({ forwarded: false })), false)
  t.equal(isForwardedByLoopback(ask({ forwarded: true, peer: STRANGER })), false)
  t.equal(isForwardedByLoopback(ask({ forwarded: true, peer: undefined })), false)
})
