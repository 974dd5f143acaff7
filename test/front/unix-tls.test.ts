import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import type { Denial } from '../../src/front/request/request.js'
import { NO_RECORDER, type Recorder } from '../../src/front/scrapes/recorder.js'
import { serveWith } from '../../src/front/serve.js'
import { parseListen } from '../../src/front/transports/listen.js'
import { listenHttp } from '../../src/front/transports/transport-http.js'
import { listenUnix } from '../../src/front/transports/unix-socket.js'
import { FakeRegistry, scraperModule } from '../fixtures/front-registry.js'
import { handlerFor } from '../fixtures/front-request-handler.js'
import { hasOpenssl, makePair } from '../support/certificates.js'
import { until } from './raw.js'

t.setTimeout(60_000)

const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const serve = (plan: object, options: object) =>
  serveWith(new FakeRegistry(plan), options, { scraperModule, backoff: [10, 50] })

function ask(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, async response => {
      let body = ''
      for await (const part of response) body += part
      resolve({ status: response.statusCode!, body })
    })
      .on('error', reject)
      .end()
  })
}

t.test('a Unix socket, with its file as the gate', async t => {
  const path = join(dir, 'metrics.sock')
  const front = await serve({ small: 'b' }, { listen: `unix:${path}`, socketMode: 0o640, trustedHosts: [] })
  t.same(front.address, { address: path, port: 0, family: 'unix' })
  t.equal(front.url, `unix:${path}:/metrics`)
  t.equal(front.transport, 'http')
  t.equal(statSync(path).mode & 0o777, 0o640)
  t.same(await ask(path, '/metrics?prefix=p_'), { status: 200, body: 'text p_ b' })
  t.equal((await ask(path, '/x')).status, 404)
  await t.rejects(serve({}, { listen: `unix:${path}` }), {
    code: 'EADDRINUSE',
    message: new RegExp(
      `^option "listen": "unix:${path}" cannot be used: the socket is in use, .*\\(listen EADDRINUSE\\)$`,
    ),
  })
  t.equal((await ask(path, '/metrics')).status, 200, 'and the first goes on')
  await front.close()
  t.same(readdirSync(dir), [], 'nothing is left behind')
})

