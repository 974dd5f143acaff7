import SMTPConnection from 'nodemailer/lib/smtp-connection'

/** What a client saw of one connection. The sender's domain is its own, so that its messages are counted apart. */
export interface Session {
  readonly domain: string
  greeted: boolean
  /** Messages that the server said it has taken. */
  taken: number
  /** The connection broke while a message had no answer yet: only the server knows whether it had taken it. */
  unanswered: boolean
  broken: boolean
}

interface Options {
  readonly host: string
  readonly port: number
  readonly recipient: string
  readonly login?: { readonly user: string; readonly pass: string }
}

/** Clients that send mail on one connection after the other, and keep book of the answers. */
export class SmtpLoad {
  readonly sessions: Session[] = []
  readonly #running: Promise<void>[]
  #stopped = false
  #error: unknown
  readonly #options: Options

  /** `messages` on each connection. */
  constructor(options: Options, clients: number, messages: number) {
    this.#options = options
    this.#running = Array.from({ length: clients }, async (_, client) => {
      for (let n = 0; !this.#stopped; n++) await this.#converse(`c${client}-${n}.example`, messages)
    })
    for (const run of this.#running)
      run.catch(error => {
        this.#error ??= error
      })
  }

  get taken(): number {
    return this.sessions.reduce((sum, { taken }) => sum + taken, 0)
  }

  /** Resolves when so many more messages are taken. */
  async more(messages: number): Promise<void> {
    for (const wanted = this.taken + messages; this.taken < wanted; ) {
      if (this.#error !== undefined) throw this.#error
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** Resolves when all connections have ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }

  /** Rejects if the server refuses what it should take; that the connection breaks is booked. */
  async #converse(domain: string, messages: number): Promise<void> {
    const session: Session = { domain, greeted: false, taken: 0, unanswered: false, broken: false }
    this.sessions.push(session)
    const { host, port, recipient, login } = this.#options
    const connection = new SMTPConnection({
      ...{ host, port, name: domain, ignoreTLS: true, logger: false },
      // A connection that was being handed to a worker as that died is neither answered nor closed.
      greetingTimeout: 5_000,
    })
    const ended = new Promise(resolve => connection.once('end', resolve))
    try {
      await called(done => {
        connection.once('error', done)
        connection.connect(done)
      })
      session.greeted = true
      if (login !== undefined) await called(done => connection.login({ ...login, credentials: login }, done))
      connection.on('error', () => {})
      for (let n = 0; n < messages && !this.#stopped; n++) {
        const data = `From: <a@${domain}>\r\nTo: <${recipient}>\r\nSubject: number ${n}\r\n\r\n${'A line of text.\r\n'.repeat(10 * n)}`
        const envelope = { from: `a@${domain}`, to: [recipient] }
        session.unanswered = true
        const taken = await called(done => connection.send(envelope, data, done)).then(
          () => 1,
          error => {
            if (!isLost(error)) throw error
            return 0
          },
        )
        session.unanswered = false
        session.taken += taken
      }
      connection.quit()
    } catch (error) {
      if ((error as { responseCode?: number }).responseCode !== undefined) throw error
      session.broken = true
      connection.close()
    }
    await ended
  }
}

/** A worker of Haraka that starts removes the files that others are writing to the queue: they answer so then. */
function isLost({ response }: { readonly response?: string }): boolean {
  return response === '550 Queue error'
}

function called(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call(error => (error ? reject(error) : resolve())))
}
