/** A look that breaks off does not count: what is shown, and what the next one is compared with, is of whole looks. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { families, parts } from '../../src/cli/top/list.js'
import { Endpoint } from '../../src/cli/top/look/endpoint.js'
import { Model } from '../../src/cli/top/look/model.js'
import { createRegistry, serve } from '../../src/index.js'

const SERIES = 400
/** Each family has every second series, so that half of each is read. */
const text = (n: number) => {
  const lines = Array.from({ length: SERIES }, (_, i) => `a_total{n="${i}"} ${i + n}\n`)
  const buckets = ['1', '2', '+Inf'].map(le => `h_bucket{le="${le}"} ${n}\n`).join('')
  return `# TYPE a_total counter\n${lines.join('')}# TYPE h histogram\n${buckets}h_sum 1\nh_count ${n}\n# TYPE g gauge\ng ${n}\n`
}

type Answer = (response: ServerResponse) => void

/** Looks two seconds apart, at an endpoint that answers as the test says. */
async function looking(t: Test) {
  let answer: Answer = () => {}
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  let now = 0
  const model = new Model()
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/metrics`
  const endpoint = new Endpoint(url, { timeout: 10_000, headers: {}, now: () => now }, model)
  const look = (next: Answer) => {
    answer = next
    now += 2000
    return endpoint.look()
  }
  const figures = () =>
    families(model).map(({ name, series, value, rate, p50 }) => ({ name, series, value, rate, p50 }))
  return { model, look, figures }
}

const whole =
  (body: string): Answer =>
  response =>
    response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' }).end(body)

const half =
  (body: string, part = 0.5): Answer =>
  response => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
    response.write(body.slice(0, body.length * part), () => response.destroy())
  }

for (const part of [0.3, 0.6, 0.97])
  t.test(`what is shown is as it was, and the next look is right, after ${part} of one`, async t => {
    const { model, look, figures } = await looking(t)
    model.openByName('a_total')
    await look(whole(text(0)))
    await look(whole(text(8)))
    const [before, rows] = [figures(), parts(model, undefined)]
    t.match(before, [
      { name: 'a_total', series: SERIES, rate: SERIES * 4 },
      { name: 'h', series: 1, rate: 4, p50: 0.5 },
      { name: 'g', value: 8, rate: undefined },
    ])
    const { samples } = model
    for (let n = 0; n < 2; n++) {
      await t.rejects(look(half(text(20), part)), { exit: 'unreachable', message: /broke off/ })
      t.same(figures(), before)
      t.same(parts(model, undefined), rows)
      t.same([model.samples, model.bad], [samples, 0])
    }
    await look(whole(text(32)))
    t.match(
      figures(),
      [
        { name: 'a_total', series: SERIES, rate: SERIES * 4 },
        { rate: 4, p50: 0.5 },
        { name: 'g', value: 32 },
      ],
      'over the time since the last whole look',
    )
    t.ok(parts(model, undefined).every(({ rate }) => rate === 4))
  })

t.test('a connection that is closed amid a line has broken off, where no length was told', async t => {
  const { look, figures } = await looking(t)
  const closed =
    (body: string): Answer =>
    response =>
      response.socket!.end(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n${body}`)
  await look(closed('a_total 1000\n'))
  await t.rejects(look(closed('a_total 10')), /broke off in the midst of a line/)
  t.match(figures(), [{ name: 'a_total', value: 1000, rate: undefined }])
  await look(whole('a_total 1004'))
  t.match(figures(), [{ value: 1004, rate: 1 }], 'with its length, the last line needs no end')
})

t.test('series and families that were new in it are new in the next', async t => {
  const { look, figures } = await looking(t)
  const some = '# TYPE b_total counter\nb_total{n="1"} 5\n'
  await look(whole(some))
  await t.rejects(
    look(half(`${some}b_total{n="2"} 7\n# TYPE c_total counter\nc_total 1\n${'#\n'.repeat(500)}`, 0.9)),
  )
  t.match(figures(), [{ name: 'b_total', series: 1, value: 5 }])
  t.equal(figures().length, 1)
  await look(whole(`${some}b_total{n="2"} 9\n`))
  t.match(figures(), [{ series: 2, value: 14, rate: 0 }])
})

t.test('the first look may break off, too', async t => {
  const { look, figures } = await looking(t)
  await t.rejects(look(half(text(5))))
  t.same(figures(), [])
  await look(whole(text(5)))
  t.match(figures(), [{ series: SERIES, rate: undefined }])
})

t.test('one that has other types, and breaks off', async t => {
  const { look, figures } = await looking(t)
  await look(whole('# TYPE x gauge\nx 5\n'))
  await t.rejects(look(half(`# TYPE x counter\nx 9\n${'#\n'.repeat(500)}`, 0.9)))
  await look(whole('# TYPE x counter\nx 9\n'))
  await look(whole('# TYPE x counter\nx 11\n'))
  t.match(figures(), [{ name: 'x', value: 11, rate: 1 }])
})

t.test('one that turns out to be no exposition', async t => {
  const { look, figures } = await looking(t)
  await look(whole('# TYPE x gauge\nx 5\n'))
  await t.rejects(look(whole('hello there\n')), /none of its lines/)
  t.match(figures(), [{ name: 'x', value: 5 }])
})

t.test('what is opened amid a look is shown once there is a whole one', async t => {
  const { model, look } = await looking(t)
  const body = text(5)
  await look(response => {
    response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' })
    response.write(body.slice(0, 5000), () =>
      setImmediate(() => {
        model.openByName('a_total')
        response.end(body.slice(5000))
      }),
    )
  })
  const { length } = parts(model, undefined)
  t.ok(length === 0 || length === SERIES, `${length}`)
  await look(whole(text(6)))
  t.equal(parts(model, undefined).length, SERIES)
})

t.test('native histograms summed by a label have percentiles, each series by its own rise', async t => {
  const registry = createRegistry({ name: 'top-native-sums', memory: '16MiB' })
  t.teardown(() => registry.close())
  const took = registry.histogram({ name: 'took_seconds', help: 'T.', labelNames: ['to', 'via'], native: {} })
  const front = await serve(registry, { listen: '127.0.0.1:0', protobuf: true })
  t.teardown(() => front.close())
  const model = new Model()
  let now = 0
  const options = { timeout: 10_000, headers: {}, now: () => (now += 1000) }
  const endpoint = new Endpoint(front.url, options, model)
  model.openByName('took_seconds')
  for (const via of ['1', '2', '3']) took.observe({ to: 'a', via }, 1000)
  took.observe({ to: 'b', via: '1' }, 1000)
  await endpoint.look()
  t.match(parts(model, 'to'), [
    { name: 'a', p50: undefined },
    { name: 'b', p50: undefined },
  ])
  for (let n = 1; n <= 300; n++) took.observe({ to: 'a', via: String(1 + (n % 3)) }, n / 300)
  for (let n = 1; n <= 100; n++) took.observe({ to: 'b', via: '1' }, n)
  await endpoint.look()
  const near = (is: number | undefined, meant: number) =>
    t.ok(Math.abs(is! / meant - 1) < 0.1, `${is} is about ${meant}`)
  const [a, b] = parts(model, 'to')
  near(a!.p50, 0.5)
  near(a!.p90, 0.9)
  near(a!.p99, 0.99)
  near(b!.p50, 50)
  const [one] = parts(model, 'via')
  t.match(one, { name: '1', series: 2 })
  near(one!.p99, 98)
})
