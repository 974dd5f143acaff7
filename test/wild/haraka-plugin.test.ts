/** haraka-plugin-postmeter, installed into Haraka from its tarball: what clients and next hops saw is what it counted. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
import { childrenOf } from './program.js'
import { sampleOf } from './samples.js'
import { SmtpLoad } from './smtp-load.js'

const run = promisify(execFile)
const service = (domain: string) => `service="smtp_client:out-1->${domain}@smtp_client"`

const modules = await neededOrSkip(t, 'Haraka', () => needPinned('haraka'))
if (modules !== undefined) {
  const plugins = [
    'postmeter',
    'refuse',
    'tls',
    'auth/flat_file',
    'rcpt_to.in_host_list',
    'dkim',
    'rspamd',
    'route',
  ]
  const home = await installPlugin(t, modules, plugins)
  await t.test('with workers', t => withWorkers(t, home))
}

/** An rspamd that finds all mail worth a header. */
async function rspamd(t: Test, { folder }: Home): Promise<void> {
  const server = createServer((request, response) => {
    request
      .resume()
      .once('end', () => response.end('{"action":"add header","score":7.5,"required_score":15}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  const ini = [`host=127.0.0.1`, `port=${port}`, '[check]', 'local_ip=true', 'private_ip=true', '']
  await writeFile(join(folder, 'config/rspamd.ini'), ini.join('\n'))
}

async function withWorkers(t: Test, home: Home): Promise<void> {
  const sink = await Sink.start(t)
  await rspamd(t, home)
  const outbound = ['[outbound]', 'source=out-1', 'pool=default']
  const haraka = await Haraka.configured(home, sink.port, outbound, 'nodes=2')
  const { port } = haraka
  const master = haraka.start(t)
  await master.said(/worker \d+ listening on/, 2)

  await t.test('what comes in', async t => {
    const local = (name: string) => `${name}@${DOMAIN}`
    const from = 'a@far.example'
    t.strictSame(
      await converse({ port }, [
        { from, to: [local('one')] },
        { from, to: [local('one'), local('two'), 'x@elsewhere.example'] },
        { from, to: ['x@elsewhere.example'] },
        { from: 'refused@far.example', to: [local('one')] },
        { from: 'later@far.example', to: [local('one')] },
      ]),
      [{ code: 451 }, { code: 451 }, { code: 550 }, { code: 550 }, { code: 450 }],
      'no plugin takes mail in: it is put off',
    )
    t.strictSame(await converse({ port, login: { ...LOGIN, pass: 'wrong' } }, []), [{ code: 535 }])
    await haraka.has(t, 'counts of sessions', {
      'total_connection_count{service="esmtp_listener"}': 2,
      'connection_count{service="esmtp_listener"}': 0,
      haraka_connection_duration_seconds_count: 2,
      'haraka_commands_total{command="ehlo"}': 2,
      'haraka_commands_total{command="mail"}': 5,
      'haraka_commands_total{command="rcpt"}': 5,
      'haraka_commands_total{command="data"}': 2,
      'haraka_commands_total{command="auth"}': 1,
      'haraka_denials_total{hook="mail",plugin="refuse",verdict="deny"}': 1,
      'haraka_denials_total{hook="mail",plugin="refuse",verdict="denysoft"}': 1,
      'haraka_recipients_total{result="accepted"}': 3,
      'haraka_recipients_total{result="rejected"}': 2,
      'haraka_transactions_total{result="deferred"}': 2,
      'haraka_transactions_total{result="unfinished"}': 3,
      'haraka_replies_total{code="451"}': 2,
      'haraka_replies_total{code="550"}': 3,
      'haraka_auth_total{method="plain",result="fail"}': 1,
      // The client sends the commands of a letter at once: what stood behind a MAIL or RCPT that was refused.
      'haraka_replies_total{code="503"}': 5,
      'smtp_server_rejections{service="esmtp_listener"}': 12,
      'total_messages_received{service="esmtp_listener"}': 0,
      'haraka_checks_total{check="dkim",scope="",result="none"}': 2,
      'haraka_checks_total{check="rspamd",scope="",result="add header"}': 2,
    })
  })

  await t.test('what goes out, by domain', async t => {
    const to = ['ok@a.example', 'fine@a.example', 'later@a.example', 'no@a.example', 'ok@b.example']
    const session = { port, tls: true, login: LOGIN }
    t.strictSame(await converse(session, [{ from: 'me@c.example', to }]), [{ accepted: 5, rejected: 0 }])
    await haraka.has(t, 'each recipient once, and the bounce', {
      'total_messages_received{service="esmtp_listener"}': 5,
      'haraka_transactions_total{result="accepted"}': 1,
      haraka_message_bytes_count: 1,
      'haraka_auth_total{method="plain",result="pass"}': 1,
      'haraka_commands_total{command="starttls"}': 1,
      haraka_outbound_recipients_total: 6,
      [`total_messages_delivered{${service('a.example')}}`]: 2,
      [`total_messages_transfail{${service('a.example')}}`]: 1,
      [`total_messages_fail{${service('a.example')}}`]: 1,
      [`total_messages_delivered{${service('b.example')}}`]: 1,
      [`total_messages_delivered{${service('c.example')}}`]: 1,
      'total_messages_delivered{service="smtp_client"}': 4,
      'total_messages_transfail{service="smtp_client"}': 1,
      'total_messages_fail{service="smtp_client"}': 1,
      'scheduled_by_domain{domain="a.example"}': 1,
      'scheduled_count{queue="a.example"}': 1,
      scheduled_count_total: 1,
      [`ready_count{${service('a.example')}}`]: 0,
      'ready_count{service="smtp_client"}': 0,
      'haraka_outbound_deliveries_total{mode="smtp",tls="no"}': 3,
      'haraka_outbound_files{queue="temp_fail"}': 1,
      'haraka_outbound_files{queue="in_progress"}': 0,
    })
    t.strictSame(
      ['a.example', 'b.example', 'c.example'].map(domain => sink.takenAt(domain)),
      [2, 1, 1],
    )
    const text = await haraka.scrape()
    t.match(text, /^haraka_tls_connections_total\{version="TLSv1\.3",cipher="TLS_[A-Z0-9_]+"\} 1$/m)
    t.match(text, /^disk_free_bytes\{name="data spool"\} \d/m)
    t.notMatch(text, /^haraka_postmeter_failures_total/m)
  })

  await t.test('workers are killed: no count is lost, and what waited in one waits in the next', async t => {
    const before = await haraka.scrape()
    const counted = (text: string, series: string) =>
      sampleOf(text, series)! - (sampleOf(before, series) ?? 0)
    const load = new SmtpLoad({ host: '127.0.0.1', port, recipient: 'a@d.example', login: LOGIN }, 6, 10)
    await load.more(50)
    for (const n of [1, 2]) {
      process.kill(childrenOf(master.pid)[0]!, 'SIGKILL')
      await master.said(/killed by signal SIGKILL/, n)
      await master.said(/worker \d+ listening on/, 2 + n)
      await load.more(50)
    }
    await load.stop()
    const delivered = async () =>
      sampleOf(await haraka.scrape(), `total_messages_delivered{${service('d.example')}}`) ?? 0
    await until('all of it is delivered', async () => (await delivered()) >= load.taken)
    await haraka.has(t, 'gone with the dead, and there with the living', {
      postmeter_processes: 3,
      'connection_count{service="esmtp_listener"}': 0,
      'scheduled_by_domain{domain="a.example"}': 1,
      scheduled_count_total: 1,
      'ready_count{service="smtp_client"}': 0,
      'haraka_outbound_files{queue="temp_fail"}': 1,
    })
    const text = await haraka.scrape()
    const received = counted(text, 'total_messages_received{service="esmtp_listener"}')
    const unanswered = load.sessions.filter(session => session.unanswered).length
    t.ok(
      received >= load.taken && received <= load.taken + unanswered,
      `${received} received, of which clients saw ${load.taken}, and ${unanswered} had no answer`,
    )
    // A next hop may have taken what its worker had no time to count: Haraka then sends it again.
    const [counts, taken] = [await delivered(), sink.takenAt('d.example')]
    t.ok(counts <= taken, `${counts} delivered, ${taken} taken by the next hop`)
  })

  await t.test('the config is read again: providers; a mistake changes nothing', async t => {
    const providers = ['providers=big', '[provider_domains]', 'a.example=big', '[checks]', 'plugins=dkim']
    await haraka.set(...outbound, ...providers)
    await master.said(/postmeter.ini was read again/, 3)
    sink.later = false
    // Has Haraka send what waits. What it has from the disk it only reads at the first signal.
    await until('the next hop has it', async () => {
      process.kill(master.pid, 'SIGHUP')
      await haraka.scrape()
      return sink.takenAt('a.example') === 3
    })
    await haraka.has(t, 'the next hop takes it, and nothing waits', {
      [`total_messages_delivered{${service('a.example')}}`]: 3,
      'total_messages_delivered_by_provider{provider="big"}': 1,
      'total_messages_delivered_by_provider_and_source{provider="big",source="out-1",pool="default"}': 1,
      'scheduled_by_domain{domain="a.example"}': 0,
      scheduled_count_total: 0,
    })
    await haraka.set(...outbound, ...providers, 'plugin=spf')
    await master.said(/postmeter\.ini, line 11: plugin is no key of \[checks\]; .*all stays as it was/, 3)
    await converse({ port, tls: true, login: LOGIN }, [{ from: 'me@c.example', to: ['ok@x.a.example'] }])
    await haraka.has(t, 'as before', { 'total_messages_delivered_by_provider{provider="big"}': 2 })
  })

  await t.test('a worker that comes up meanwhile counts, too', async t => {
    process.kill(childrenOf(master.pid)[0]!, 'SIGKILL')
    await master.said(/worker \d+ listening on/, 5)
    await master.said(/line 11: .*all stays as it was set when Haraka was started/)
    await haraka.has(t, 'three processes', { postmeter_processes: 3 })
    await run(process.execPath, haraka.command('--graceful'), { env: haraka.env, timeout: 30_000 })
    await master.said(/Reload complete/)
    await converse({ port, tls: true, login: LOGIN }, [{ from: 'me@c.example', to: ['ok@a.example'] }])
    await haraka.has(t, 'as before', { 'total_messages_delivered_by_provider{provider="big"}': 3 })
  })
}
