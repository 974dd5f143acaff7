/** Another site's DNS can give its name this address. A browser that uses that name sends it in the Host header. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { AllowedHosts } from '../../src/front/request/allowed-hosts.js'
import { choose } from '../../src/front/transports/choose.js'
import { metricsHandler, serve } from '../../src/index.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(60_000)

t.test('which hosts are allowed', async t => {
  const entries = [
    'metrics.example',
    'Other.Example.',
    'münchen.example',
    'with-port:8000',
    '10.0.0.1',
    '::1',
  ]
  const more = ['[2001:db8::1]', '[2001:db8::2]:9000', 'under_score']
  const allowed = new AllowedHosts([...entries, ...more])
  const rows: [host: string, allowed: boolean][] = [
    ['metrics.example', true],
    ['metrics.example:8000', true],
    ['metrics.example:', true],
    ['METRICS.example', true],
    ['metrics.example.', true],
    ['metrics.example.:8000', true],
    ['other.example', true],
    ['xn--mnchen-3ya.example', true],
    ['with-port:8000', true],
    ['with-port', false],
    ['with-port:8001', false],
    ['with-port:08000', true],
    ['10.0.0.1:9', true],
    ['[::1]', true],
    ['[::1]:8000', true],
    ['[0:0:0:0:0:0:0:1]', true],
    ['[2001:DB8::1]:1', true],
    ['[2001:db8::2]:9000', true],
    ['[2001:db8::2]', false],
    ['under_score', true],
    ['evil.example', false],
    ['metrics.example.evil.example', false],
    ['evil.metrics.example', false],
    ['evilmetrics.example', false],
    ['metrics.example@evil.example', false],
    ['metrics.example, evil.example', false],
    ['metrics.example evil.example', false],
    ['metrics.example:8000:8000', false],
    ['metrics.example:x', false],
    ['metrics.example..', false],
    ['metrics.example/', false],
    [' metrics.example', false],
    ['10.0.0.2', false],
    ['10.1', false],
    ['0x0a.0.0.1', false],
    ['167772161', false],
    ['[::ffff:10.0.0.1]', false],
    ['::1', false],
    ['[::1', false],
    ['', false],
    [':8000', false],
  ]
  for (const [host, expected] of rows) t.equal(allowed.has(host), expected, host)
  t.equal(new AllowedHosts([]).has('localhost'), false)
})

t.test('entries that are refused, with option and entry', async t => {
  const { registry } = fresh(t)
  const bad: unknown[] = [
    '',
    ' ',
    '*',
    '*.example',
    '.example',
    'a..b',
    'http://a',
    'a/',
    'a:',
    'a:x',
    'a:65536',
    'a b',
  ]
  for (const entry of [
    ...bad,
    '[::1',
    '[::1]x',
    '[1.2.3.4]',
    'fe80::1%eth0',
    '[fe80::1%eth0]',
    'a@b',
    5,
    null,
  ]) {
    const message = /^option "allowedHosts": .* is not a host such as "metrics.example"/
    t.throws(() => new AllowedHosts([entry] as string[]), { message }, JSON.stringify(entry))
    await t.rejects(serve(registry, { allowedHosts: ['ok', entry] as string[] }), { message })
    t.throws(() => metricsHandler(registry, { allowedHosts: [entry] as string[] }), { message })
  }
  for (const list of ['metrics.example', 5, null, {}]) {
    const allowedHosts = list as unknown as string[]
    t.throws(() => metricsHandler(registry, { allowedHosts }), {
      name: 'TypeError',
      message: /^option "allowedHosts": .* is not a list of host names/,
    })
  }
})

const choice = choose()
for (const transport of ['http', 'uws'] as const) {
  const skip = transport === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`through ${transport}`, { skip }, async t => {
    const { registry } = fresh(t)
    registry.counter({ name: 'a_total', help: 'a' }).inc()
    const allowedHosts = ['metrics.example', '127.0.0.1']
    const events: string[] = []
    const front = await serve(registry, {
      listen: '127.0.0.1:0',
      transport,
      allowedHosts,
      log: ({ code }) => events.push(code),
    })
    const raw = await Raw.open(front.address.port)
    const ask = (host: string, path = '/metrics') =>
      raw.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).answer()
    for (const host of ['metrics.example', 'metrics.example:8000', `127.0.0.1:${front.address.port}`])
      t.equal((await ask(host)).status, 200, host)
    for (const path of ['/metrics', '/metrics.json', '/', '/x']) {
      const { status, headers, body } = await ask('evil.example:8000', path)
      t.equal(status, 403, path)
      t.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
      t.equal(body.toString(), 'host "evil.example:8000" is none of those in option "allowedHosts"\n')
    }
    t.equal((await ask('metrics.example', '/x')).status, 404)
    await until(
      'they are counted',
      () => registry.value('postmeter_requests_denied_total', { reason: 'host' }) === 4,
    )
    await until('it is said once', () => events.includes('denied-host'))
    t.equal(events.filter(code => code === 'denied-host').length, 1)
    await front.setTrustedHosts([])
    t.match(
      (await ask('evil.example')).body.toString(),
      /^peer 127\.0\.0\.1 may not read/,
      'who asks comes first',
    )
    raw.close()
    await front.close()

    const open = await serve(registry, { listen: '127.0.0.1:0', transport })
    const other = await Raw.open(open.address.port)
    t.equal((await other.send(get('/metrics')).answer()).status, 200, 'any host, unless it is asked for')
    other.close()
    await open.close()
  })
}

/** The status that these bytes get. */
async function statusOf(to: { port: number } | { path: string }, bytes: string): Promise<number> {
  const socket = connect({ host: '127.0.0.1', ...to })
  socket.write(bytes)
  const [head] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(head.toString('latin1'))?.[1])
}

t.test('over node:http alone', async t => {
  const { registry } = fresh(t)
  const handler = metricsHandler(registry, { allowedHosts: ['metrics.example'], log: () => {} })
  const server = createServer({ requireHostHeader: false }, handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const at = { port: (server.address() as AddressInfo).port }
  const rows: [what: string, bytes: string, status: number][] = [
    ['HTTP/1.0 without a Host, as no browser asks', 'GET /metrics HTTP/1.0\r\n\r\n', 200],
    ['HTTP/1.0 with another one', 'GET /metrics HTTP/1.0\r\nHost: evil.example\r\n\r\n', 403],
    ['an empty one', 'GET /metrics HTTP/1.1\r\nHost:\r\n\r\n', 403],
    ['two', 'GET /metrics HTTP/1.1\r\nHost: metrics.example\r\nHost: evil.example\r\n\r\n', 400],
    // RFC 9112, 3.2.2: the target's host is the one that counts.
    ['absolute form', 'GET http://metrics.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n', 200],
    [
      'absolute form of another',
      'GET http://evil.example/metrics HTTP/1.1\r\nHost: metrics.example\r\n\r\n',
      403,
    ],
    ['a forwarded one', `${get('/metrics', 'X-Forwarded-Host: metrics.example')}`, 403],
  ]
  for (const [what, bytes, status] of rows) t.equal(await statusOf(at, bytes), status, what)
})

t.test('on a Unix socket, too, where it was asked for', async t => {
  const { registry } = fresh(t)
  const path = join(tmpdir(), `postmeter-hosts-${process.pid}.sock`)
  const front = await serve(registry, { listen: `unix:${path}`, allowedHosts: ['localhost'], log: () => {} })
  t.equal(await statusOf({ path }, 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'), 200)
  t.equal(await statusOf({ path }, 'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n'), 403)
  await front.close()
})
