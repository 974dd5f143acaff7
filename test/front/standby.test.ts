/** Option `standby`: what a front is that somebody else keeps from its address, and how it takes the address over. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { LogEvent } from '../../src/common/log.js'
import { type Front, type ServeOptions, serveWith } from '../../src/front/serve.js'
import { choose } from '../../src/front/transports/choose.js'
import { parseListen } from '../../src/front/transports/listen.js'
import { isHeld } from '../../src/front/transports/probe.js'
import { FakeRegistry, scraperModule } from '../fixtures/front-registry.js'
import { hasOpenssl, makePair } from '../support/certificates.js'
import { freePort } from '../support/free-port.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(120_000)

const choice = choose()

/** serve() with standby in this process, and what it logs. */
async function serve(options: ServeOptions, plan = {}, backoff: [number, number] = [10, 50]) {
  const events: LogEvent[] = []
  const registry = new FakeRegistry({ small: 'b', ...plan })
  const log = (event: LogEvent) => events.push(event)
  const front = await serveWith(registry, { standby: true, log, ...options }, { scraperModule, backoff })
  const codes = () => events.map(({ code }) => code).filter(code => code !== 'front-transport')
  return { front, registry, events, codes }
}

t.test('the option is checked at the door', async t => {
  const rows: [options: object, message: RegExp][] = [
    [{ standby: 'yes' }, /^option "standby": "yes" is not a boolean$/],
    [{ standby: null }, /^option "standby": null is not a boolean$/],
    [
      { standby: true, listen: '127.0.0.1:0' },
      /^option "standby": true needs one port .* "listen" has port 0$/,
    ],
    [{ standby: true, retry: '30s' }, /^option "standby": true cannot stand beside option "retry"/],
  ]
  for (const [options, message] of rows)
    await t.rejects(serve(options), { name: 'TypeError', code: 'ERR_POSTMETER_OPTION', message })
  const { front } = await serve({ standby: false, listen: '127.0.0.1:0' })
  t.equal(front.listening, true)
  await front.close()
  const other = await serve({ retry: 0, listen: `127.0.0.1:${await freePort()}` })
  t.equal(other.front.listening, true, 'retry: 0 is no retry')
  await other.front.close()
})

for (const transport of ['http', 'uws'] as const) {
  const skip = transport === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`through ${transport}`, { skip }, async t => {
    const listening = (...fronts: Front[]) => fronts.filter(front => front.listening)

    t.test('a front that stands by says so, and listens when the other one is closed', async t => {
      const listen = `127.0.0.1:${await freePort()}`
      const one = await serve({ listen, transport }, { small: 'one' })
      t.equal(one.front.listening, true)
      t.same(one.codes(), ['front-listening'])
      const two = await serve({ listen, transport }, { small: 'two' })
      t.match(two.front, {
        listening: false,
        transport,
        url: `http://${listen}/metrics`,
        address: one.front.address,
      })
      t.same(two.codes(), ['front-standby'])
      t.match(
        two.events.find(({ code }) => code === 'front-standby'),
        { level: 'info', message: `the front stands by until ${listen} is free` },
      )
      t.equal(await (await fetch(one.front.url)).text(), 'text  one')
      await one.front.close()
      t.equal(one.front.listening, false)
      await until('the other one listens', () => two.front.listening)
      t.equal(await (await fetch(two.front.url)).text(), 'text  two')
      t.same(two.codes(), ['front-standby', 'front-listening'])
      await two.front.close()
      t.equal(two.front.listening, false)
      t.equal(await isHeld(two.front.address), false)
    })

    t.test('its trusted hosts can be changed while it stands by', async t => {
      const listen = `127.0.0.1:${await freePort()}`
      const one = await serve({ listen, transport })
      const two = await serve({ listen, transport })
      await t.rejects(two.front.setTrustedHosts(['nobody']), { code: 'ERR_POSTMETER_OPTION' })
      await two.front.setTrustedHosts(['192.0.2.1'])
      await one.front.close()
      await until('the other one listens', () => two.front.listening)
      t.equal((await fetch(two.front.url)).status, 403)
      await two.front.close()
    })

    t.test('closing it, or its registry, ends the attempts', async t => {
      const listen = `127.0.0.1:${await freePort()}`
      const one = await serve({ listen, transport })
      const [two, three] = [await serve({ listen, transport }), await serve({ listen, transport })]
      await Promise.all([two.front.close(), two.front.close()])
      await three.registry.close()
      t.equal(three.registry.callbacks.size, 0)
      await one.front.close()
      t.equal(await isHeld(one.front.address), false)
      t.same([two.codes(), three.codes()], [['front-standby'], ['front-standby']])
    })

    t.test('other errors reject at once', async t => {
      await t.rejects(serve({ listen: '192.0.2.1:8000', transport }), { code: 'EADDRNOTAVAIL' })
    })

    for (const delay of [10, 1500]) {
      t.test(`a thread that fails and is started again after ${delay} ms listens or stands by`, async t => {
        const listen = `127.0.0.1:${await freePort()}`
        const plan = { crashOn: 'crash' }
        const one = await serve({ listen, transport }, plan, [delay, delay])
        const two = await serve({ listen, transport }, plan, [delay, delay])
        const raw = await Raw.open(one.front.address.port)
        raw.send(get('/metrics?prefix=crash'))
        await until('it has failed', () => one.codes().includes('front-failed'))
        t.equal(one.front.listening, false)
        await until('it runs again', () => one.codes().includes('front-restarted'))
        await until('one listens', () => listening(one.front, two.front).length > 0)
        t.equal(listening(one.front, two.front).length, 1)
        t.equal((await fetch(one.front.url)).status, 200)
        raw.close()
        await listening(one.front, two.front)[0]!.close()
        await until('the other one listens', () => listening(one.front, two.front).length === 1)
        t.equal((await fetch(one.front.url)).status, 200)
        await Promise.all([one.front.close(), two.front.close()])
      })
    }

    t.test('a program that stands by runs on, and can exit; with ref false it ends', async t => {
      const listen = `127.0.0.1:${await freePort()}`
      const { front } = await serve({ listen, transport })
      const env = { ...process.env, LISTEN: listen, TRANSPORT: transport }
      const started = (HOW: string): ChildProcess => {
        const file = fileURLToPath(new URL('../fixtures/front-waiting.js', import.meta.url))
        const child = spawn(process.execPath, [file], {
          env: { ...env, HOW },
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        t.teardown(() => child.kill('SIGKILL'))
        return child
      }
      const kept = started('standby')
      await once(kept.stdout!, 'data')
      const unref = started('unref')
      t.same(await once(unref, 'exit'), [0, null])
      t.equal(kept.exitCode, null)
      const exit = once(kept, 'exit')
      kept.stdin!.end()
      t.same(await exit, [8, null])
      await front.close()
    })
  })
}

t.test('a Unix socket: its file is there for whoever listens, and for nobody behind the last', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 's')
  const one = await serve({ listen: `unix:${path}` })
  const two = await serve({ listen: `unix:${path}` })
  t.equal(two.front.listening, false)
  await one.front.close()
  await until('the other one listens', () => two.front.listening)
  t.equal(await isHeld(two.front.address), true)
  await two.front.close()
  t.notOk(existsSync(path))
})

