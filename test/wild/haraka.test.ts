/** Haraka from npm, with workers, and a plugin that counts in one registry of all its processes. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { needPinned } from '../../scripts/need-pinned.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { neededOrSkip } from '../support/need.js'
import { until } from '../support/until.js'
import { DOMAIN, type Home, installHaraka, writeSmtpIni } from './haraka-home.js'
import { alive, childrenOf, Program } from './program.js'
import { sampleOf } from './samples.js'
import { type Session, SmtpLoad } from './smtp-load.js'

const run = promisify(execFile)
const WORKERS = 3
const CLIENTS = 12
const RECIPIENT = `b@${DOMAIN}`

const modules = await neededOrSkip(t, 'Haraka', () => needPinned('haraka'))
if (modules !== undefined) {
  const home = await installHaraka(t, modules, ['rcpt_to.in_host_list', 'metrics'])
  await t.test('a worker is killed, the others are reloaded, and no count is lost', t => reloaded(t, home))
  await t.test('as a daemon', t => daemon(t, home))
}

/** Writes what differs from run to run. */
async function configure(home: Home, ...lines: string[]) {
  const [port, metrics] = [await freePort(), await freePort()]
  await writeSmtpIni(home, port, `nodes=${WORKERS}`, ...lines)
  const { TAP: _tap, ...environment } = process.env
  return {
    port,
    scrape: () => getBody(`http://127.0.0.1:${metrics}/metrics`),
    env: { ...environment, METRICS_LISTEN: `127.0.0.1:${metrics}` },
  }
}

async function reloaded(t: Test, home: Home): Promise<void> {
  const { port, scrape, env } = await configure(home)
  const command = (...args: string[]) => [home.haraka, '-c', home.folder, ...args]
  const master = new Program(t, process.execPath, command(), { cwd: home.folder, env })
  await master.said(/worker \d+ listening on/, WORKERS)
  const first = childrenOf(master.pid)
  t.equal(first.length, WORKERS)
  const load = new SmtpLoad({ host: '127.0.0.1', port, recipient: RECIPIENT }, CLIENTS, 20)
  await load.more(200)

  process.kill(first[0]!, 'SIGKILL')
  await master.said(/killed by signal SIGKILL/)
  await master.said(/worker \d+ listening on/, WORKERS + 1)
  await until('the dead one is found, and the one in its place has joined', async () => {
    const text = await scrape()
    const found = sampleOf(text, 'postmeter_processes_found_dead_total')
    return sampleOf(text, 'postmeter_processes') === WORKERS + 1 && found === 1
  })
  await load.more(200)

  const second = childrenOf(master.pid)
  await run(process.execPath, command('--graceful'), { env, timeout: 30_000 })
  await master.said(/Reload complete/)
  await load.more(200)
  await load.stop()
  const third = childrenOf(master.pid)
  t.equal(third.length, WORKERS)
  t.notOk(
    third.some(pid => second.includes(pid)),
    'all workers are others',
  )
  await until('Haraka has seen that all connections ended', async () => {
    return sampleOf(await scrape(), 'smtp_open_connections') === 0
  })
  const text = await scrape()
  t.equal(sampleOf(text, 'postmeter_processes'), WORKERS + 1)
  // One more connection is that of the command that reloads.
  compare(t, text, load.sessions, 1)
}

/** Compares a scrape with what clients saw, of whom some saw their connection break as one worker was killed. */
function compare(t: Test, text: string, sessions: readonly Session[], others: number): void {
  const counted = ({ domain }: Session) => sampleOf(text, `smtp_messages_total{domain="${domain}"}`) ?? 0
  const broken = sessions.filter(session => session.broken)
  const whole = sessions.filter(session => !session.broken)
  const sum = (of: (session: Session) => number) => sessions.reduce((sum, session) => sum + of(session), 0)
  t.ok(broken.length > 0, `${broken.length} connections broke`)
  t.same(
    whole.filter(session => counted(session) !== session.taken),
    [],
    `${sum(({ taken }) => taken)} messages were taken, and counted where they were`,
  )
  // Counted before it is answered: of each connection that broke, one message may be counted that was not answered.
  const most = ({ taken, unanswered }: Session) => (unanswered ? taken + 1 : taken)
  t.same(
    broken.filter(session => counted(session) < session.taken || counted(session) > most(session)),
    [],
    'where a connection broke, too',
  )
  t.equal(sampleOf(text, 'smtp_message_bytes_count'), sum(counted), 'the histogram has as many')
  const greeted = sessions.filter(session => session.greeted).length
  const connections = sampleOf(text, 'smtp_connections_total')! - others
  t.ok(
    connections >= greeted && connections <= sessions.length,
    `${connections} connections, of which clients saw ${greeted}`,
  )
  const unended = connections + others - sampleOf(text, 'smtp_disconnects_total')!
  t.ok(unended > 0 && unended <= CLIENTS, `${unended} ended with the worker that was killed`)
}

/** What was started ends: the daemon is a child of its, and has the registry from it. */
async function daemon(t: Test, home: Home): Promise<void> {
  const [log, pidFile] = [join(home.folder, 'haraka.log'), join(home.folder, 'haraka.pid')]
  const lines = ['daemonize=true', `daemon_log_file=${log}`, `daemon_pid_file=${pidFile}`]
  const { port, scrape, env } = await configure(home, ...lines)
  await run(process.execPath, [home.haraka, '-c', home.folder], { cwd: home.folder, env, timeout: 60_000 })
  let pid = 0
  t.teardown(async () => {
    if (pid === 0) return
    process.kill(pid, 'SIGINT')
    await until('the daemon has ended', () => !alive(pid))
  })
  await until('it runs', async () => {
    pid = Number(await readFile(pidFile, 'utf8').catch(() => 0))
    const said = await readFile(log, 'utf8').catch(() => '')
    return pid > 0 && said.match(/worker \d+ listening on/g)?.length === WORKERS
  })
  const load = new SmtpLoad({ host: '127.0.0.1', port, recipient: RECIPIENT }, 3, 10)
  await load.more(60)
  await load.stop()
  const text = await scrape()
  for (const { domain, taken } of load.sessions)
    t.equal(sampleOf(text, `smtp_messages_total{domain="${domain}"}`) ?? 0, taken)
  t.equal(sampleOf(text, 'postmeter_processes'), WORKERS + 1)
}
