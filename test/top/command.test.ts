/** The command where there is no terminal, from the packed package: what it prints, and what it ends with. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { makeConsumer } from '../package/consumer.js'
import { freePort } from '../support/free-port.js'

const consumer = await makeConsumer(t as unknown as Test)
const COMMAND = join(consumer.folder, 'node_modules/postmeter/dist/lib/cli.js')
const TEXT = { 'content-type': 'text/plain; version=0.0.4', connection: 'close' }

function start(...args: string[]) {
  return spawn(process.execPath, [COMMAND, 'top', ...args], {
    cwd: consumer.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(...args: string[]) {
  const child = start(...args)
  const [out, err, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close'),
  ])
  return { code, out, err }
}

async function listening(t: Test, handler: RequestListener, port = 0) {
  const server = createServer(handler).listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, port: (server.address() as AddressInfo).port }
}

/** A queue of mail: with each look, 10 more messages to `a`, and as many observations. */
async function mail(t: Test): Promise<string> {
  let n = 0
  const { port } = await listening(t, (_, response) => {
    n += 10
    const text =
      '# TYPE queued gauge\nqueued{domain="a",pool="x"} 5\nqueued{domain="b",pool="x"} 7\n' +
      `# TYPE sent_total counter\nsent_total{domain="a"} ${n}\nsent_total{domain="\x1b[31mb"} 3\n` +
      `# TYPE took_seconds histogram\ntook_seconds_bucket{le="0.1"} ${n}\ntook_seconds_bucket{le="+Inf"} ${n}\ntook_seconds_sum 1\ntook_seconds_count ${n}\n`
    response.writeHead(200, TEXT).end(text)
  })
  return `http://127.0.0.1:${port}`
}

t.test('without a terminal it looks twice and prints a table', async t => {
  const { code, out, err } = await run('--every', '0.2', await mail(t))
  t.equal(code, 0)
  t.equal(err, '')
  const [head, ...rows] = out.trimEnd().split('\n')
  t.match(head, /^name +type +series +value +rate +p50 +p90 +p99$/)
  t.equal(rows.length, 3)
  t.match(rows[0], /^queued +gauge +2 +12$/)
  t.match(rows[1], /^sent_total +counter +2 +23 +[\d.]+\/s$/)
  t.match(rows[2], /^took_seconds +histogram +1 +20 +[\d.]+\/s +50 ms +90 ms +99 ms$/)
})

t.test('one family: its series, or their sums by a label', async t => {
  const url = await mail(t)
  const series = await run('--once', '--every=0.05', '--family', 'sent_total', url)
  t.match(series.out, /^domain="a" +counter +1 +20 .*\ndomain="\\u001b\[31mb" +counter +1 +3 +0\/s$/m)
  t.notMatch(series.out, '\x1b', 'which no terminal takes for a colour')
  const sums = await run('--once', '--every=0.05', '--family=queued', '--by=domain', '--rows=1', url)
  t.match(sums.out, /\nb +gauge +1 +7\n$/, 'the greatest one')
  const none = await run('--once', '--every=0.05', '--family=no_such', url)
  t.equal(none.code, 2)
  t.match(none.err, /there is no family of that name/)
})

t.test('--filter and --sort', async t => {
  const url = await mail(t)
  const filtered = await run('--once', '--every=0.05', '--filter', 'DOMAIN="a"', '--sort', 'value', url)
  t.match(filtered.out, /\nsent_total +counter +1 +20 .*\nqueued +gauge +1 +5\n$/)
  const reversed = await run('--once', '--every=0.05', '--sort=value', '--reverse', url)
  t.match(reversed.out, /\nqueued .*\ntook_seconds .*\nsent_total .*\n$/)
})

t.test('--once --json is one line of a stable shape', async t => {
  const url = await mail(t)
  const { code, out } = await run('--once', '--json', '--every=0.05', url)
  t.equal(code, 0)
  t.equal(out.split('\n').length, 2)
  const { milliseconds, bytes, rows, ...seen } = JSON.parse(out)
  t.type(milliseconds, 'number')
  t.type(bytes, 'number')
  t.same(seen, { source: url, samples: 8, bad: 0 })
  t.same(rows[0], { name: 'queued', type: 'gauge', series: 2, value: 12 })
  t.match(rows[1], { name: 'sent_total', type: 'counter', series: 2, value: 23, rate: Number })
  t.match(rows[2], { name: 'took_seconds', unit: 'seconds', rate: Number, p50: 0.05, p90: 0.09, p99: 0.099 })
})

t.test('--json goes on: it says that an endpoint is gone, and when it is back', async t => {
  const answer: RequestListener = (_, response) => response.writeHead(200, TEXT).end('a 1\n')
  const { server, port } = await listening(t, answer)
  const child = start('--json', '--every', '0.05', `http://127.0.0.1:${port}`)
  t.teardown(() => child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', data => {
    out += data
  })
  child.stderr.on('data', data => {
    err += data
  })
  const seen = async (what: RegExp, from = 0) => {
    while (!what.test(out.slice(from))) await once(child.stdout, 'data')
  }
  await seen(/"rows":\[\{"name":"a"/)
  server.close()
  await seen(/"failure":\{"kind":"unreachable"/)
  const before = out.length
  await listening(t, answer, port)
  await seen(/"rows":\[\{"name":"a"/, before)
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.match(
    err,
    /^postmeter: .* refuses connections: nothing listens there\npostmeter: .* is back\n$/,
    'each once',
  )
})

t.test('who reads it may have enough', async t => {
  const child = start('--json', '--every', '0.01', await mail(t))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})

t.test('each failure has the code that check has, and says what is wrong', async t => {
  const answering = async (status: number, type: string, body: string) => {
    const { port } = await listening(t, (_, response) =>
      response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body),
    )
    return `http://127.0.0.1:${port}/metrics`
  }
  const forbidden = await answering(403, 'text/plain', 'not you')
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['--wrong'], 2, /Unknown option '--wrong'/],
    [['a', 'b'], 2, /one URL/],
    [['--sort=size'], 2, /--sort size is none of name, /],
    [['--every=0'], 2, /--every 0 is no number of seconds/],
    [['--by=x'], 2, /--by goes with --family/],
    [['--rows=x'], 2, /--rows x is no number/],
    [['localhost:9090'], 2, /write http:\/\/localhost:9090/],
    [[`http://127.0.0.1:${await freePort()}`], 3, /refuses connections/],
    [['unix:/no/such/socket'], 3, /is no socket/],
    [[forbidden], 4, /answers 403: it wants another address, or credentials: --header: "not you"/],
    [[await answering(200, 'text/html', '<!doctype html>')], 5, /no exposition but HTML/],
    [[await answering(200, 'application/json', '{"a": 1}')], 5, /no exposition but JSON/],
    [[await answering(200, 'image/png', '\x89PNG\r\n\x1a\n\0')], 5, /no exposition but binary/],
  ]
  for (const [args, code, says] of cases) {
    const ended = await run(...args)
    t.equal(ended.code, code, `top ${args.join(' ')}`)
    t.match(ended.err, says)
    t.equal(ended.out, '')
  }
  const json = await run('--json', forbidden)
  t.equal(json.code, 4)
  t.match(JSON.parse(json.out), { source: forbidden, failure: { kind: 'status' } })
})
