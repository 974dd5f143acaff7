/** Addresses that another process holds: what the error says, and waiting until they are free (option `retry`). */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { type ServeOptions, serveWith } from '../../src/front/serve.js'
import { choose } from '../../src/front/transports/choose.js'
import { FakeRegistry, scraperModule } from '../fixtures/front-registry.js'
import { until } from './raw.js'

t.setTimeout(120_000)

const choice = choose()
const HINT =
  /under node:cluster or PM2, give each worker an address of its own, or serve in one of them; .*"retry"/

/** A process of a fixture, and the lines that it prints. */
class Program {
  readonly child: ChildProcess
  readonly lines: string[] = []

  constructor(t: Pick<Test, 'teardown'>, fixture: string, env: Record<string, string>) {
    const file = fileURLToPath(new URL(`../fixtures/${fixture}.js`, import.meta.url))
    const stdio = ['pipe', 'pipe', 'inherit'] as ['pipe', 'pipe', 'inherit']
    this.child = spawn(process.execPath, [file], { env: { ...process.env, ...env }, stdio })
    createInterface({ input: this.child.stdout! }).on('line', line => this.lines.push(line))
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** The line that begins so, as soon as it is there. */
  async line(begin: string): Promise<string> {
    await until(`the line ${begin}`, () => this.lines.some(line => line.startsWith(begin)))
    return this.lines.find(line => line.startsWith(begin))!
  }

  async ended(begin: () => void): Promise<void> {
    const exit = once(this.child, 'close')
    begin()
    await exit
  }
}

/** An old process that listens, and the address. */
async function holder(t: Pick<Test, 'teardown'>, transport: string): Promise<[Program, string]> {
  const old = new Program(t, 'front-listener', { TRANSPORT: transport, LISTEN: '127.0.0.1:0' })
  const [, port] = (await old.line('listening')).split(' ')
  return [old, `127.0.0.1:${port}`]
}

/** serve() in this process, and what it logs. */
function serve(options: ServeOptions, registry = new FakeRegistry({ small: 'new' })) {
  const events: LogEvent[] = []
  const log = (event: LogEvent) => events.push(event)
  return { events, front: serveWith(registry, { log, ...options }, { scraperModule, backoff: [10, 50] }) }
}

const waits = (events: readonly LogEvent[]) => events.filter(({ code }) => code === 'front-waits').length

t.test('retry is a duration, or 0', async t => {
  for (const retry of ['', 'soon', -1, null, Number.NaN, '21 days'] as never[])
    await t.rejects(
      serve({ listen: '127.0.0.1:0', retry }).front,
      { message: /^option "retry": / },
      `${retry}`,
    )
  const front = await serve({ listen: '127.0.0.1:0', retry: 0 }).front
  await front.close()
})

for (const transport of ['http', 'uws'] as const) {
  const skip = transport === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`an address that another process holds, transport ${transport}`, { skip }, async t => {
    t.test('is an error at once that says what to do', async t => {
      const [, listen] = await holder(t, transport)
      const error = { code: 'EADDRINUSE', message: HINT }
      for (const retry of [undefined, 0])
        await t.rejects(serve({ listen, transport, ...(retry === undefined ? {} : { retry }) }).front, error)
    })

    for (const signal of ['end', 'SIGKILL'] as const) {
      t.test(`is waited for, until the process is gone by ${signal}`, async t => {
        const [old, listen] = await holder(t, transport)
        const { front, events } = serve({ listen, transport, retry: '60s' })
        await until('it waits', () => waits(events) === 1)
        await old.ended(() => (signal === 'end' ? old.child.stdin!.end() : old.child.kill(signal)))
        const { url, transport: used, close } = await front
        t.equal(used, transport)
        t.equal(await (await fetch(url)).text(), 'text  new')
        t.equal(waits(events), 1, 'said once')
        await close()
      })
    }

    t.test('is an error when the time is over', async t => {
      const [old, listen] = await holder(t, transport)
      const start = performance.now()
      const { front, events } = serve({ listen, transport, retry: 300 })
      await t.rejects(front, { code: 'EADDRINUSE', message: HINT })
      t.ok(performance.now() - start >= 300)
      t.equal(waits(events), 1)
      t.equal(old.child.exitCode, null)
    })

    t.test('is waited for no longer once the registry is closed', async t => {
      const [, listen] = await holder(t, transport)
      const registry = new FakeRegistry({ small: 'new' })
      const { front, events } = serve({ listen, transport, retry: '10m' }, registry)
      const refused = t.rejects(front, { code: 'ERR_POSTMETER_CLOSED' })
      await until('it waits', () => waits(events) === 1)
      await registry.close()
      await refused
    })

    t.test('keeps no process that exits', async t => {
      const [, listen] = await holder(t, transport)
      const program = new Program(t, 'front-waiting', { TRANSPORT: transport, LISTEN: listen })
      await program.line('waits')
      await program.ended(() => program.child.stdin!.end())
      t.same([program.child.exitCode, program.child.signalCode], [8, null])
    })

    t.test('other errors are no reason to wait', async t => {
      const { front, events } = serve({ listen: '192.0.2.1:0', transport, retry: '10m' })
      await t.rejects(front, { code: 'EADDRNOTAVAIL' })
      t.equal(waits(events), 0)
    })

    t.test('under node:cluster, each process listens for itself', async t => {
      const [free, listen] = await holder(t, transport)
      await free.ended(() => free.child.stdin!.end())
      const env = { TRANSPORT: transport, LISTEN: listen }

      const without = new Program(t, 'front-cluster', env)
      await without.line('{"id":1,"address"')
      const refused = JSON.parse(await without.line('{"id":2,"refused"'))
      t.equal(refused.refused, 'EADDRINUSE')
      t.match(refused.message, HINT)
      await without.ended(() => {})

      const waiting = new Program(t, 'front-cluster', { ...env, RETRY: '60s' })
      await waiting.line('{"id":1,"address"')
      await waiting.line('{"id":2,"code":"front-waits"')
      t.equal(await (await fetch(`http://${listen}/metrics`)).text(), 'text  from 1')
      waiting.child.stdin!.end()
      await waiting.line('{"id":1,"ended"')
      await waiting.line('{"id":2,"address"')
      t.equal(await (await fetch(`http://${listen}/metrics`)).text(), 'text  from 2')
    })
  })
}

t.test('a Unix socket is waited for, until its process is gone', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  for (const signal of ['end', 'SIGKILL'] as const) {
    const path = join(dir, signal)
    const listen = `unix:${path}`
    const old = new Program(t, 'front-listener', { TRANSPORT: 'http', LISTEN: listen })
    await old.line('listening')
    await t.rejects(serve({ listen }).front, {
      code: 'EADDRINUSE',
      message: /cannot be used: the socket is in use, /,
    })
    const { front, events } = serve({ listen, retry: '60s' })
    await until('it waits', () => waits(events) === 1)
    await old.ended(() => (signal === 'end' ? old.child.stdin!.end() : old.child.kill(signal)))
    const { close } = await front
    t.equal(await ask(path), 200, `by ${signal}`)
    await close()
    t.notOk(existsSync(path))
  }
})

function ask(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/metrics', agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
