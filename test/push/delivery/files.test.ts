/** Files of credentials and of TLS, which others replace while pushes go on. */
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Server as TlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { hasOpenssl } from '../../support/certificates.js'
import { until } from '../../support/until.js'
import { Authority } from './authority.js'
import { type Kit, listening, never, post, receiver, senderTo } from './receiver.js'

t.setTimeout(60_000)

const codes = ({ events }: Kit) => events.splice(0).map(({ code }) => code)

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('a token is read again when its file changes, and kept when it is broken', async t => {
  const file = join(folderOf(t), 'token')
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  replace('one\n')
  const seen: unknown[] = []
  const url = await receiver(t, ({ headers }, response) => {
    seen.push(headers.authorization)
    response.end()
  })
  const kit = senderTo(t, url, { auth: { kind: 'bearer', tokenFile: file } })
  const push = () => kit.sender.send(post(), never)
  await push()
  replace('two\n')
  await push()
  t.same(seen.splice(0), ['Bearer one', 'Bearer two'])
  t.same(codes(kit), [])
  for (const broken of ['', '\n', 'three\nlines', 'ümlaut \u{1f600}']) {
    replace(broken)
    t.match(await push(), { kind: 'delivered' })
  }
  rmSync(file)
  await push()
  t.same(seen.splice(0), Array(5).fill('Bearer two'))
  t.notMatch(kit.events[0]!.message, /three|two/)
  t.match(kit.events[0]!.message, 'option "auth": what it had before stays in use: ')
  t.same(codes(kit), ['push-file-not-read'], 'said once')
  replace('four')
  await push()
  t.same(seen, ['Bearer four'])
  t.same(codes(kit), ['push-file-read'])
})

t.test('a password is read again where a link is moved to another folder, as Kubernetes does', async t => {
  const folder = folderOf(t)
  const link = join(folder, 'password')
  const point = (name: string) => {
    writeFileSync(join(folder, name), name)
    symlinkSync(join(folder, name), `${link}.new`)
    renameSync(`${link}.new`, link)
  }
  point('old')
  const seen: string[] = []
  const url = await receiver(t, ({ headers }, response) => {
    seen.push(Buffer.from(headers.authorization!.replace('Basic ', ''), 'base64').toString())
    response.end()
  })
  const { sender } = senderTo(t, url, { auth: { kind: 'basic', username: 'me', passwordFile: link } })
  await sender.send(post(), never)
  point('new')
  await sender.send(post(), never)
  t.same(seen, ['me:old', 'me:new'])
})

t.test('a file that is gone before the thread reads it: nothing is sent until it is there', async t => {
  const file = join(folderOf(t), 'token')
  writeFileSync(file, 'one')
  let requests = 0
  const url = await receiver(t, (_request, response) => {
    requests++
    response.end()
  })
  const kit = senderTo(t, url, { auth: { kind: 'bearer', tokenFile: file } })
  rmSync(file)
  t.match(await kit.sender.send(post(), never), {
    kind: 'later',
    reason: 'auth',
    why: /option "auth" cannot be read/,
  })
  t.equal(requests, 0)
  t.same(codes(kit), ['push-file-not-read'])
  writeFileSync(file, 'one')
  t.match(await kit.sender.send(post(), never), { kind: 'delivered' })
})