t.test('a socket that a process left behind is taken, another file is not', async t => {
  const path = join(dir, 'left.sock')
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen('${path}', () => console.log(1))`,
  ])
  await once(child.stdout, 'data')
  // It is killed, and leaves its file.
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.ok(statSync(path).isSocket())
  const front = await serve({ small: 'b' }, { listen: `unix:${path}` })
  t.equal((await ask(path, '/metrics')).status, 200)
  await front.close()
  writeFileSync(path, 'mine')
  await t.rejects(serve({}, { listen: `unix:${path}` }), { code: 'EEXIST' })
  t.equal(readFileSync(path, 'utf8'), 'mine')
  await t.rejects(serve({}, { listen: `unix:${join(dir, 'no', 'such')}` }), { code: 'ENOENT' })
})

for (const before of ['nothing', 'a socket left behind', 'a link to one'] as const) {
  t.test(`of several that find ${before} there at once, one gets the address`, async t => {
    const folder = mkdtempSync(join(dir, 'several-'))
    const path = join(folder, 'wanted.sock')
    for (let round = 0; round < 10; round++) {
      if (before !== 'nothing') {
        const left = before === 'a link to one' ? join(folder, 'elsewhere.sock') : path
        await leave(left)
        if (left !== path) symlinkSync('elsewhere.sock', path)
      }
      const servers = Array.from({ length: 5 }, () =>
        createServer(socket => socket.on('error', () => {}).destroy()),
      )
      const asked = await Promise.allSettled(servers.map(server => listenUnix(server, path, 0o660)))
      const refused = asked.filter(one => one.status === 'rejected')
      t.equal(refused.length, 4)
      for (const { reason } of refused) t.equal(reason.code, 'EADDRINUSE')
      const got = asked.findIndex(({ status }) => status === 'fulfilled')
      const socket = createConnection(path)
      await once(socket, 'connect')
      socket.destroy()
      t.ok(lstatSync(path).isSocket())
      const [result, server] = [asked[got]!, servers[got]!]
      if (result.status === 'fulfilled') result.value.unlink()
      server.close()
      await once(server, 'close')
      rmSync(join(folder, 'elsewhere.sock'), { force: true })
      t.same(readdirSync(folder), [], 'nothing is left behind')
    }
    rmSync(folder, { recursive: true })
  })
}

/** Has something happen in the very moment before a file is moved the next time. */
function beforeMove(happens: () => void): void {
  const { renameSync } = fs
  const use = (which: typeof renameSync) => {
    fs.renameSync = which
    syncBuiltinESMExports()
  }
  use((...args) => {
    use(renameSync)
    happens()
    renameSync(...args)
  })
}

t.test('another process may take away the file that was left behind, a moment before', async t => {
  const path = join(mkdtempSync(join(dir, 'moment-')), 'wanted.sock')
  await leave(path)
  beforeMove(() => rmSync(path))
  const server = createServer(socket => socket.destroy())
  const file = await listenUnix(server, path, 0o660)
  t.equal(file.inPlace(), true)

  // And it may put its own there: which is moved, and put back.
  const late = createServer()
  rmSync(path)
  t.equal(file.inPlace(), false)
  await leave(path)
  const live = createServer(socket => socket.destroy())
  live.listen(`${path}-live`)
  await once(live, 'listening')
  beforeMove(() => {
    rmSync(path)
    linkSync(`${path}-live`, path)
  })
  await t.rejects(listenUnix(late, path, 0o660), { code: 'EADDRINUSE' })
  t.equal(statSync(path).ino, statSync(`${path}-live`).ino)
  for (const one of [server, live]) await new Promise(resolve => one.close(resolve))
})

/** A socket's file that nobody listens on. */
async function leave(path: string): Promise<void> {
  const server = createServer()
  server.listen(`${path}-`)
  await once(server, 'listening')
  linkSync(`${path}-`, path)
  server.close()
  await once(server, 'close')
}

t.test(
  'a socket is not taken from who listens on it, though its queue is full',
  { skip: process.platform === 'linux' ? false : 'only Linux says that a queue is full' },
  async t => {
    const path = join(dir, 'full.sock')
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen({ path: '${path}', backlog: 1 }, () => {
        require('fs').writeSync(1, 'listening')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`,
    ])
    await once(child.stdout, 'data')
    const waiting: Socket[] = []
    for (let full = false; !full; ) {
      const socket = createConnection(path)
      waiting.push(socket)
      full = await once(socket, 'connect').then(
        () => false,
        ({ code }) => code === 'EAGAIN',
      )
    }
    await t.rejects(serve({}, { listen: `unix:${path}` }), { code: 'EADDRINUSE' })
    for (const socket of waiting) socket.destroy()
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(path)
  },
)

t.test("a front that ends leaves another's socket in its place", async t => {
  const path = join(dir, 'moved.sock')
  const first = await serve({ small: 'b' }, { listen: `unix:${path}` })
  rmSync(path)
  const second = await serve({ small: 'b' }, { listen: `unix:${path}` })
  await first.close()
  t.equal((await ask(path, '/metrics')).status, 200)
  await second.close()
})

t.test('it comes back on its socket after a failure', async t => {
  const path = join(dir, 'again.sock')
  const codes: string[] = []
  const front = await serve(
    { small: 'b', crashOn: 'crash' },
    { listen: `unix:${path}`, log: ({ code }: { code: string }) => codes.push(code) },
  )
  await ask(path, '/metrics?prefix=crash').catch(() => {})
  await until('it is back', () => codes.includes('front-restarted'))
  t.equal((await ask(path, '/metrics')).status, 200)
  await front.close()
})

