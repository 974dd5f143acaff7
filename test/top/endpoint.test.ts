/** What is asked of an endpoint, and what becomes of the answers. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { families, parts } from '../../src/cli/top/list.js'
import { Endpoint } from '../../src/cli/top/look/endpoint.js'
import { Model } from '../../src/cli/top/look/model.js'
import { createRegistry, serve } from '../../src/index.js'

function looking(address: string) {
  const model = new Model()
  let time = 0
  // A second passes with each look at the clock.
  const now = () => (time += 1000)
  const endpoint = new Endpoint(address, { timeout: 10_000, headers: {}, now }, model)
  const family = (name: string) => families(model).find(row => row.name === name)
  return { model, endpoint, family }
}

async function answering(t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('on loopback nothing is packed; elsewhere gzip is asked for', async t => {
  const asked: IncomingMessage['headers'][] = []
  const port = await answering(t, ({ headers }, response) => {
    asked.push(headers)
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', connection: 'close' }).end('a 1\n')
  })
  for (const host of ['127.0.0.1', 'localhost', '127.0.0.1.nip.invalid']) {
    const { endpoint } = looking(`http://${host}:${port}/metrics`)
    await endpoint.look().catch(() => {})
  }
  t.equal(asked.length, 2)
  for (const headers of asked)
    t.match(headers, { 'accept-encoding': 'identity', accept: /^text\/plain/, 'user-agent': 'postmeter-top' })
  const away = await answering(t, ({ headers }, response) => {
    asked.push(headers)
    response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
  })
  await looking(`http://0.0.0.0:${away}/metrics`).endpoint.look()
  t.match(asked.slice(2), [{ 'accept-encoding': 'gzip' }, { 'accept-encoding': 'gzip' }])
})

t.test("postmeter's own endpoint is asked for some families alone", async t => {
  const registry = createRegistry({ name: 'top-own', memory: '16MiB' })
  t.teardown(() => registry.close())
  const sent = registry.counter({ name: 'sent_total', help: 'S.' })
  registry.gauge({ name: 'queued', help: 'Q.' }).set(3)
  const front = await serve(registry, { listen: '127.0.0.1:0' })
  t.teardown(() => front.close())
  const { endpoint, model, family } = looking(`${front.url}?prefix=x_`)
  t.equal(endpoint.isOwn, false, 'which is not known before the first look')
  const all = await endpoint.look()
  t.equal(endpoint.isOwn, true)
  sent.inc(10)
  const some = await endpoint.look(['x_sent_total'])
  t.ok(some.bytes < all.bytes / 5, `${some.bytes} of ${all.bytes} bytes`)
  t.ok(family('x_sent_total')!.rate! > 0)
  t.match(family('x_queued'), { value: 3 }, 'what was not asked for is still shown')
  t.equal(model.samples, 1)
})

/** An endpoint that has postmeter's families, and answers as it likes when it is asked for some. */
async function imitating(t: Test, toNames: (response: ServerResponse, body: string) => void) {
  const asked: string[][] = []
  const has = { gone: false }
  const port = await answering(t, ({ url }, response) => {
    const names = new URL(url!, 'http://x').searchParams.getAll('name[]')
    asked.push(names)
    const families = ['postmeter_series', 'a', ...(has.gone ? [] : ['b'])]
    const body = families.map(name => `# TYPE ${name} gauge\n${name} ${asked.length}\n`).join('')
    response.setHeader('content-type', 'text/plain').setHeader('connection', 'close')
    if (names.length === 0) response.end(body)
    else toNames(response, body)
  })
  const { endpoint, family } = looking(`http://127.0.0.1:${port}/metrics`)
  await endpoint.look()
  t.equal(endpoint.isOwn, true)
  return { endpoint, family, asked, has }
}

t.test('one that gives all when it is asked for some is not asked so again', async t => {
  const { endpoint, family, asked } = await imitating(t, (response, body) => response.end(body))
  t.match(await endpoint.look(['a']), { whole: true })
  t.match([family('a')!.value, family('b')!.value], [asked.length, asked.length], 'and all is of now')
  t.equal(endpoint.isOwn, false)
})

