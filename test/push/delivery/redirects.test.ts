/** Redirects: refused unless they are allowed, and never with credentials to another origin. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hasOpenssl } from '../../support/certificates.js'
import { Authority } from './authority.js'
import { bodyOf, never, post, receiver, senderTo, tlsReceiver } from './receiver.js'

t.setTimeout(60_000)

interface Seen {
  method: string
  url: string
  body: string
  headers: IncomingHttpHeaders
}

/** Redirects `/from` by `status` to `location`, and takes all else. */
async function redirecting(t: Test, status: number, location: string | undefined) {
  const seen: Seen[] = []
  const url = await receiver(t, async (request, response) => {
    const { method, url, headers } = request
    seen.push({ method: method!, url: url!, body: await bodyOf(request), headers })
    if (url !== '/from') response.end()
    else response.writeHead(status, location === undefined ? {} : { location }).end()
  })
  return { url, seen }
}

t.test('a redirect is refused, and the message says where to', async t => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { url, seen } = await redirecting(t, status, '/to?key=hunter2')
    const { sender } = senderTo(t, `${url}/from`)
    t.match(await sender.send(post(), never), {
      kind: 'refused',
      status,
      reason: 'redirect',
      why: `${url}/from: answered ${status} with Location ${url}/to, and option "redirects" is not true`,
    })
    t.equal(seen.length, 1)
  }
})

t.test('an allowed one is followed with the same method, body and headers', async t => {
  for (const status of [301, 302, 307, 308]) {
    const { url, seen } = await redirecting(t, status, '/to?a=b')
    const auth = { kind: 'bearer', token: 'hunter2' }
    const { sender } = senderTo(t, `${url}/from`, { redirects: true, auth, headers: { 'x-tenant': 'a' } })
    t.match(await sender.send(post(Buffer.from('body')), never), { kind: 'delivered', sent: 4 })
    const same = {
      method: 'POST',
      body: 'body',
      headers: { 'x-tenant': 'a', authorization: 'Bearer hunter2' },
    }
    t.match(seen, [
      { ...same, url: '/from' },
      { ...same, url: '/to?a=b' },
    ])
  }
})

t.test('another origin gets neither credentials nor headers of the program', async t => {
  const other = await redirecting(t, 200, undefined)
  const { url } = await redirecting(t, 307, `${other.url}/to`)
  const auth = { kind: 'bearer', token: 'hunter2' }
  const { sender } = senderTo(t, `${url}/from`, { redirects: true, auth, headers: { 'x-key': 'hunter3' } })
  t.match(await sender.send(post(Buffer.from('body')), never), { kind: 'delivered' })
  const [{ headers, body }] = other.seen as [Seen]
  t.equal(body, 'body')
  t.equal(headers['content-type'], 'text/plain')
  t.notMatch(JSON.stringify(headers), /hunter/)
})

t.test('some are never followed', async t => {
  for (const [status, location, why] of [
    [303, '/to', /which is not where to push/],
    [304, undefined, /answered 304 without a Location/],
    [307, undefined, /without a Location/],
    [307, 'ftp://h/x?hunter2', /with Location ftp:\/\/h\/x, which is no http: or https: url/],
    [307, 'http://me:hunter2@[/?hunter2', /with Location "http:\/\/\[\/", which is no http: or https: url/],
    [307, '/from', /after 5 redirects/],
  ] as const) {
    const { url } = await redirecting(t, status, location)
    const { sender } = senderTo(t, `${url}/from`, { redirects: true })
    const outcome = await sender.send(post(), never)
    t.match(outcome, { kind: 'refused', reason: 'redirect', status, why })
    t.notMatch((outcome as { why: string }).why, 'hunter')
  }
})

t.test('five are followed, and no sixth', async t => {
  const url = await receiver(t, ({ url }, response) => {
    const number = Number(url!.slice(1))
    if (number === 6) response.end()
    else response.writeHead(302, { location: `/${number + 1}` }).end()
  })
  t.match(await senderTo(t, `${url}/1`, { redirects: true }).sender.send(post(), never), {
    kind: 'delivered',
  })
  t.match(await senderTo(t, `${url}/0`, { redirects: true }).sender.send(post(), never), {
    kind: 'refused',
    why: `${url}/0: answered 302 with Location ${url}/6 after 5 redirects`,
  })
})

t.test('a body that can be read once cannot follow', async t => {
  const { url } = await redirecting(t, 307, '/to')
  const { sender } = senderTo(t, `${url}/from`, { redirects: true })
  const once = (async function* () {
    yield Buffer.from('x')
  })()
  t.match(await sender.send(post(once), never), { kind: 'refused', reason: 'body' })
})

t.test('https', { skip: !hasOpenssl && 'no openssl' }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const authority = new Authority(folder)
  const server = authority.pair('server', 'IP:127.0.0.1')
  const read = { cert: readFileSync(server.cert), key: readFileSync(server.key) }
  const plain = await receiver(t, (_request, response) => void response.end())
  const shown: unknown[] = []
  const options = { ...read, requestCert: true, rejectUnauthorized: false }
  const other = await tlsReceiver(t, options, ({ socket }, response) => {
    shown.push((socket as import('node:tls').TLSSocket).getPeerCertificate().subject)
    response.end()
  })
  const from = await tlsReceiver(t, options, ({ url, socket }, response) => {
    shown.push((socket as import('node:tls').TLSSocket).getPeerCertificate().subject?.CN)
    response.writeHead(308, { location: `${url === '/down' ? plain : other}/to` }).end()
  })
  const tls = { ca: authority.cert, ...authority.pair('me', 'DNS:me.example') }
  const { sender } = senderTo(t, from, { redirects: true, tls })
  t.match(await sender.send(post(undefined, { path: '/down' }), never), {
    kind: 'refused',
    why: `${from}/: answered 308 with Location ${plain}/to, which would leave https:`,
  })
  t.match(await sender.send(post(), never), { kind: 'delivered' })
  t.same(shown, ['me', 'me', undefined], 'and another origin does not see the certificate of this program')
})