t.test('paths that are none', async t => {
  for (const listen of ['unix:', 'unix:metrics.sock', 'unix:/a\0b'])
    await t.rejects(serve({}, { listen }), { message: /^option "listen": .*Unix socket/ }, listen)
  await t.rejects(serve({}, { listen: 'unix:/x', socketMode: 0o1777 }), { message: /^option "socketMode"/ })
  await t.rejects(serve({}, { listen: 'unix:/x', transport: 'uws' }), {
    message: /^option "transport": "uws" is impossible/,
  })
})

t.test('a path as long as the system takes, and not a byte more', async t => {
  // What is taken by the shortest limit there is; bytes are counted, not characters.
  for (const [limit, platform] of [
    [103, 'darwin'],
    [103, 'freebsd'],
    [107, 'linux'],
  ] as const) {
    const path = (bytes: number) => `/${'é'.repeat(20)}/`.padEnd(bytes - 20, 'x')
    t.equal(parseListen(`unix:${path(limit)}`, platform).address, path(limit))
    for (const bytes of [limit + 1, limit + 4, limit + 50]) {
      t.throws(() => parseListen(`unix:${path(bytes)}`, platform), {
        name: 'RangeError',
        message: new RegExp(`^option "listen": "unix:/é.* has ${bytes} bytes, and can have ${limit} at most`),
      })
    }
  }
})

t.test('a socket whose path is as long as can be', async t => {
  const limit = process.platform === 'linux' ? 107 : 103
  for (const name of ['a-long-name.sock', 'm.sock', 'a']) {
    const folder = join(dir, 'y'.repeat(limit - dir.length - name.length - 2))
    mkdirSync(folder)
    const path = join(folder, name)
    t.equal(path.length, limit)
    const front = await serve({ small: 'b' }, { listen: `unix:${path}` })
    t.same(readdirSync(folder), [name], 'it is there, and nothing else')
    t.equal((await ask(path, '/metrics')).status, 200)
    await front.close()
    t.same(readdirSync(folder), [])
    await t.rejects(serve({}, { listen: `unix:${path}x` }), {
      name: 'RangeError',
      message: /^option "listen": /,
    })
    t.same(readdirSync(folder), [])
    rmSync(folder, { recursive: true })
  }
  t.ok(
    readdirSync(dir).every(name => !name.startsWith('y')),
    'nor elsewhere',
  )
})

async function subject(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

t.test(
  'TLS, with a certificate that is renewed while it serves',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const first = makePair(t, 'first')
    const second = makePair(t, 'second')
    const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
    copyFileSync(first.cert, cert)
    copyFileSync(first.key, key)
    const codes: string[] = []
    const front = await serve(
      { small: 'b' },
      { listen: '127.0.0.1:0', tls: { cert, key }, log: ({ code }: { code: string }) => codes.push(code) },
    )
    const { port } = front.address
    t.equal(front.url, `https://127.0.0.1:${port}/metrics`)
    t.equal(await subject(port), 'first')
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.write('GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n')
    let answer = ''
    for await (const part of socket) answer += part
    t.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*text {2}b$/)

    // One file after the other, as it is done: in between they do not belong together.
    copyFileSync(second.cert, cert)
    await until('it kept the old one', () => codes.includes('tls-not-reloaded'))
    t.equal(await subject(port), 'first')
    copyFileSync(second.key, key)
    await until('it took the new one', () => codes.includes('tls-reloaded'))
    t.equal(await subject(port), 'second')
    await front.close()

    writeFileSync(key, 'nothing')
    await t.rejects(serve({}, { listen: '127.0.0.1:0', tls: { cert, key } }), {
      message: /^option "tls": .*cannot be used/,
    })
    await t.rejects(serve({}, { tls: { cert } }), { message: /^option "tls": .*two files/ })
    await t.rejects(serve({}, { tls: { cert, key, ca: 'x' } }), { message: /option "ca" is not known/ })
  },
)

