/**
 * What comes in over SMTP. A message that is accepted is counted before its client has the answer; what a plugin may
 * still change, such as the results of checks, when its transaction or connection ends.
 */
import type { CounterChild, GaugeChild } from '../index.js'
import type { MtaMetrics } from '../mta.js'
import type { Checks } from './checks.js'
import type { Guard } from './guard.js'
import { type Connection, globals, type Respond, type Transaction } from './haraka.js'
import type { OwnMetrics } from './own-metrics.js'

const SERVICE = { service: 'esmtp_listener' } as const
/** Commands that have a hook of their own. */
const COMMANDS = ['helo', 'ehlo', 'mail', 'rcpt', 'data', 'rset', 'quit', 'vrfy', 'noop'] as const
/** What Haraka notes of a message, and of a recipient. */
const RESULTS: Readonly<Record<string, string>> = {
  accepted: 'accepted',
  deferred: 'deferred',
  rejected: 'rejected',
}

interface Ongoing {
  readonly since: number
  denied: boolean
  secured: boolean
  passed: number
  failed: number
  transaction: Timed | undefined
  /** What the connection's respond() was made. */
  respond: Respond | undefined
}

/** A transaction under way; times in ms, 0 until there. */
interface Timed {
  readonly since: number
  dataFrom: number
  dataTo: number
  accepted: boolean
}

export class Inbound {
  readonly #mta: MtaMetrics
  readonly #own: OwnMetrics
  readonly #checks: Checks
  readonly #guard: Guard
  readonly #now: () => number
  readonly #connections = new WeakMap<object, Ongoing>()
  readonly #verdicts = new Map<unknown, string>()
  readonly #replies = new Map<string, CounterChild>()
  readonly #opened: CounterChild
  readonly #open: GaugeChild
  readonly #received: CounterChild
  readonly #rejections: CounterChild
  readonly #connectionsDenied: CounterChild

  /** `now` in ms. */
  constructor(mta: MtaMetrics, own: OwnMetrics, checks: Checks, guard: Guard, now = () => performance.now()) {
    this.#mta = mta
    this.#own = own
    this.#checks = checks
    this.#guard = guard
    this.#now = now
    this.#opened = mta.totalConnectionCount.labels(SERVICE)
    this.#open = mta.connectionCount.labels(SERVICE)
    this.#received = mta.totalMessagesReceived.labels(SERVICE)
    this.#rejections = mta.smtpServerRejections.labels(SERVICE)
    this.#connectionsDenied = mta.totalConnectionsDenied.labels(SERVICE)
    const { DENY, DENYSOFT, DENYDISCONNECT, DENYSOFTDISCONNECT } = globals()
    this.#verdicts.set(DENY, 'deny').set(DENYSOFT, 'denysoft')
    this.#verdicts.set(DENYDISCONNECT, 'denydisconnect').set(DENYSOFTDISCONNECT, 'denysoftdisconnect')
  }

  register(): void {
    const hook = this.#guard.hook.bind(this.#guard)
    hook('connect_init', -100, (connection: Connection) => this.#connected(connection))
    for (const command of COMMANDS) {
      const child = this.#own.commands.labels({ command })
      hook(command, -100, (connection: Connection) => {
        child.inc()
        this.#secured(connection)
        if (command === 'mail') this.#begun(connection)
      })
    }
    hook('unrecognized_command', -100, (connection: Connection, params: readonly unknown[]) => {
      this.#unrecognized(connection, params)
    })
    hook('data', 100, (connection: Connection) => {
      const transaction = this.#connections.get(connection)?.transaction
      if (transaction !== undefined) transaction.dataFrom = this.#now()
    })
    hook('data_post', -100, (connection: Connection) => this.#read(connection))
    hook('queue_ok', -100, (connection: Connection) => this.#accepted(connection))
    hook('deny', -100, (_: object, params: readonly unknown[]) => this.#denied(params))
    hook('deny', 100, (connection: object, params: readonly unknown[]) => {
      this.#turnedAway(connection, params)
    })
    hook('reset_transaction', 100, (connection: Connection) => this.#ended(connection))
    hook('disconnect', -100, (connection: Connection) => {
      if (this.#connections.has(connection)) this.#open.dec()
    })
    hook('disconnect', 100, (connection: Connection) => this.#disconnected(connection))
  }

  /** Behind a proxy Haraka runs this hook again for the same connection. */
  #connected(connection: Connection): void {
    if (this.#connections.has(connection)) return
    this.#connections.set(connection, {
      since: this.#now(),
      ...{ denied: false, secured: false, passed: 0, failed: 0 },
      transaction: undefined,
      respond: this.#watchReplies(connection),
    })
    this.#opened.inc()
    this.#open.inc()
  }

  /** No hook sees what Haraka answers by itself, so the connection's own respond() is asked. */
  #watchReplies(connection: Connection): Respond | undefined {
    const { respond } = connection
    if (typeof respond !== 'function') return undefined
    const counted = (code: unknown, message: unknown) => {
      // A plugin can give its reply as an object of haraka-dsn, which has a code of its own.
      const dsn = (message ?? {}) as { code?: unknown }
      const isDsn = typeof message === 'object' && message?.constructor?.name === 'DSN'
      this.#replied(connection, Number(isDsn ? dsn.code : code))
    }
    connection.respond = (code, message, done) => {
      this.#guard.run('respond', () => counted(code, message))
      return respond.call(connection, code, message, done)
    }
    return connection.respond
  }

  #replied(connection: Connection, code: number): void {
    const known = Number.isInteger(code) && code >= 200 && code <= 599
    const label = known ? `${code}` : 'other'
    let child = this.#replies.get(label)
    if (child === undefined) {
      child = this.#own.replies.labels({ code: label })
      this.#replies.set(label, child)
    }
    child.inc()
    if (known && code >= 400) this.#rejections.inc()
    // Authentication has no hook at its end; its answer comes behind its result.
    if (code === 235 || code === 535) this.#authenticated(connection)
  }

  #unrecognized(connection: Connection, [word]: readonly unknown[]): void {
    const command = String(word).toLowerCase()
    if (command === 'auth' || command === 'starttls') this.#own.commands.inc({ command })
    // What follows AUTH line by line are no commands.
    else if (connection.notes.authenticating !== true) this.#own.commands.inc({ command: 'other' })
  }

  #authenticated(connection: Connection): void {
    const ongoing = this.#connections.get(connection)
    const result = connection.results.get('auth')
    if (ongoing === undefined || result === undefined) return
    const method = methodOf(connection)
    const [passed, failed] = [result.pass?.length ?? 0, result.fail?.length ?? 0]
    if (passed > ongoing.passed) this.#own.auth.inc({ method, result: 'pass' }, passed - ongoing.passed)
    if (failed > ongoing.failed) this.#own.auth.inc({ method, result: 'fail' }, failed - ongoing.failed)
    ongoing.passed = passed
    ongoing.failed = failed
  }

  #secured(connection: Connection): void {
    const ongoing = this.#connections.get(connection)
    if (ongoing === undefined || ongoing.secured || connection.tls?.enabled !== true) return
    ongoing.secured = true
    const { version, name } = connection.tls.cipher ?? {}
    this.#own.tlsConnections.inc({ version: `${version ?? 'unknown'}`, cipher: `${name ?? 'unknown'}` })
  }

