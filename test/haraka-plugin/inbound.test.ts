/** Sessions as Haraka runs its hooks for them, the rare ones. */
import t, { type Test } from 'tap'
import { Checks } from '../../src/haraka-plugin/checks.js'
import { Inbound } from '../../src/haraka-plugin/inbound.js'
import { counting } from './support.js'

const VERDICTS = { DENY: 902, DENYSOFT: 903, DENYDISCONNECT: 904, DENYSOFTDISCONNECT: 909 }
Object.assign(globalThis, VERDICTS)
const LISTENER = { service: 'esmtp_listener' }

function started(t: Test) {
  const all = counting(t)
  let time = 0
  new Inbound(all.mta, all.own, new Checks(all.own, []), all.guard, () => time).register()
  return {
    ...all,
    value: all.registry.value.bind(all.registry),
    pass: (ms: number) => {
      time += ms
    },
  }
}

class Connection {
  transaction: object | null = null
  notes: Record<string, unknown> = {}
  tls = { enabled: false, cipher: {} }
  readonly auth = { pass: [] as string[], fail: [] as string[] }
  readonly written: unknown[] = []
  readonly results = { get: (name: string) => (name === 'auth' ? this.auth : undefined) }

  respond(code: unknown, message: unknown, done?: () => void): string {
    this.written.push([code, message])
    done?.()
    return 'written'
  }
}

class DSN {
  readonly code = 554
  readonly reply = '5.7.1 no'
}

t.test('a connection counts once, however often a proxy has it begin', async t => {
  const { plugin, value, pass } = started(t)
  const connection = new Connection()
  for (const _ of [1, 2]) plugin.run('connect_init', connection)
  t.equal(value('total_connection_count', LISTENER), 1)
  t.equal(value('connection_count', LISTENER), 1)
  pass(2_000)
  plugin.run('disconnect', connection)
  t.equal(value('connection_count', LISTENER), 0)
  t.match(value('haraka_connection_duration_seconds'), { count: 1, sum: 2 })

  plugin.run('disconnect', new Connection())
  t.equal(value('connection_count', LISTENER), 0, 'one whose proxy said nothing never began')
})

t.test('replies go on as they came, and are counted by the code that is written', async t => {
  const { plugin, value } = started(t)
  const connection = new Connection()
  plugin.run('connect_init', connection)
  let done = 0
  t.equal(
    connection.respond(250, 'ok', () => done++),
    'written',
  )
  connection.respond('421', 'later')
  connection.respond(550, new DSN())
  connection.respond('nothing', 'at all')
  t.equal(done, 1)
  t.equal(connection.written.length, 4)
  for (const code of ['250', '421', '554', 'other']) t.equal(value('haraka_replies_total', { code }), 1, code)
  t.equal(value('haraka_replies_total', { code: '550' }), undefined)
  t.equal(value('smtp_server_rejections', LISTENER), 2)
  plugin.run('disconnect', connection)
  t.notOk(Object.hasOwn(connection, 'respond'), "Haraka's own is there again")
})

t.test('a connection that is denied counts, unless another plugin overrules it', async t => {
  const { plugin, value } = started(t)
  const connection = new Connection()
  plugin.run('connect_init', connection)
  const denied = [VERDICTS.DENYSOFT, 'no', 'karma', 'hook_connect', undefined, 'connect']
  for (const _ of [1, 2]) plugin.run('deny', connection, denied)
  const labels = { hook: 'connect', plugin: 'karma', verdict: 'denysoft' }
  t.equal(value('haraka_denials_total', labels), 2)
  t.equal(value('total_connections_denied', LISTENER), 1)

  // As delay_deny does: plugins behind it are not asked.
  const other = new Connection()
  plugin.run('connect_init', other)
  plugin.only('deny', 'first', other, denied)
  t.equal(value('haraka_denials_total', labels), 3)
  t.equal(value('total_connections_denied', LISTENER), 1)
  plugin.run('deny', { todo: {} }, [VERDICTS.DENY, 'no', 'route', 'hook_get_mx', undefined, 'get_mx'])
  t.equal(value('haraka_denials_total', { hook: 'get_mx', plugin: 'route', verdict: 'deny' }), 1)
})