t.test(
  'a scrape that fails midway ends a reader of HTTP/1.0 over TLS, not the front',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const codes: string[] = []
    const front = await serve(
      { chunks: 10, chunkBytes: 100_000, failAt: 4 },
      {
        listen: '127.0.0.1:0',
        tls: makePair(t, 'fails'),
        log: ({ code }: { code: string }) => codes.push(code),
      },
    )
    const open = () =>
      connect({ port: front.address.port, host: '127.0.0.1', rejectUnauthorized: false }).on(
        'error',
        () => {},
      )
    const other = open()
    await once(other, 'secureConnect')
    const socket = open().resume()
    socket.write('GET /metrics HTTP/1.0\r\n\r\n')
    await once(socket, 'close')
    other.write('GET /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n')
    let answer = ''
    for await (const part of other) answer += part
    t.match(answer, /^HTTP\/1\.1 404 /, 'another connection goes on')
    await until('it was said', () => codes.includes('scrape-failed'))
    t.same(
      codes.filter(code => code !== 'denied-path'),
      ['front-transport', 'scrape-failed'],
    )
    await front.close()
  },
)

t.test(
  'a client that does not go on with its TLS handshake does not hold up the end',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const front = await serve({ small: 'b' }, { listen: '127.0.0.1:0', tls: makePair(t, 'silent') })
    const silent = createConnection(front.address.port, '127.0.0.1')
    await once(silent, 'connect')
    // Another one has been served, so that the front knows of both.
    t.equal(await subject(front.address.port), 'silent')
    const begun = performance.now()
    await front.close()
    t.ok(performance.now() - begun < 8000, 'sooner than a handshake may take')
    silent.destroy()
  },
)

t.test(
  'a TLS handshake that is not done in its time is ended, however it is delayed',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const denied: Denial[] = []
    const recorder: Recorder = { ...NO_RECORDER, denied: reason => denied.push(reason) }
    const { handler, transport: settings } = handlerFor({ small: 'b' }, { recorder })
    const tls = makePair(t, 'late')
    const transport = await listenHttp({ ...settings, tls, log: () => {}, handshakeTimeout: 2000 })
    t.teardown(() => transport.close(0))
    const { port } = transport.address

    const inTime = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    inTime.write('GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n')
    await once(inTime, 'data')
    const late: [how: string, first: string, more: string][] = [
      ['without a byte', '', ''],
      ['after one', '\x16', ''],
      ['in the middle of the first message', '\x16\x03\x01\x02\x00\x01\x00', ''],
      ['byte by byte', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'r'],
    ]
    const dripping: NodeJS.Timeout[] = []
    const ended = late.map(async ([, first, more]) => {
      const socket = createConnection(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.resume().write(first, 'latin1')
      if (more !== '') dripping.push(setInterval(() => socket.write(more), 50))
      await once(socket, 'close')
    })
    await until('all are counted from the start', () => handler.connections.open === 1 + late.length)
    await Promise.all(ended)
    for (const timer of dripping) clearInterval(timer)
    await until('and counted out', () => handler.connections.open === 1)
    t.same(denied, ['slow', 'slow', 'slow', 'slow'])

    inTime.write('GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n')
    let answer = ''
    for await (const part of inTime) answer += part
    t.match(answer, /^HTTP\/1\.1 200 OK/, 'who was in time is served when the time is over')
  },
)

t.test(
  'what is no TLS on a port of TLS is ended at once, and counted',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const denied: Denial[] = []
    const recorder: Recorder = { ...NO_RECORDER, denied: reason => denied.push(reason) }
    const { handler, transport: settings } = handlerFor({ small: 'b' }, { recorder })
    const transport = await listenHttp({ ...settings, tls: makePair(t, 'plain'), log: () => {} })
    t.teardown(() => transport.close(0))
    // It goes on when the other side has ended.
    const { port } = transport.address
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
    socket.write('GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n')
    await until('it is counted', () => denied.length > 0)
    await until('the connection is ended', () => handler.connections.open === 0)
    t.same(denied, ['malformed'])
    socket.destroy()
  },
)

t.test(
  'a port that is in use says so with TLS too',
  { skip: hasOpenssl ? false : 'there is no openssl' },
  async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const tls = makePair(t, 'third')
    await t.rejects(serve({}, { listen: `127.0.0.1:${port}`, tls }), { code: 'EADDRINUSE' })
    taken.close()
  },
)
