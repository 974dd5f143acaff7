/** Addresses with a user and a password: they are sent to whom they are for, and shown to nobody. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { shownOf } from '../../src/cli/source/address.js'
import { type FetchOptions, fetchBody } from '../../src/cli/source/fetch.js'
import { sourceOf } from '../../src/cli/source/source.js'
import { Endpoint } from '../../src/cli/top/look/endpoint.js'
import { Model } from '../../src/cli/top/look/model.js'

const OPTIONS: FetchOptions = { format: undefined, timeout: 10_000, headers: {} }
const basic = (user: string) => `Basic ${Buffer.from(user).toString('base64')}`

async function listening(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The authorization that each request had. */
async function asking(t: Test, listener: RequestListener = (_, response) => response.end('a 1\n')) {
  const had: (string | undefined)[] = []
  const port = await listening(t, (request, response) => {
    had.push(request.headers.authorization)
    response.setHeader('connection', 'close').setHeader('content-type', 'text/plain')
    listener(request, response)
  })
  return { had, port }
}

t.test('user and password of an address are sent as basic authorization', async t => {
  for (const [user, meant] of [
    ['me:secret', 'me:secret'],
    ['me', 'me:'],
    [':secret', ':secret'],
    ['m%40e:p%3A%2f%C3%A9', 'm@e:p:/é'],
    ['me:50%', 'me:50%'],
  ] as const) {
    const { had, port } = await asking(t)
    await text((await fetchBody(`http://${user}@127.0.0.1:${port}`, OPTIONS)).chunks)
    t.same(had, [basic(meant)], user)
  }
})

t.test('a header says it more exactly', async t => {
  const { had, port } = await asking(t)
  const options = { ...OPTIONS, headers: { authorization: 'Bearer x' } }
  await text((await fetchBody(`http://me:secret@127.0.0.1:${port}/`, options)).chunks)
  t.same(had, ['Bearer x'])
})

t.test('whoever is redirected to gets them on the same host alone', async t => {
  const elsewhere = await asking(t)
  const { had, port } = await asking(t, ({ url }, response) => {
    const next = { '/metrics': `http://127.0.0.1:${port}/again`, '/again': '/away' }[url!]
    response.writeHead(302, { location: next ?? `http://localhost:${elsewhere.port}/` }).end()
  })
  await text((await fetchBody(`http://me:secret@127.0.0.1:${port}`, OPTIONS)).chunks)
  t.same(
    had,
    Array.from({ length: 3 }, () => basic('me:secret')),
  )
  t.same(elsewhere.had, [undefined])
})

t.test('a redirect may bring its own', async t => {
  const { had, port } = await asking(t)
  const from = await asking(t, (_, response) =>
    response.writeHead(302, { location: `http://you:too@localhost:${port}/` }).end(),
  )
  await text((await fetchBody(`http://me:secret@127.0.0.1:${from.port}`, OPTIONS)).chunks)
  t.same(had, [basic('you:too')])
})

t.test('what is shown has neither', async t => {
  for (const [address, shown] of [
    ['http://me:secret@h:1/metrics?a=b@c', 'http://h:1/metrics?a=b@c'],
    ['HTTPS://me:s@cret@h', 'HTTPS://h'],
    ['http://token@h', 'http://h'],
    ['http://h/x@y', 'http://h/x@y'],
    ['http://me:secret/@h:99999', 'http://h:99999'],
    ['ftp://me:secret@h', 'ftp://h'],
    ['unix:///run/a@b.sock', 'unix:///run/a@b.sock'],
  ] as const)
    t.equal(shownOf(address), shown, address)
})

t.test('no message, and no source of a report, has the password', async t => {
  const failing = await listening(t, (_, response) =>
    response.writeHead(500, { connection: 'close' }).end('no'),
  )
  const broken = await listening(t, (_, response) => {
    response
      .writeHead(200, { 'content-length': 100, 'content-type': 'text/plain' })
      .write('a 1\n', () => response.destroy())
  })
  const redirecting = await listening(t, (_, response) =>
    response.writeHead(302, { location: 'ftp://me:secret@h/', connection: 'close' }).end(),
  )
  for (const host of [
    `127.0.0.1:${failing}`,
    `127.0.0.1:${broken}`,
    `127.0.0.1:${redirecting}`,
    'host.invalid',
  ]) {
    const address = `http://me:secret@${host}/`
    const source = sourceOf(address, OPTIONS)
    const endpoint = new Endpoint(address, { ...OPTIONS, now: () => 0 }, new Model())
    t.same([source.shown, endpoint.shown], [`http://${host}/`, `http://${host}/`])
    const read = async () => text((await source.open()).chunks)
    // One behind the other: a rejection must not come before somebody waits for it.
    for (const look of [read, () => endpoint.look()]) {
      const error = await look().then<Error, Error>(
        () => new Error('none'),
        (error: Error) => error,
      )
      t.match(error.message, host === `127.0.0.1:${redirecting}` ? 'redirects to ftp://h/' : host)
      t.notMatch(error.message, 'secret')
    }
  }
  const addresses = [
    'http://me:secret@h:99999',
    'http://me:sec/ret@h:99999',
    'ftp://me:secret@h',
    'me:secret@h:9090',
  ]
  for (const wrong of addresses)
    t.throws(() => new Endpoint(wrong, { ...OPTIONS, now: () => 0 }, new Model()), {
      message: /^(?:http:\/\/h:99999 is no URL|(?:ftp:\/\/h|h:9090) is no address)/,
    })
})
