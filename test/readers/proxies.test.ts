/** The configurations of reverse proxies in docs/deploy: each proxy runs with its own before a front. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { needProxy, type ProxyName } from '../../scripts/need-proxies.js'
import { type LogEvent, type Registry, serve } from '../../src/index.js'
import { repository } from '../package/consumer.js'
import { makePair } from '../support/certificates.js'
import { Daemon } from '../support/daemon.js'
import { sharedFolder } from '../support/folder.js'
import { neededOrSkip } from '../support/need.js'
import { fresh } from '../support/registry.js'

const READER = '127.0.0.1'
const STRANGER = '127.0.0.2'
/** Of 300 bytes each, and half as many compressed: more than the buffers of sockets and proxies on the way hold. */
const SERIES = 150_000

/** Where the files' texts become those of a test. */
interface Setting {
  readonly folder: string
  /** Where the proxy is to listen, on loopback. */
  readonly port: string
  /** Where the front listens, as option `listen` has it. */
  readonly front: string
  readonly cert: string
  readonly key: string
}

/** A file of docs/deploy as an operator changes it: each text is there, and another one takes its place. */
function changed(name: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(repository, 'docs/deploy', name), 'utf8')
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`docs/deploy/${name} has no "${from}"`)
    text = text.replaceAll(from, to)
  }
  return text
}