  #begun(connection: Connection): void {
    const ongoing = this.#connections.get(connection)
    if (ongoing === undefined) return
    ongoing.transaction = { since: this.#now(), dataFrom: 0, dataTo: 0, accepted: false }
  }

  #read(connection: Connection): void {
    const transaction = this.#connections.get(connection)?.transaction
    if (transaction === undefined || transaction.dataFrom === 0) return
    transaction.dataTo = this.#now()
    this.#mta.smtpsrvReadDataDuration.observe((transaction.dataTo - transaction.dataFrom) / 1_000)
  }

  #accepted(connection: Connection): void {
    const { transaction } = connection
    if (transaction === null) return
    const timed = this.#connections.get(connection)?.transaction
    if (timed?.accepted) return
    if (timed !== undefined) timed.accepted = true
    this.#own.transactions.inc({ result: 'accepted' })
    this.#received.inc(transaction.rcpt_to.length)
    this.#own.messageBytes.observe(transaction.data_bytes ?? 0)
    if (timed !== undefined && timed.dataTo > 0)
      this.#mta.smtpsrvProcessDataDuration.observe((this.#now() - timed.dataTo) / 1_000)
  }

  #denied([verdict, , plugin, , , hook]: readonly unknown[]): void {
    const named = this.#verdicts.get(verdict) ?? 'other'
    this.#own.denials.inc({ hook: `${hook}`, plugin: `${plugin}`, verdict: named })
  }

  /** As the last plugin asked: no other one has overruled it. */
  #turnedAway(connection: object, params: readonly unknown[]): void {
    const ongoing = this.#connections.get(connection)
    if (ongoing === undefined || ongoing.denied) return
    if (params[5] !== 'connect' && params[5] !== 'lookup_rdns') return
    ongoing.denied = true
    this.#connectionsDenied.inc()
  }

  /** Each transaction ends here once, whatever became of it. */
  #ended(connection: Connection): void {
    const { transaction } = connection
    if (transaction === null) return
    const ongoing = this.#connections.get(connection)
    const timed = ongoing?.transaction
    if (ongoing !== undefined) ongoing.transaction = undefined
    if (timed !== undefined) this.#mta.smtpsrvTransactionDuration.observe((this.#now() - timed.since) / 1_000)
    const accepted = timed?.accepted ?? transaction.msg_status === 'accepted'
    if (!accepted)
      this.#own.transactions.inc({ result: RESULTS[transaction.msg_status ?? ''] ?? 'unfinished' })
    this.#recipients(transaction)
    this.#checks.ofTransaction(transaction)
  }

  #recipients({ rcpt_count }: Transaction): void {
    const { accept = 0, tempfail = 0, reject = 0 } = rcpt_count ?? {}
    const { recipients } = this.#own
    if (accept > 0) recipients.inc({ result: 'accepted' }, accept)
    if (tempfail > 0) recipients.inc({ result: 'deferred' }, tempfail)
    if (reject > 0) recipients.inc({ result: 'rejected' }, reject)
  }

  #disconnected(connection: Connection): void {
    const ongoing = this.#connections.get(connection)
    if (ongoing === undefined) return
    this.#secured(connection)
    this.#authenticated(connection)
    this.#own.connectionSeconds.observe((this.#now() - ongoing.since) / 1_000)
    this.#checks.ofConnection(connection)
    // Haraka writes nothing more. Another plugin may have put its own in the place of ours.
    if (connection.respond === ongoing.respond) delete (connection as Partial<Connection>).respond
    this.#connections.delete(connection)
  }
}

/** Haraka has checked it against what it offers. */
function methodOf({ notes, results }: Connection): string {
  const method = notes.auth_method ?? results.get('auth')?.method
  return typeof method === 'string' ? method.toLowerCase() : 'unknown'
}
