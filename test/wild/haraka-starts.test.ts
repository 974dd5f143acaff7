/** haraka-plugin-postmeter as Haraka starts: with mistakes, again, as one process, and where memory is not shared. */
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { needPinned } from '../../scripts/need-pinned.js'
import { neededOrSkip } from '../support/need.js'
import { until } from '../support/until.js'
import { converse } from './haraka-client.js'
import { DOMAIN, type Home } from './haraka-home.js'
import { Sink } from './haraka-sink.js'
import { Haraka, installPlugin, LOGIN } from './haraka-started.js'
import { alive } from './program.js'

const run = promisify(execFile)

const modules = await neededOrSkip(t, 'Haraka', () => needPinned('haraka'))
if (modules !== undefined) {
  const plugins = ['postmeter', 'refuse', 'tls', 'auth/flat_file', 'rcpt_to.in_host_list', 'route']
  const home = await installPlugin(t, modules, plugins)
  await t.test('a mistake in the config ends the start, with the line', t => mistakes(t, home))
  await t.test('with a file counts go on when Haraka is started again', t => again(t, home))
  await t.test('one process, as a daemon, without koffi', t => alone(t, home))
  // With node:ffi there is shared memory all the same.
  if (!isBuiltin('node:ffi'))
    await t.test('workers without shared memory take mail, and say why there are no metrics', t =>
      unshared(t, home),
    )
}

async function mistakes(t: Test, home: Home): Promise<void> {
  const haraka = await Haraka.configured(home, 1, [], 'nodes=1')
  for (const [lines, said] of [
    [
      ['lisen=127.0.0.1:1'],
      /config\/postmeter\.ini, line 3: lisen is no key of \[main\]; there are listen, /,
    ],
    [['listen=127.0.0.1:2'], /line 3: listen is there a second time; the first is in line 2/],
    [['trusted_hosts=10.0.0.0/33'], /line 3: trusted_hosts: option "trustedHosts": .*10\.0\.0\.0\/33/],
    [['[registry]', 'memory=much'], /line 4: memory: option "memory": .*much/],
    [
      ['[outbound]', 'providers=big', '[provider_mx]', 'big.example=bug'],
      /line 6: big\.example: provider "bug" is not among providers of \[outbound\] \(big\)/,
    ],
  ] as const) {
    await haraka.set(...lines)
    const program = haraka.start(t)
    await program.said(said)
    t.not(await program.exitCode(), 0, lines.join(' '))
  }
  await haraka.write('', '[main]', 'listen=192.0.2.1:8000')
  const program = haraka.start(t)
  await program.said(/line 3: listen: option "listen": .*192\.0\.2\.1:8000/)
  t.not(await program.exitCode(), 0, 'an address that this machine does not have')
}

/** `/dev/shm` is in memory, as such a file must be. */
async function again(t: Test, home: Home): Promise<void> {
  const file = `/dev/shm/postmeter-haraka-${process.pid}`
  t.teardown(() => rm(file, { force: true }))
  const ini = ['[registry]', `file=${file}`, '[labels]', 'host=mx1']
  const haraka = await Haraka.configured(home, 1, ini, 'nodes=1', 'graceful_shutdown=true')
  for (const starts of [1, 2]) {
    const master = haraka.start(t)
    await master.said(/worker \d+ listening on/)
    await converse({ port: haraka.port }, [{ from: 'refused@far.example', to: [`one@${DOMAIN}`] }])
    await haraka.has(t, `start ${starts}`, {
      'total_connection_count{host="mx1",service="esmtp_listener"}': starts,
      'connection_count{host="mx1",service="esmtp_listener"}': 0,
      'haraka_denials_total{host="mx1",hook="mail",plugin="refuse",verdict="deny"}': starts,
    })
    // Gracefully: Haraka waits until nothing keeps its processes, and ends them by force after half a minute.
    await master.end()
    t.notMatch(master.lines.join('\n'), /Killing\.|failed to shutdown/i)
  }
}

async function alone(t: Test, home: Home): Promise<void> {
  const sink = await Sink.start(t)
  await rm(join(home.folder, 'node_modules/koffi'))
  const pidFile = join(home.folder, 'haraka.pid')
  const daemon = [
    'daemonize=true',
    `daemon_log_file=${join(home.folder, 'haraka.log')}`,
    `daemon_pid_file=${pidFile}`,
  ]
  const haraka = await Haraka.configured(home, sink.port, [], 'nodes=0', ...daemon)
  await run(process.execPath, haraka.command(), { cwd: home.folder, env: haraka.env, timeout: 60_000 })
  let pid = 0
  t.teardown(async () => {
    if (pid === 0) return
    process.kill(pid, 'SIGINT')
    await until('the daemon has ended', () => !alive(pid))
  })
  await until('it serves', async () => {
    pid = Number(await readFile(pidFile, 'utf8').catch(() => 0))
    return (
      pid > 0 &&
      (await haraka.scrape().then(
        () => true,
        () => false,
      ))
    )
  })
  const to = ['ok@a.example', 'later@b.example']
  const session = { port: haraka.port, tls: true, login: LOGIN }
  t.strictSame(await converse(session, [{ from: 'me@c.example', to }]), [{ accepted: 2, rejected: 0 }])
  await haraka.has(t, 'in and out', {
    'total_connection_count{service="esmtp_listener"}': 1,
    'total_messages_received{service="esmtp_listener"}': 2,
    'total_messages_delivered{service="smtp_client:unspecified->a.example@smtp_client"}': 1,
    'scheduled_by_domain{domain="b.example"}': 1,
  })
}

async function unshared(t: Test, home: Home): Promise<void> {
  const haraka = await Haraka.configured(home, 1, [], 'nodes=1')
  const master = haraka.start(t)
  await master.said(/there are no metrics of this process: .*koffi.*with nodes=0 in smtp\.ini/)
  await master.said(/worker \d+ listening on/)
  t.strictSame(await converse({ port: haraka.port }, [{ from: 'a@b.example', to: [`one@${DOMAIN}`] }]), [
    { code: 451 },
  ])
}