for (const [how, toNames] of [
  ['refuses', response => response.writeHead(400).end('no such parameter')],
  ['gives nothing', response => response.end('')],
  ['gives a page', response => response.end('<!doctype html>')],
] as const satisfies readonly [string, (response: ServerResponse) => void][])
  t.test(`one that ${how} when it is asked for some is asked for all at once`, async t => {
    const { endpoint, family, asked } = await imitating(t, toNames)
    for (let n = 0; n < 2; n++) {
      t.equal(endpoint.isOwn, true, 'it may have been busy')
      t.match(await endpoint.look(['a']), { whole: true })
      t.match([family('a')!.value, family('b')!.value], [asked.length, asked.length])
    }
    t.equal(endpoint.isOwn, false)
  })

t.test('a family that is gone when it is asked for is not shown any more', async t => {
  const { endpoint, family, has } = await imitating(t, response => response.end('# TYPE a gauge\na 5\n'))
  has.gone = true
  t.match(await endpoint.look(['a', 'b']), { whole: true })
  t.equal(family('b'), undefined)
  for (let n = 0; n < 3; n++) t.match(await endpoint.look(['a']), { whole: false })
  t.match(family('a'), { value: 5 })
  t.equal(endpoint.isOwn, true)
})

for (const own of [true, false])
  t.test(`native histograms come in protobuf, from ${own ? 'postmeter' : 'others'}`, async t => {
    const registry = createRegistry({ name: `top-native-${own}`, memory: '16MiB' })
    t.teardown(() => registry.close())
    const took = registry.histogram({ name: 'took_seconds', help: 'T.', labelNames: ['to'], native: {} })
    registry.histogram({ name: 'classic_seconds', help: 'C.', buckets: [1] }).observe(1)
    const front = await serve(registry, { listen: '127.0.0.1:0', protobuf: true, selfMetrics: own })
    t.teardown(() => front.close())
    const { endpoint, model, family } = looking(front.url)
    model.openByName('took_seconds')
    took.observe({ to: 'a' }, 100)
    await endpoint.look()
    t.equal(endpoint.isOwn, own)
    t.equal(family('took_seconds')!.p50, undefined)
    for (let n = 1; n <= 100; n++) took.observe({ to: n % 2 === 0 ? 'a' : 'b' }, n / 100)
    await endpoint.look()
    const { p50, p99 } = family('took_seconds')!
    t.ok(
      Math.abs(p50! / 0.5 - 1) < 0.1 && Math.abs(p99! / 0.99 - 1) < 0.1,
      `${p50} and ${p99}, as of the last look`,
    )
    const [a] = parts(model, undefined)
    t.match(a, { name: 'to="a"', series: 1, value: 51 })
    t.ok(Math.abs(a!.p50! / 0.5 - 1) < 0.1, `${a!.p50} of one series`)
  })

t.test('an endpoint without protobuf is asked for it once', async t => {
  let protobufs = 0
  const port = await answering(t, ({ headers }, response) => {
    if (headers.accept!.includes('protobuf')) protobufs++
    const body = '# TYPE h histogram\nh_bucket{le="+Inf"} 4\nh_sum 1\nh_count 4\n'
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', connection: 'close' }).end(body)
  })
  const { endpoint, family } = looking(`http://127.0.0.1:${port}`)
  for (let n = 0; n < 3; n++) await endpoint.look()
  t.equal(protobufs, 1)
  t.match(family('h'), { value: 4, rate: 0, p50: undefined })
})

t.test('what is no exposition is said', async t => {
  let body = ''
  const port = await answering(t, (_, response) => response.writeHead(200, { connection: 'close' }).end(body))
  const { endpoint } = looking(`http://127.0.0.1:${port}/metrics`)
  for (const [text, says] of [
    ['<!doctype html>', /HTML/],
    [`\ufeff\n<!-- ${'x'.repeat(3000)} --><html>`, /HTML/],
    [`${'\n'.repeat(3000)}<html>`, /HTML/],
    ['{"a": 1}', /JSON/],
    ['\x00\x01', /binary/],
    ['Hello world', /none of its lines can be read/],
  ] as const) {
    body = text
    await t.rejects(endpoint.look(), { exit: 'foreign', message: says })
  }
  body = ''
  await endpoint.look()
  t.pass('an empty one has no series')
})

t.test('an address that is none', async t => {
  for (const [address, says] of [
    ['localhost:8000', /write http:\/\/localhost:8000/],
    ['ftp://x', /no address of an endpoint/],
    ['metrics.prom', /no address of an endpoint$/],
  ] as const)
    t.throws(() => looking(address), { exit: 'usage', message: says })
})
