/** What readers ask for, as it was seen on the wire, and what nobody should send. */
import fc from 'fast-check'
import t from 'tap'
import { CONTENT_TYPES } from '../../src/exposition/content-types.js'
import { acceptsGzip, negotiate } from '../../src/exposition/negotiation.js'
import { SEED } from '../support/arbitrary.js'

const ALL = { openMetrics: true, protobuf: true }
const NONE = { openMetrics: false, protobuf: false }
const OPENMETRICS = { openMetrics: true, protobuf: false }

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
  'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
  'text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
const NATIVE =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,' +
  PROMETHEUS_3

t.test('what Prometheus asks for, and what is offered', async t => {
  const rows: [string, string | undefined, typeof ALL, string][] = [
    ['no header', undefined, ALL, 'text'],
    ['2.42', PROMETHEUS_2, ALL, 'openmetrics'],
    ['2.42, not offered', PROMETHEUS_2, NONE, 'text'],
    ['3.5', PROMETHEUS_3, ALL, 'openmetrics'],
    ['3.5, not offered', PROMETHEUS_3, NONE, 'text'],
    ['native histograms', NATIVE, ALL, 'protobuf'],
    ['native histograms, no protobuf offered', NATIVE, OPENMETRICS, 'openmetrics'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', ALL, 'text'],
    ['curl', '*/*', ALL, 'text'],
    ['an OpenMetrics of no version', 'application/openmetrics-text', ALL, 'openmetrics'],
    ['an OpenMetrics that is not spoken', 'application/openmetrics-text;version=0.0.1', ALL, 'text'],
    [
      'protobuf that is not delimited',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text',
      ALL,
      'text',
    ],
    [
      'a protobuf of something else',
      'application/vnd.google.protobuf;proto=x;encoding=delimited',
      ALL,
      'text',
    ],
    ['text before OpenMetrics', 'text/plain;q=0.9, application/openmetrics-text;q=0.8', ALL, 'text'],
    ['equals, in their order', 'text/plain, application/openmetrics-text', ALL, 'text'],
    ['equals, in their other order', 'application/openmetrics-text, text/plain', ALL, 'openmetrics'],
    ['capitals and spaces', ' Application/OpenMetrics-Text ; Version="1.0.0" ; Q=0.5 ', ALL, 'openmetrics'],
    ['never that', 'application/openmetrics-text;q=0', ALL, 'text'],
    ['never anything', '*/*;q=0', ALL, 'text'],
    ['only what is not spoken', 'image/png', ALL, 'text'],
  ]
  for (const [what, accept, offered, format] of rows) {
    t.strictSame(
      negotiate(accept, offered),
      { format, contentType: CONTENT_TYPES[format as keyof typeof CONTENT_TYPES] },
      what,
    )
  }
})

t.test('malformed headers get an answer', async t => {
  const rows: [string, string][] = [
    ['', 'text'],
    [',,,;;;===', 'text'],
    ['application/openmetrics-text;q=2', 'openmetrics'],
    ['text/plain;q=0.9,application/openmetrics-text;q=x', 'openmetrics'],
    ['application/openmetrics-text;q=0.5;q=0', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0;version=0.0.1', 'openmetrics'],
    ['application/openmetrics-text;escaping=allow-utf-8;escaping=x', 'openmetrics'],
    ['application/openmetrics-text;q=-1', 'openmetrics'],
    ['\u0000\u00ff"', 'text'],
    [`${'x/y;q=0.1,'.repeat(1_024)}application/openmetrics-text`, 'text'],
    [`application/openmetrics-text${';q'.repeat(5_120)}`, 'openmetrics'],
  ]
  for (const [accept, format] of rows) {
    t.match(negotiate(accept, ALL), { format }, accept.slice(0, 60))
  }
  t.comment(`POSTMETER_SEED=${SEED}`)
  const alphabet = fc.constantFrom(',', ';', '=', 'q', '0', '.', '9', '*', '/', ' ', '"', 'text/plain', '\0')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(alphabet, { maxLength: 200 }).map(all => all.join('')),
      ),
      accept => {
        const { format } = negotiate(accept, ALL) as { format: string }
        if (!['text', 'openmetrics', 'protobuf'].includes(format)) throw new Error(format)
        if (typeof acceptsGzip(accept) !== 'boolean') throw new Error('neither yes nor no')
      },
    ),
    { seed: SEED, numRuns: 2_000 },
  )
})

t.test('a person asks by name, whatever is offered', async t => {
  for (const name of ['text', 'openmetrics', 'protobuf'] as const) {
    t.strictSame(negotiate(NATIVE, NONE, name), { format: name, contentType: CONTENT_TYPES[name] })
  }
  for (const name of ['', 'json', 'Text', '__proto__', 'text,openmetrics']) {
    t.strictSame(negotiate(undefined, ALL, name), { problem: 'is none of text, openmetrics, protobuf' }, name)
  }
})

t.test('gzip: by name or by *, and not with a weight of 0', async t => {
  const rows: [string | undefined, boolean][] = [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['GZIP', true],
    ['x-gzip', true],
    ['identity', false],
    ['identity, gzip;q=0.5', false],
    ['gzip;q=0.5, identity;q=0.6', false],
    ['gzip, identity', true],
    ['gzip;q=0.5, identity;q=0.1', true],
    ['gzip, identity;q=0', true],
    ['*;q=0.1, identity', false],
    ['deflate, br', false],
    ['gzip, deflate, br, zstd', true],
    ['br;q=1.0, gzip;q=0.8', true],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['gzip;q=0.001', true],
    ['gzip ; q = 0', false],
    ['*', true],
    ['*;q=0', false],
    ['gzip;q=0, *', false],
    ['*, gzip;q=0', false],
    ['gzipped', false],
    ['gzip;q=x', true],
    ['gzip;q=2', true],
    [`${'br,'.repeat(4_000)}gzip`, false],
  ]
  for (const [header, yes] of rows) t.equal(acceptsGzip(header), yes, String(header).slice(0, 40))
})
