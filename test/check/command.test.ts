/** The command as a user starts it, from the packed package: what it prints, and what it ends with. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { createRegistry, serve } from '../../src/index.js'
import { makeConsumer } from '../package/consumer.js'
import { freePort } from '../support/free-port.js'

const consumer = await makeConsumer(t as unknown as Test)
const COMMAND = join(consumer.folder, 'node_modules/postmeter/dist/lib/cli.js')
const GOOD = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="1"} 1\n'
const TEXT = { 'content-type': 'text/plain; version=0.0.4' }

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [COMMAND, 'check', ...args], { cwd: consumer.folder, stdio: 'pipe' })
}

async function run(args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = start(...args)
  // It may end before it has read all.
  child.stdin!.on('error', () => {})
  child.stdin!.end(input)
  const [out, err, [code]] = await Promise.all([
    textOf(child.stdout!),
    textOf(child.stderr!),
    once(child, 'close'),
  ])
  return { code, out, err }
}

async function listening(
  t: Test,
  handler: RequestListener,
  port = 0,
): Promise<[url: string, server: Server]> {
  const server = createServer(handler)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, server]
}

const answer =
  (status: number, headers: Record<string, string>, body: string | Uint8Array): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(consumer.folder, name), content)
  return name
}

t.test('a file that is fine', async t => {
  const { code, out } = await run([await file('good.prom', GOOD)])
  t.equal(code, 0)
  t.match(out, /^good\.prom: text 0\.0\.4, 1 series in 1 family, 58 bytes, \d+ ms\n0 errors, 0 remarks\n/)
  t.match(out, /^ +1 {2}a_total \(counter\)\n +b: 1 value, 1 without it$/m)
})

t.test('remarks of style end with 0, errors with 1', async t => {
  const styled = await run([await file('styled.prom', 'a_ms 1\n')])
  t.equal(styled.code, 0)
  t.match(styled.out, /^line 1: remark abbreviation: a_ms has a unit in short/m)
  const wrong = await run([await file('wrong.prom', `${GOOD}a_total{b="1"} 2\na_total{c} 1\n`)])
  t.equal(wrong.code, 1)
  t.match(wrong.out, /^line 4: error duplicate: .* stands in line 3, too$/m)
  t.match(
    wrong.out,
    /^line 5, column 10: error syntax: expected "=" behind the name of a label, found "} 1"$/m,
  )
})

t.test('what is piped in, packed or not', async t => {
  t.equal((await run(['-'], GOOD)).code, 0)
  t.equal((await run(['-'], gzipSync(GOOD))).code, 0)
  t.equal((await run(['-'], gzipSync(`${GOOD}x\n`))).code, 1)
  const { code, err } = await run(['-'], gzipSync(GOOD).subarray(0, -12))
  t.equal(code, 5, err)
})

t.test('OpenMetrics is known by its end, and by --format', async t => {
  const body = '# HELP a A.\n# TYPE a counter\na_total 1\n# EOF\n'
  t.match((await run([await file('om.txt', body)])).out, /OpenMetrics 1\.0, 1 series/)
  t.equal((await run(['-', '--format', 'openmetrics'], body.replace('# EOF\n', ''))).code, 1)
  t.equal((await run(['-', '--format=text'], body)).code, 0)
})

t.test('JSON is one line of a stable shape', async t => {
  const { code, out } = await run(['--json', await file('both.prom', `${GOOD}a_total{b="1"} 2\nb_ms 1\n`)])
  t.equal(code, 1)
  t.equal(out.split('\n').length, 2)
  const { milliseconds, ...report } = JSON.parse(out)
  t.type(milliseconds, 'number')
  t.same(report, {
    ...{ source: 'both.prom', exit: 1, format: 'text', bytes: 82, lines: 5, series: 2, families: 2 },
    counts: { duplicate: 1, 'no-help': 1, abbreviation: 1 },
    errors: [
      {
        ...{ code: 'duplicate', line: 4, column: 0, family: 'a_total' },
        message: '"a_total{b=\\"1\\"} 2" is a series that stands in line 3, too',
      },
    ],
    remarks: [
      { code: 'no-help', line: 5, column: 0, family: 'b_ms', message: 'b_ms has no HELP' },
      {
        ...{ code: 'abbreviation', line: 5, column: 0, family: 'b_ms' },
        message: 'b_ms has a unit in short in its name: write it out',
      },
    ],
    cardinality: [
      {
        ...{ family: 'a_total', type: 'counter', series: 1 },
        labels: [{ name: 'b', values: 1, without: 1, estimated: [] }],
      },
      { family: 'b_ms', type: 'untyped', series: 1, labels: [] },
    ],
  })
})

t.test('each failure has a code of its own, and says what is wrong', async t => {
  const [missing] = await listening(t, answer(404, {}, 'there is only /here'))
  const [html] = await listening(
    t,
    answer(200, { 'content-type': 'text/html' }, '<!doctype html><title>x</title>'),
  )
  const [json] = await listening(t, answer(200, { 'content-type': 'application/json' }, '{"a": 1}'))
  const [prose] = await listening(t, answer(200, { 'content-type': 'text/markdown' }, 'Hello world\n'))
  const [protobuf] = await listening(
    t,
    answer(200, { 'content-type': 'application/vnd.google.protobuf' }, 'x'),
  )
  const [slow] = await listening(t, () => {})
  const [broken] = await listening(t, (_, response) => {
    response.writeHead(200, { ...TEXT, 'content-length': 1000 }).write(GOOD, () => response.destroy())
  })
  const [looping] = await listening(t, answer(302, { location: '/metrics' }, ''))
  const [packed] = await listening(t, answer(200, { ...TEXT, 'content-encoding': 'br' }, 'x'))
  const port = await freePort()
  const notHttp = createTcpServer(socket => socket.end('SSH-2.0\r\n'))
  notHttp.listen(0, '127.0.0.1')
  await once(notHttp, 'listening')
  t.teardown(() => notHttp.close())
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['--wrong'], 2, /Unknown option '--wrong'/],
    [['a', 'b'], 2, /one URL or file/],
    [['--format', 'xml'], 2, /--format xml is none of text, openmetrics/],
    [['--watch=0', 'a'], 2, /--watch 0 is no number of seconds/],
    [['--watch', '-'], 2, /--watch needs an endpoint or a file/],
    [['--header', 'x', 'a'], 2, /--header x is not written as/],
    [['--header', 'x: \u4e16', 'a'], 2, /--header x has a character that no header may have/],
    [[looping], 4, /redirects more than 5 times/],
    [[packed], 5, /packs its body as "br", which it was not asked for/],
    [[`http://127.0.0.1:${port}/metrics`], 3, /refuses connections: nothing listens there/],
    [['http://host.invalid/metrics'], 3, /host/],
    [['unix:/no/such/socket'], 3, /is no socket: there is no such file/],
    [['--timeout', '0.2', slow], 3, /did not answer within 0\.2 s/],
    [[broken], 3, /broke off behind 58 bytes/],
    [[`http://127.0.0.1:${(notHttp.address() as AddressInfo).port}`], 3, /does not answer with HTTP/],
    [[missing], 4, /answers 404: nothing is there: is the path \/metrics\?: "there is only \/here"/],
    [[html], 5, /no exposition but HTML/],
    [[json], 5, /no exposition but JSON/],
    [[prose], 5, /no exposition: expected a number as the value, found "world"/],
    [[protobuf], 5, /protobuf/],
    [['nothing.prom'], 6, /there is no file nothing\.prom/],
    [['localhost:9090'], 6, /an endpoint is written http:\/\/localhost:9090/],
    [['me:secret@mx1:9090'], 6, /there is no file mx1:9090: an endpoint is written http:\/\/mx1:9090/],
    [['http://'], 2, /http:\/\/ is no address: it names no server/],
    [['unix:'], 2, /unix: is no address: it names no socket/],
    [['.'], 6, /is a folder/],
  ]
  for (const [args, code, says] of cases) {
    const ended = await run(args)
    t.equal(ended.code, code, `check ${args.join(' ')}`)
    t.match(ended.err, says)
  }
  t.match(JSON.parse((await run(['--json', missing])).out), { exit: 4, failure: { kind: 'status' } })
})

t.test("postmeter's own endpoint, in all its forms", async t => {
  const registry = createRegistry({ name: 'check', memory: '16MiB' })
  registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] }).inc({ to: '"\\\n é' })
  registry.histogram({ name: 'took_seconds', help: 'Took.', unit: 'seconds' }).observe(0.2, { trace_id: 'x' })
  registry.summary({ name: 'size_bytes', help: 'Size.' }).observe(3)
  registry.info({ name: 'build_info', help: 'Build.', labelNames: ['version'] }).set({ version: '1' })
  const front = await serve(registry, {
    listen: '127.0.0.1:0',
    openMetrics: true,
    created: true,
    gzip: { threshold: 0 },
  })
  t.teardown(async () => {
    await front.close()
    await registry.close()
  })
  const text = await run([`${front.url}?format=text`])
  t.same([text.code, /, 0 remarks/.test(text.out)], [0, true], text.out)
  const openMetrics = await run([front.url])
  t.match(openMetrics.out, /OpenMetrics 1\.0/)
  t.equal(openMetrics.code, 0, openMetrics.out)
  t.equal((await run([new URL(front.url).origin])).code, 0, 'without a path it is /metrics')
  await front.setTrustedHosts(['10.0.0.1'])
  const refused = await run([front.url])
  t.equal(refused.code, 4)
  t.match(refused.err, /answers 403: the address of this machine is not on its trusted list: "peer 127/)
})

t.test('an endpoint without a Content-Type, which Prometheus 3 refuses', async t => {
  const [url] = await listening(t, answer(200, {}, GOOD))
  const { code, out } = await run([url])
  t.equal(code, 1)
  t.match(out, /^error content-type: there is no Content-Type: Prometheus 3 refuses such an answer$/m)
})

t.test('redirects, packed bodies and headers', async t => {
  const [url] = await listening(t, (request, response) => {
    if (request.url === '/metrics') response.writeHead(302, { location: '/there' }).end()
    else if (request.headers.authorization !== 'Bearer x') response.writeHead(401).end('who are you?')
    else response.writeHead(200, { ...TEXT, 'content-encoding': 'X-GZip' }).end(gzipSync(GOOD))
  })
  t.match(
    (await run([url])).err,
    /answers 401: it wants another address, or credentials: --header: "who are you\?"/,
  )
  t.equal((await run(['--header', 'Authorization: Bearer x', url])).code, 0)
})

t.test('--watch', async t => {
  t.test('says what fell, came and went, that an endpoint is gone, and back', async t => {
    let body = `${GOOD}a_total{b="2"} 5\n`
    const [url, server] = await listening(t, (_, response) =>
      response.writeHead(200, { ...TEXT, connection: 'close' }).end(body),
    )
    const { port } = new URL(url)
    const child = start('--watch', '0.05', '--json', url)
    t.teardown(() => child.kill('SIGKILL'))
    let out = ''
    let err = ''
    child.stdout!.on('data', data => {
      out += data
    })
    child.stderr!.on('data', data => {
      err += data
    })
    const looks = () =>
      out
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line))
    const seen = async (what: (look: Record<string, unknown>) => boolean, from = 0) => {
      for (;;) {
        const found = looks().slice(from).find(what)
        if (found !== undefined) return found
        await once(child.stdout!, 'data')
      }
    }
    await seen(look => look.changes !== undefined)
    body = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="2"} 4\na_total{b="3"} 1\na_total{b="4"} 1\n'
    const fallen = await seen(look => look.exit === 1)
    t.match(fallen.changes, { appeared: 2, vanished: 1, fell: 1, restarted: false })
    t.match(fallen.errors, [{ code: 'fell', line: 3, message: /^a_total\{b="2"\} fell from 5 to 4/ }])
    server.close()
    server.closeAllConnections()
    t.match(await seen(look => look.failure !== undefined), { exit: 3, failure: { kind: 'unreachable' } })
    const before = looks().length
    const [, again] = await listening(t, answer(200, { ...TEXT, connection: 'close' }, body), Number(port))
    await seen(look => look.exit === 0, before)
    t.match(err, /refuses connections: nothing listens there; .* is looked at again every 0\.05 s\n/)
    t.match(err, /is back\n/)
    t.equal(err.match(/refuses connections/g)!.length, 1, 'which is said once')
    again.closeAllConnections()
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    t.equal(code, 3, 'and ends with the worst that was seen')
  })

  t.test('a process that was started again is no fault', async t => {
    let [value, started] = [5, 1000]
    const [url] = await listening(t, (_, response) => {
      const start = `# HELP process_start_time_seconds S.\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${started}\n`
      response.writeHead(200, { ...TEXT, connection: 'close' }).end(`${GOOD}a_total ${value}\n${start}`)
    })
    const child = start('--watch=0.05', url)
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout!, 'data')
    ;[value, started] = [1, 2000]
    let out = ''
    for await (const data of child.stdout!) {
      out += data
      if (/anew/.test(out)) break
    }
    t.match(out, /the process was started again: 1 counter begins anew/)
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    t.equal(code, 0)
  })
})
