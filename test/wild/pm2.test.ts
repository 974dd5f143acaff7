/** PM2 from npm, in cluster mode: a program of which it starts several counts in one registry of all of them. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { needPinned } from '../../scripts/need-pinned.js'
import { link, makeConsumer } from '../package/consumer.js'
import { sharedFolder } from '../support/folder.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { neededOrSkip } from '../support/need.js'
import { until } from '../support/until.js'
import { HttpLoad } from './http-load.js'
import { alive } from './program.js'
import { sampleOf } from './samples.js'

const run = promisify(execFile)
const APP = fileURLToPath(new URL('../../../test/wild/pm2/app.js', import.meta.url))
const PROCESSES = 3
const CLIENTS = 12

t.test('PM2: one process killed, all reloaded, and no count is lost', async t => {
  const modules = await neededOrSkip(t, 'PM2', () => needPinned('pm2'))
  if (modules === undefined) return
  const { folder } = await makeConsumer(t)
  for (const name of ['koffi', 'uWebSockets.js']) await link(name, folder)
  await cp(APP, join(folder, 'app.js'))
  const home = join(folder, 'pm2')
  await mkdir(home)
  const [port, metrics] = [await freePort(), await freePort()]
  const { TAP: _tap, ...environment } = process.env
  const env = {
    ...environment,
    PM2_HOME: home,
    PM2_DISABLE_VERSION_CHECK: 'true',
    PORT: String(port),
    METRICS_LISTEN: `127.0.0.1:${metrics}`,
    METRICS_FILE: join(sharedFolder(t), 'metrics'),
  }
  const pm2 = async (...args: string[]) => {
    const command = [join(modules, 'pm2/bin/pm2'), ...args]
    return (await run(process.execPath, command, { cwd: folder, env, timeout: 60_000 })).stdout
  }
  const pids = async () => {
    const said = await pm2('jlist', '--silent')
    const listed = JSON.parse(said.slice(said.indexOf('['))) as { pid: number; pm_id: number }[]
    return listed.sort((a, b) => a.pm_id - b.pm_id).map(({ pid }) => pid)
  }
  const scrape = () => getBody(`http://127.0.0.1:${metrics}/metrics`)
  const all = async (what: string) => {
    await until(what, async () => {
      const text = await scrape().catch(() => '')
      return sampleOf(text, 'postmeter_processes') === PROCESSES
    })
  }

  t.teardown(async () => {
    const daemon = Number(await readFile(join(home, 'pm2.pid'), 'utf8').catch(() => 0))
    await pm2('kill')
    if (daemon > 0) await until('the daemon has ended', () => !alive(daemon))
  })
  await pm2('start', 'app.js', '-i', String(PROCESSES))
  await all('all have joined')
  const first = await pids()
  t.equal(first.length, PROCESSES)
  const load = new HttpLoad(port, CLIENTS)
  await load.more(300)

  const killed = load.serving
  t.ok(first.includes(killed), `${killed} serves, and is killed`)
  process.kill(killed, 'SIGKILL')
  await until('PM2 has started another in its place', async () => (await pids()).every(alive))
  await all('that has joined, and one serves')
  await load.more(300)
  await until('an answer says who', () => load.serving !== killed)

  const second = await pids()
  await pm2('reload', 'app')
  const third = await pids()
  t.notOk(
    third.some(pid => second.includes(pid)),
    'all are others',
  )
  await until('those before have ended', () => !second.some(alive))
  await all('all have joined')
  await load.more(300)
  await load.stop()

  await until('nothing is at work', async () => sampleOf(await scrape(), 'http_open') === 0)
  const text = await scrape()
  for (const pid of [...first, ...third]) t.ok(load.pids.has(pid), `${pid} has answered`)
  const failed = load.clients.reduce((sum, client) => sum + client.failed, 0)
  const counts = (text: string) =>
    load.clients.map(({ name }) => sampleOf(text, `http_requests_total{client="${name}"}`)!)
  const counted = counts(text)
  t.same(
    load.clients.filter((client, n) => {
      const more = counted[n]! - client.answered
      return !(more >= 0 && more <= client.failed)
    }),
    [],
    `${load.answered} requests were answered, ${failed} were not: counts are what the clients saw`,
  )

  await pm2('delete', 'all')
  await until('all have ended', () => !third.some(alive))
  await pm2('start', 'app.js', '-i', String(PROCESSES))
  await all('others have begun')
  t.same(counts(await scrape()), counted, 'what starts anew goes on with the same counts')
})
