/** Formats and compression over HTTP, by both transports, from small registries and from large ones. */
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { choose } from '../../src/front/transports/choose.js'
import { type ServeOptions, serve } from '../../src/index.js'
import { ask } from '../support/ask.js'
import { messages } from '../support/protobuf.js'
import { fresh } from '../support/registry.js'

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,*/*;q=0.1'

const choice = choose()
const transports = ['http', ...(choice.transport === 'uws' ? ['uws'] : [])] as ('http' | 'uws')[]

/**
 * `series` of 70 bytes: 10 are encoded by the front itself, 600 are beyond the threshold, 5,000 are encoded by the
 * pool.
 */
async function front(
  t: Parameters<typeof fresh>[0],
  transport: 'http' | 'uws',
  series: number,
  options: ServeOptions = {},
) {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'sent_total', help: 'h', labelNames: ['queue'] })
  for (let n = 0; n < series; n++) counter.inc({ queue: `queue-${n}.of.a.customer.example` }, n)
  const front = await serve(registry, { listen: '127.0.0.1:0', transport, selfMetrics: false, ...options })
  t.teardown(() => front.close())
  return { registry, url: `${front.url}` }
}

for (const transport of transports) {
  for (const [size, series] of [
    ['small', 10],
    ['middling', 600],
    ['large', 5_000],
  ] as const) {
    t.test(`${transport}, ${size}`, async t => {
      const { registry, url } = await front(t, transport, series, { openMetrics: true, protobuf: true })
      const plain = await ask(url)
      t.equal(plain.body.toString(), await registry.metrics())
      t.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
      t.equal(plain.headers['content-encoding'], undefined)
      t.equal(plain.headers.vary, 'Accept, Accept-Encoding')

      const om = await ask(url, { accept: OPENMETRICS })
      t.equal(om.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
      t.equal(om.body.toString(), await registry.metrics({ format: 'openmetrics' }))

      const pb = await ask(url, { accept: PROTOBUF })
      t.match(
        pb.headers['content-type'],
        /^application\/vnd\.google\.protobuf; proto=.*; encoding=delimited$/,
      )
      const found = messages(pb.body).reduce((sum, { metric }) => sum + metric.length, 0)
      t.equal(found, series)

      for (const [what, headers, path, expected] of [
        ['text', {}, '', plain.body.toString()],
        ['OpenMetrics', { accept: OPENMETRICS }, '', om.body.toString()],
        ['JSON', {}, '.json', await registry.metrics({ format: 'json' })],
      ] as const) {
        const zipped = await ask(`${url}${path}`, { ...headers, 'accept-encoding': 'gzip, deflate, br' })
        t.equal(zipped.status, 200)
        const gzipped = zipped.headers['content-encoding'] === 'gzip'
        t.equal(gzipped, expected.length >= 16 * 1024, `${what}: from the threshold on`)
        t.equal((gzipped ? gunzipSync(zipped.body) : zipped.body).toString(), expected, what)
        if (gzipped) t.ok(zipped.body.length < expected.length / 4)
      }

      const head = await ask(url, { 'accept-encoding': 'gzip', accept: OPENMETRICS }, 'HEAD')
      t.equal(head.body.length, 0)
      t.match(head.headers['content-type'], /openmetrics/)
      const refused = await ask(url, { 'accept-encoding': 'gzip;q=0' })
      t.equal(refused.headers['content-encoding'], undefined)
      const byName = await ask(`${url}?format=openmetrics&prefix=p_`, { 'accept-encoding': 'gzip' })
      const body = byName.headers['content-encoding'] === 'gzip' ? gunzipSync(byName.body) : byName.body
      t.equal(body.toString(), await registry.metrics({ format: 'openmetrics', prefix: 'p_' }))
    })
  }

  t.test(`${transport}: a format that is not offered is served only if it is asked for by name`, async t => {
    const { url } = await front(t, transport, 5_000, { gzip: false })
    for (const accept of [OPENMETRICS, PROTOBUF]) {
      const answer = await ask(url, { accept, 'accept-encoding': 'gzip' })
      t.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
      t.equal(answer.headers['content-encoding'], undefined)
    }
    t.match((await ask(`${url}?format=openmetrics`)).body.toString(), /# EOF\n$/)
    const wrong = await ask(`${url}?format=xml`)
    t.equal(wrong.status, 400)
    t.match(wrong.body.toString(), 'parameter "format": "xml" is none of text, openmetrics, protobuf')
  })

  t.test(`${transport}: readers of one format share a scrape, compressed apart from plain`, async t => {
    const { registry, url } = await front(t, transport, 5_000)
    const expected = await registry.metrics()
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => ask(url, n % 2 === 0 ? { 'accept-encoding': 'gzip' } : {})),
    )
    for (const { headers, body } of answers) {
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      t.equal(text.toString() === expected, true)
    }
  })
}

t.test('bad options', async t => {
  const { registry } = fresh(t)
  const rejects = (gzip: unknown, message: RegExp) =>
    t.rejects(serve(registry, { listen: '127.0.0.1:0', gzip } as never), message)
  await rejects('yes', /option "gzip": "yes" is neither false nor \{ level, threshold \}/)
  await rejects({ level: 0 }, /option "gzip.level": 0/)
  await rejects({ threshold: -1 }, /option "gzip.threshold": -1 is not a size/)
  await rejects({ threshold: 'big' }, /option "gzip.threshold": "big"/)
  await rejects({ levle: 1 }, /levle/)
})

t.test('option created adds when series were made, in OpenMetrics and protobuf alone', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'c_total', help: 'h' }).inc()
  for (const created of [false, true]) {
    const front = await serve(registry, { listen: '127.0.0.1:0', created, selfMetrics: false })
    t.teardown(() => front.close())
    const read = async (format: string) =>
      (await ask(`${front.url}?format=${format}`)).body.toString('latin1')
    t.equal(/^c_created [\d.e+]+$/m.test(await read('openmetrics')), created)
    t.notMatch(await read('text'), /created/)
    const [without, own] = [await registry.metrics({ format: 'protobuf' }), await read('protobuf')]
    t.equal(own.length > without.length, created)
  }
  await t.rejects(serve(registry, { created: 1 as never }), { code: 'ERR_POSTMETER_OPTION' })
})