t.test('TLS', { skip: !hasOpenssl && 'no openssl' }, async t => {
  const folder = folderOf(t)
  const authority = new Authority(folder)
  const read = ({ cert, key }: { cert: string; key: string }) => ({
    cert: readFileSync(cert),
    key: readFileSync(key),
  })

  /** A server that wants a certificate; says whose it saw. */
  async function serving(t: Test, names: string, shows: Authority = authority) {
    const seen: { peer: string | undefined; connection: number }[] = []
    const connections = new Set<TLSSocket>()
    const closed: number[] = []
    /** Answers that wait. */
    const held: (() => void)[] = []
    const server = new TlsServer({
      ...read(shows.pair('server', names)),
      ca: readFileSync(authority.cert),
      requestCert: true,
      rejectUnauthorized: false,
    })
    server.on('tlsClientError', () => {})
    server.on('request', ({ socket, url }: { socket: TLSSocket; url: string }, response) => {
      if (!connections.has(socket))
        socket.once('close', () => closed.push([...connections].indexOf(socket) + 1))
      connections.add(socket)
      const { subject } = socket.getPeerCertificate()
      seen.push({ peer: subject?.CN as string | undefined, connection: [...connections].indexOf(socket) + 1 })
      if (url === '/held') held.push(() => response.end())
      else response.end()
    })
    return { url: `https://127.0.0.1:${await listening(t, server)}`, seen, closed, held }
  }

  t.test('a receiver is trusted by option "ca", and by its name', async t => {
    const { url } = await serving(t, 'DNS:metrics.example,IP:127.0.0.1')
    const elsewhere = await serving(t, 'DNS:metrics.example')
    const send = async (url: string, tls: object | undefined) =>
      senderTo(t, url, { tls }).sender.send(post(), never)
    const ca = authority.cert
    t.match(await send(url, { ca }), { kind: 'delivered' })
    t.match(await send(elsewhere.url, { ca, serverName: 'metrics.example' }), { kind: 'delivered' })
    t.match(await send(elsewhere.url, { ca }), { kind: 'later', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    t.match(await send(elsewhere.url, { ca, serverName: 'other.example' }), {
      kind: 'later',
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    const untrusted = /^(UNABLE_TO|SELF_SIGNED)/
    t.match(
      await send(url, undefined),
      { kind: 'later', reason: untrusted },
      'Node does not know the authority',
    )
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    t.teardown(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    })
    t.match(await send(url, undefined), { kind: 'later', reason: untrusted }, 'which no environment changes')
  })

  t.test('http where https is spoken, and the other way round', async t => {
    const { url } = await serving(t, 'IP:127.0.0.1')
    const plain = await receiver(t, (_request, response) => void response.end())
    t.match(await senderTo(t, url.replace('https', 'http')).sender.send(post(), never), { kind: 'later' })
    t.match(await senderTo(t, plain.replace('http', 'https')).sender.send(post(), never), {
      kind: 'later',
      reason: /^(EPROTO|ERR_SSL_)/,
    })
  })

  t.test('a certificate that is renewed is shown from the next push on', async t => {
    const { url, seen, closed, held } = await serving(t, 'IP:127.0.0.1')
    const [cert, key] = [join(folder, 'client.crt'), join(folder, 'client.key')]
    const first = authority.pair('first', 'DNS:first.example')
    const second = authority.pair('second', 'DNS:second.example')
    copyFileSync(first.cert, cert)
    copyFileSync(first.key, key)
    const kit = senderTo(t, url, { tls: { ca: authority.cert, cert, key } })
    const push = async () => (await kit.sender.send(post(), never)).kind
    t.same([await push(), await push()], ['delivered', 'delivered'])
    t.same(seen.splice(0), Array(2).fill({ peer: 'first', connection: 1 }))
    copyFileSync(second.cert, cert)
    t.same([await push(), await push()], ['delivered', 'delivered'], 'half replaced: the old pair stays')
    t.same(seen.splice(0), Array(2).fill({ peer: 'first', connection: 1 }))
    t.match(
      kit.events[0]!.message,
      /^option "tls": what it had before stays in use: .*client.crt cannot be used: /,
    )
    t.same(codes(kit), ['push-file-not-read'], 'which is said once')
    const holding = kit.sender.send(post(undefined, { path: '/held' }), never)
    await until('it has come', () => held.length === 1)
    t.same([await push()], ['delivered'])
    t.same(seen.splice(0).pop(), { peer: 'first', connection: 2 })
    copyFileSync(second.key, key)
    t.equal(await push(), 'delivered')
    t.same(seen.splice(0), [{ peer: 'second', connection: 3 }])
    await until('the one that is idle is closed', () => closed.length === 1)
    held[0]!()
    t.match(await holding, { kind: 'delivered' }, 'a push that is under way goes on')
    await until('and then its connection is closed', () => closed.length === 2)
    t.same(closed.splice(0), [2, 1])
    t.same(codes(kit), ['push-file-read'])
    rmSync(cert)
    t.equal(await push(), 'delivered', 'and it stays when its file is gone')
    t.same(seen.splice(0), [{ peer: 'second', connection: 3 }])
  })

  t.test('an authority that is replaced is no longer trusted', async t => {
    const { url } = await serving(t, 'IP:127.0.0.1')
    const ca = join(folder, 'ca.pem')
    copyFileSync(authority.cert, ca)
    const { sender } = senderTo(t, url, { tls: { ca } })
    t.match(await sender.send(post(), never), { kind: 'delivered' })
    copyFileSync(new Authority(folder, 'another').cert, ca)
    t.match(await sender.send(post(), never), { kind: 'later', reason: /^(UNABLE_TO|SELF_SIGNED)/ })
  })
})
