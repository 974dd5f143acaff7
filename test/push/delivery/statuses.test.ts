/** Which answers are followed by another attempt, and when. */
import t from 'tap'
import {
  asksForPause,
  isRetried,
  MAX_RETRY_AFTER,
  type Protocol,
  retryAfter,
} from '../../../src/push/delivery/statuses.js'

const STATUSES = [
  400, 401, 403, 404, 408, 409, 411, 413, 415, 425, 429, 431, 500, 501, 502, 503, 504, 505, 507, 599,
]

t.test('each protocol says which statuses are sent again', async t => {
  const retried = (protocol: Protocol) => STATUSES.filter(status => isRetried(protocol, status))
  const server = STATUSES.filter(status => status >= 500)
  t.same(retried('remote-write'), [429, ...server])
  t.same(retried('otlp'), [429, 502, 503, 504])
  t.same(retried('pushgateway'), [408, 425, 429, ...server])
  for (const protocol of ['remote-write', 'otlp', 'pushgateway'] as const)
    for (const odd of [100, 200, 304, 600, 999]) t.notOk(isRetried(protocol, odd), `${protocol} ${odd}`)
})

t.test('Retry-After of a receiver that is overloaded is for all bodies', async t => {
  t.same(STATUSES.filter(asksForPause), [429, 503])
})

t.test('Retry-After in seconds', async t => {
  t.equal(retryAfter('120', undefined, 0), 120_000)
  t.equal(retryAfter(' 1 ', undefined, 0), 1000)
  t.equal(retryAfter('0', undefined, 0), undefined)
  t.equal(retryAfter('99999999', undefined, 0), MAX_RETRY_AFTER)
  t.equal(retryAfter('9'.repeat(400), undefined, 0), MAX_RETRY_AFTER)
  t.equal(MAX_RETRY_AFTER, 300_000)
})

t.test('Retry-After as a date, in all three forms of HTTP', async t => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7)
  for (const date of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ]) {
    t.equal(retryAfter(date, undefined, now), 30_000, date)
    t.equal(retryAfter(date, undefined, now + 31_000), undefined, 'it is over')
    t.equal(retryAfter(date, undefined, 0), MAX_RETRY_AFTER)
  }
})

t.test('a date is compared with that of the answer, whatever this clock says', async t => {
  const [date, later] = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:47 GMT']
  t.equal(retryAfter(later, date, Date.UTC(2030)), 10_000)
  t.equal(retryAfter(later, 'nonsense', Date.UTC(1994, 10, 6, 8, 49, 46)), 1000)
})

t.test('what is neither says nothing', async t => {
  for (const text of [undefined, '', 'soon', '-5', '1.5', '1e3', '0x10', '2030-01-01', 'Sun', '5s'])
    t.equal(retryAfter(text, undefined, 0), undefined, String(text))
})
