/** The rest of the world: an SMTP server that keeps book of what it answered for each recipient. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'

export class Sink {
  /** Recipients of messages that were taken, in order. */
  readonly taken: string[] = []
  /** Whether recipients whose name begins with `later` are still put off. Those that begin with `no` are refused. */
  later = true
  readonly #server: SMTPServer

  private constructor() {
    this.#server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      authOptional: true,
      logger: false,
      onRcptTo: ({ address }, _session, done) => {
        if (address.startsWith('no')) done(answer(550, 'no such user'))
        else if (this.later && address.startsWith('later')) done(answer(450, 'mailbox full'))
        else done()
      },
      onData: (stream, { envelope }, done) => {
        stream.resume().once('end', () => {
          this.taken.push(...envelope.rcptTo.map(({ address }) => address))
          done()
        })
      },
    })
    this.#server.on('error', () => {})
  }

  static async start(t: Test): Promise<Sink> {
    const sink = new Sink()
    const { server } = sink.#server
    sink.#server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => new Promise<void>(resolve => sink.#server.close(() => resolve())))
    return sink
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  /** How many messages were taken for recipients at a domain. */
  takenAt(domain: string): number {
    return this.taken.filter(address => address.endsWith(`@${domain}`)).length
  }
}

function answer(code: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode: code })
}
