/** Processes of a service that all serve with `standby`: one endpoint, which outlives each of them. */
import type { ChildProcess } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { choose } from '../../src/front/transports/choose.js'
import { parseListen } from '../../src/front/transports/listen.js'
import { isHeld } from '../../src/front/transports/probe.js'
import { freePort } from '../support/free-port.js'
import { callsTo, Process } from '../support/process.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

t.setTimeout(120_000)

interface Member {
  readonly child: ChildProcess
  call<T = unknown>(op: string, ...args: unknown[]): Promise<T>
  kill(): Promise<void>
}

const START = {
  'child processes': async (t: Test): Promise<Member> => new Process(t),
  async 'workers of a cluster'(t: Test): Promise<Member> {
    const exec = fileURLToPath(new URL('../fixtures/process.js', import.meta.url))
    cluster.setupPrimary({ exec, args: [] })
    const worker = cluster.fork()
    const exit = once(worker, 'exit')
    const kill = async () => {
      worker.process.kill('SIGKILL')
      await exit
    }
    t.teardown(kill)
    // A worker of a cluster loses what comes before it listens; the first that it says is that it does.
    await once(worker, 'message')
    const call = callsTo(worker.process as ChildProcess)
    return {
      child: worker.process as ChildProcess,
      call: (op, ...args) => call(op, ...args) as Promise<never>,
      kill,
    }
  },
}

/** What is at an address, as text; the connection is left open. */
function scrape(listen: string): Promise<{ text: string; sent: ClientRequest }> {
  const { address, port, family } = parseListen(listen)
  const to = family === 'unix' ? { socketPath: address } : { host: address, port }
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...to, path: '/metrics', headers: { connection: 'keep-alive' } },
      async response => {
        let text = ''
        for await (const part of response.setEncoding('utf8')) text += part
        resolve({ text, sent })
      },
    )
    sent.on('error', reject).end()
  })
}

async function listening(members: readonly Member[]): Promise<Member[]> {
  const listens = await Promise.all(members.map(member => member.call<boolean>('listens')))
  return members.filter((_, n) => listens[n])
}

/** Starts three that all serve. */
async function serving(t: Test, start: (t: Test) => Promise<Member>, options: object): Promise<Member[]> {
  const { registry } = fresh(t, { shared: true })
  const members = [await start(t), await start(t), await start(t)]
  // All at once: any of them may be the first.
  await Promise.all(
    members.map(async (member, n) => {
      await member.call('get', registry.name)
      await member.call('inc', 'c_total', `member ${n}`, 10 + n)
      await member.call('serve', { ...options, standby: true })
    }),
  )
  return members
}

/** How the listening one ends, and what it leaves of itself. */
const ENDS = {
  SIGKILL: (member: Member) => member.kill(),
  'close()': (member: Member) => member.call('closeFront').then(() => {}),
}

function dirFor(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'postmeter-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return dir
}

const choice = choose()
for (const [how, start] of Object.entries(START)) {
  for (const where of ['http', 'uws', 'a Unix socket'] as const) {
    const skip = where === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
    for (const [end, ends] of Object.entries(ENDS)) {
      t.test(`${how} through ${where}: by ${end} the endpoint goes on to the next`, { skip }, async t => {
        const unix = where === 'a Unix socket'
        const dir = dirFor(t)
        const listen = unix ? `unix:${join(dir, 's')}` : `127.0.0.1:${await freePort()}`
        const left = await serving(t, start, { listen, transport: unix ? 'http' : where })
        const counts = left.map((_, n) => `c_total{x="member ${n}"} ${10 + n}`)
        for (;;) {
          await until('one listens', async () => (await listening(left)).length > 0)
          const [one, ...others] = await listening(left)
          t.equal(others.length, 0, 'one at a time')
          const { text, sent } = await scrape(listen)
          for (const line of counts) t.ok(text.includes(`${line}\n`), line)
          left.splice(left.indexOf(one!), 1)
          // The connection is open: what is left of it must not keep the address.
          await ends(one!)
          sent.destroy()
          if (left.length === 0) break
        }
        t.equal(await isHeld(parseListen(listen)), false)
        if (end === 'close()') t.same(readdirSync(dir), [])
      })
    }
  }
}

t.test('fronts that stand by take no place of a thread that records', async t => {
  const listen = `127.0.0.1:${await freePort()}`
  const members = await serving(t, START['child processes'], { listen })
  // The main threads have counted, and the front that answers counts its scrapes from the first on.
  await scrape(listen)
  t.match((await scrape(listen)).text, new RegExp(`^postmeter_shards_in_use ${members.length + 1}$`, 'm'))
})

t.test('a process takes over while its event loop is blocked', async t => {
  const listen = `127.0.0.1:${await freePort()}`
  const members = await serving(t, START['child processes'], { listen })
  const [one] = await listening(members)
  const [two, three] = members.filter(member => member !== one)
  await two!.kill()
  await three!.call('block')
  await one!.kill()
  const counts = members.map((_, n) => `c_total{x="member ${n}"} ${10 + n}`)
  let text = ''
  await until('it answers', async () => {
    text = await scrape(listen).then(
      ({ text }) => text,
      () => '',
    )
    return text !== ''
  })
  for (const line of counts) t.ok(text.includes(`${line}\n`), line)
})

t.test('one that is stopped has the address still', async t => {
  const listen = `127.0.0.1:${await freePort()}`
  const members = await serving(t, START['child processes'], { listen })
  const [one] = await listening(members)
  one!.child.kill('SIGSTOP')
  const status = () => readFileSync(`/proc/${one!.child.pid}/status`, 'utf8')
  await until('it is stopped', () => /^State:\s+T/m.test(status()))
  t.equal(await isHeld(parseListen(listen)), true)
  t.same(await listening(members.filter(member => member !== one)), [])
  const answer = scrape(listen)
  one!.child.kill('SIGCONT')
  t.match((await answer).text, /^c_total/m)
  t.same(await listening(members), [one])
})