/** How each is started: writes the proxy's configuration to the folder, and returns its arguments. */
const PROXIES: Record<ProxyName, { withPassword: boolean; args: (setting: Setting) => string[] }> = {
  nginx: {
    withPassword: true,
    args({ folder, port, front, cert, key }) {
      const passwords = join(folder, 'htpasswd')
      writeFileSync(passwords, 'prometheus:{PLAIN}change-me\n')
      const server = changed('nginx.conf', {
        'server unix:/run/mta/metrics.sock;': `server ${front};`,
        'listen 9443': `listen 127.0.0.1:${port}`,
        '/etc/ssl/metrics/cert.pem': cert,
        '/etc/ssl/metrics/key.pem': key,
        '/etc/nginx/metrics.htpasswd': passwords,
        '10.0.0.0/8': READER,
      })
      // What a system's own nginx.conf says, for a folder of its own.
      const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map(what => `${what}_temp_path ${folder};\n`)
        .join('')
      const user = process.getuid?.() === 0 ? 'user root;\n' : ''
      const file = join(folder, 'nginx.conf')
      writeFileSync(
        file,
        `${user}daemon off;\npid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${folders}${server}}\n`,
      )
      return ['-p', folder, '-e', 'stderr', '-c', file]
    },
  },
  haproxy: {
    withPassword: true,
    args({ folder, port, front, cert, key }) {
      const pair = join(folder, 'pair.pem')
      writeFileSync(pair, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
      const file = join(folder, 'haproxy.cfg')
      const text = changed('haproxy.cfg', {
        'server mail unix@/run/mta/metrics.sock': `server mail ${front.replace('unix:', 'unix@')}`,
        'bind :9443': `bind 127.0.0.1:${port}`,
        '/etc/ssl/metrics/cert-and-key.pem': pair,
        '10.0.0.0/8': READER,
      })
      writeFileSync(file, text)
      return ['-db', '-f', file]
    },
  },
  caddy: {
    withPassword: false,
    args({ folder, port, front, cert, key }) {
      const file = join(folder, 'Caddyfile')
      const text = changed('Caddyfile', {
        'reverse_proxy unix//run/mta/metrics.sock': `reverse_proxy ${front.replace('unix:', 'unix/')}`,
        'metrics.example:9443': `metrics.example:${port}`,
        '/etc/ssl/metrics/cert.pem': cert,
        '/etc/ssl/metrics/key.pem': key,
        '10.0.0.0/8': READER,
      })
      // What is the machine's, and not the site's.
      writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`)
      return ['run', '--adapter', 'caddyfile', '--config', file]
    },
  },
}

interface Asked {
  readonly path?: string
  /** The address that the client connects from. */
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly password?: string | undefined
}

/** Asks the proxy, and gives the head of its answer. */
function ask(url: string, { path = '/metrics', from = READER, headers, password }: Asked) {
  const { port } = new URL(url)
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options: RequestOptions = {
      ...{ host: '127.0.0.1', port, path, localAddress: from, agent: false },
      ...{ servername: 'metrics.example', rejectUnauthorized: false },
      headers: { host: `metrics.example:${port}`, ...headers },
      ...(password === undefined ? {} : { auth: `prometheus:${password}` }),
    }
    request(options, resolve).on('error', reject).end()
  })
}

async function get(url: string, asked: Asked) {
  const response = await ask(url, asked)
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }
}

const { registry } = fresh(t, { memory: '128MiB' })
fill(registry)
const expected = await registry.metrics()

for (const proxy of Object.keys(PROXIES) as ProxyName[]) {
  t.test(proxy, async t => {
    const found = await neededOrSkip(t, proxy, () => needProxy(proxy))
    if (found === undefined) return
    const { withPassword, args } = PROXIES[proxy]
    const password = withPassword ? 'change-me' : undefined

    for (const place of ['a Unix socket', 'a port of loopback']) {
      t.test(`before a front at ${place}`, async t => {
        const events: LogEvent[] = []
        const listen = place === 'a Unix socket' ? `unix:${sharedFolder(t)}/front.sock` : '127.0.0.1:0'
        const front = await serve(registry, { listen, selfMetrics: false, log: event => events.push(event) })
        const pair = makePair(t, 'metrics.example')
        const start = (address: string, folder: string) =>
          args({
            ...{ folder, port: new URL(`http://${address}`).port, ...pair },
            front: listen.startsWith('unix:') ? listen : new URL(front.url).host,
          })
        // Each program looks for a home.
        const env = { ...found.env, HOME: t.testdir() }
        const ready = async (url: string) => (await get(url, { password })).status === 200
        const { url } = await Daemon.start(t, found.program, start, undefined, { env, ready })

        const plain = await get(url, { password })
        t.equal(plain.headers['content-encoding'], undefined)
        t.ok(plain.body.toString() === expected, 'a scrape comes through whole')
        const gzip = await get(url, { password, headers: { 'accept-encoding': 'gzip' } })
        t.equal(gzip.headers['content-encoding'], 'gzip')
        t.ok(gunzipSync(gzip.body).toString() === expected, 'a compressed one, too')
        const json = await get(url, { password, path: '/metrics.json?prefix=x_&name[]=x_up' })
        t.same(JSON.parse(json.body.toString()).x_up.value, 1, 'and JSON, with parameters')

        t.equal((await get(url, { password, from: STRANGER })).status, 403, 'a stranger is refused')
        const disguised = { 'x-forwarded-for': READER, forwarded: `for=${READER}` }
        t.equal((await get(url, { password, from: STRANGER, headers: disguised })).status, 403)
        const other = (await get(url, { password, path: '/' })).status!
        t.ok([403, 404].includes(other), 'nothing else is there')
        if (withPassword) {
          t.equal((await get(url, {})).status, 401, 'who has no password is asked for one')
          t.equal((await get(url, { password: 'guessed' })).status, 401)
        }
        const said = events.some(({ code }) => code === 'forwarded-ignored')
        t.equal(said, proxy === 'caddy', 'the front says that it ignores what Caddy tells of the client')

        const cut = await ask(url, { password, headers: { 'accept-encoding': 'gzip' } })
        cut.pause()
        await front.close()
        const read = readWhole(cut)
        // Caddy before 2.8 ends it as if it were whole; then its compression shows that it is not.
        // It may also have had all of it already.
        if (proxy === 'caddy') {
          const seen = await read.then(String, error =>
            /unexpected end of file|aborted/.test(error) ? '' : error,
          )
          t.ok(seen === '' || seen === expected, 'a part of it does not pass for the whole')
        } else await t.rejects(read, { code: 'ECONNRESET' }, 'what the front cuts does not look whole')
        const gone = (await get(url, { password })).status!
        t.ok(gone === 502 || gone === 503, 'nor is it there when the front has ended')
      })
    }
  })
}

function fill(registry: Registry): void {
  registry.gauge({ name: 'up', help: 'Up' }).set(1)
  const sent = registry.counter({ name: 'sent_total', help: 'Sent', labelNames: ['queue'] })
  const random = (seed: string) => createHash('sha512').update(seed).digest('hex')
  for (let n = 0; n < SERIES; n++) sent.inc({ queue: random(`${n}`) + random(`more ${n}`) }, n)
}

async function readWhole(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  return gunzipSync(Buffer.concat(parts))
}