t.test(
  'a message that is accepted counts before its answer, for each recipient; the rest at its end',
  async t => {
    const { plugin, value, pass } = started(t)
    const connection = new Connection()
    plugin.run('connect_init', connection)
    plugin.run('mail', connection)
    const transaction = {
      rcpt_to: [1, 2, 3],
      rcpt_count: { accept: 3, tempfail: 1, reject: 2 },
      data_bytes: 5_000,
    }
    connection.transaction = transaction
    pass(100)
    plugin.run('data', connection)
    pass(200)
    plugin.run('data_post', connection)
    pass(400)
    plugin.run('queue_ok', connection)
    t.equal(value('total_messages_received', LISTENER), 3)
    t.equal(value('haraka_transactions_total', { result: 'accepted' }), 1)
    connection.transaction = { ...transaction, msg_status: 'accepted' }
    plugin.run('reset_transaction', connection)
    for (const [result, count] of Object.entries({ accepted: 3, deferred: 1, rejected: 2 }))
      t.equal(value('haraka_recipients_total', { result }), count, result)
    t.equal(value('haraka_transactions_total', { result: 'accepted' }), 1, 'once')
    t.match(value('smtpsrv_read_data_duration'), { count: 1, sum: 0.2 })
    t.match(value('smtpsrv_process_data_duration'), { count: 1, sum: 0.4 })
    t.match(value('smtpsrv_transaction_duration'), { count: 1, sum: 0.7 })
    for (const msg_status of ['rejected', 'deferred', undefined]) {
      plugin.run('mail', connection)
      connection.transaction = { rcpt_to: [], msg_status }
      plugin.run('reset_transaction', connection)
      t.equal(value('haraka_transactions_total', { result: msg_status ?? 'unfinished' }), 1)
    }
  },
)

t.test('encryption counts once a connection, from whichever hook sees it first', async t => {
  const { plugin, value } = started(t)
  const [one, two] = [new Connection(), new Connection()]
  for (const connection of [one, two]) plugin.run('connect_init', connection)
  plugin.run('ehlo', one)
  for (const connection of [one, two])
    connection.tls = { enabled: true, cipher: { name: 'AES', version: 'TLSv1.3' } }
  for (const hook of ['ehlo', 'mail', 'disconnect']) plugin.run(hook, one)
  plugin.run('disconnect', two)
  t.equal(value('haraka_tls_connections_total', { version: 'TLSv1.3', cipher: 'AES' }), 2)
})

t.test('logins count with their answer, and what follows AUTH is no command', async t => {
  const { plugin, value } = started(t)
  const connection = new Connection()
  plugin.run('connect_init', connection)
  plugin.run('unrecognized_command', connection, ['AUTH', 'LOGIN'])
  connection.notes = { authenticating: true, auth_method: 'LOGIN' }
  plugin.run('unrecognized_command', connection, ['dXNlcg=='])
  connection.auth.fail.push('auth/flat_file/LOGIN')
  connection.respond(535, 'no')
  connection.auth.pass.push('auth/flat_file')
  connection.respond(235, 'yes')
  // One whose plugin answers with a code of its own.
  connection.auth.fail.push('other/LOGIN')
  connection.notes = { auth_method: 'LOGIN' }
  plugin.run('unrecognized_command', connection, ['BDAT', '5'])
  plugin.run('disconnect', connection)
  t.equal(value('haraka_auth_total', { method: 'login', result: 'pass' }), 1)
  t.equal(value('haraka_auth_total', { method: 'login', result: 'fail' }), 2)
  t.equal(value('haraka_commands_total', { command: 'auth' }), 1)
  t.equal(value('haraka_commands_total', { command: 'other' }), 1)
})

t.test('whatever comes, Haraka is called back once for each hook', async t => {
  const { plugin, value } = started(t)
  for (const hook of ['connect_init', 'ehlo', 'mail', 'rcpt', 'queue_ok', 'reset_transaction', 'disconnect'])
    t.ok(plugin.run(hook, Object.freeze({}), undefined) > 0, hook)
  t.ok((value('haraka_postmeter_failures_total', { at: 'queue_ok' }) as number) > 0)
})