t.test(
  'a Unix socket whose file is removed: its front stands by for whoever finds the address free',
  async t => {
    const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
    t.teardown(() => rmSync(dir, { recursive: true }))
    const path = join(dir, 's')
    // It is started again after the other one has looked, or has not: either is right.
    const [one, two] = [await serve({ listen: `unix:${path}` }), await serve({ listen: `unix:${path}` })]
    rmSync(path)
    await until('it notices', () => one.codes().includes('front-restarted'))
    await until('one listens', () => [one, two].some(({ front }) => front.listening))
    t.notSame([one.front.listening, two.front.listening], [true, true])
    t.equal(await isHeld(one.front.address), true)
    t.match(
      one.events.find(({ code }) => code === 'front-failed'),
      { message: /its socket's file was removed or replaced$/ },
    )
    await Promise.all([one.front.close(), two.front.close()])
    t.same(readdirSync(dir), [])
  },
)

t.test('Workers that serve stand by for each other, and are terminated', async t => {
  const listen = `127.0.0.1:${await freePort()}`
  const { registry } = fresh(t)
  const index = JSON.stringify(new URL('../../src/index.js', import.meta.url).href)
  const program = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { getRegistry, serve } from ${index}
    const log = ({ code }) => parentPort.postMessage(code)
    await serve(getRegistry(workerData.name), { listen: workerData.listen, standby: true, log })`
  const source = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
  const codes: string[][] = []
  const start = async () => {
    const said: string[] = []
    codes.push(said)
    const worker = new Worker(source, { workerData: { listen, name: registry.name } })
    t.teardown(() => worker.terminate())
    worker.on('message', code => code === 'front-transport' || said.push(code))
    await once(worker, 'message')
    return worker
  }
  const first = await start()
  const second = await start()
  t.same(codes, [['front-listening'], ['front-standby']])
  const answers = async () => (await fetch(`http://${listen}/metrics`)).status
  t.equal(await answers(), 200)
  await first.terminate()
  await until('the other one listens', () => codes[1]!.includes('front-listening'))
  t.equal(await answers(), 200)
  // It is terminated while it stands by: the one that listens is not affected.
  const third = await start()
  await third.terminate()
  t.equal(await answers(), 200)
  await second.terminate()
  t.equal(await isHeld(parseListen(listen)), false)
})

t.test('a certificate that is spoilt while it stands by', { skip: !hasOpenssl && 'no openssl' }, async t => {
  const listen = `127.0.0.1:${await freePort()}`
  const tls = makePair(t, 'one')
  const one = await serve({ listen })
  const two = await serve({ listen, tls })
  copyFileSync(tls.cert, `${tls.cert}.good`)
  writeFileSync(tls.cert, 'nothing')
  await one.front.close()
  await until('it is said', () => two.codes().includes('front-standby-failed'))
  t.equal(two.front.listening, false)
  copyFileSync(`${tls.cert}.good`, tls.cert)
  await until('it listens', () => two.front.listening)
  t.same(two.codes(), ['front-standby', 'front-standby-failed', 'front-listening'])
  t.match(two.events, [
    {},
    {},
    { level: 'warn', message: /goes on trying: option "tls": .* cannot be used: / },
    {},
  ])
  await two.front.close()
})
