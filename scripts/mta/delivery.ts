import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Message, Outcome } from './message.js'
import type { Connect, Session } from './ready.js'
import type { Source, Sources } from './sources.js'

export interface DeliveryOptions {
  /** Where every site's mail host is, in this sample: the sink. */
  readonly host: string
  readonly port: number
  readonly sources: Sources
  /** Milliseconds without an answer after which a connection is given up. */
  readonly timeoutMs: number
}

type Failure = Error & {
  responseCode?: number
  response?: string
  syscall?: string
  code?: string
}

/** Makes SMTP connections, each bound to its source's address. */
export function smtpDelivery(options: DeliveryOptions): Connect {
  return source =>
    new Promise((resolve, reject) => {
      const connection = new SMTPConnection({
        host: options.host,
        port: options.port,
        localAddress: source.address,
        name: `${source.name}.mta.example`,
        ignoreTLS: true,
        logger: false,
        connectionTimeout: options.timeoutMs,
        greetingTimeout: options.timeoutMs,
        socketTimeout: options.timeoutMs,
      })
      const refused = (error: Failure) => {
        blame(source, options.sources, error)
        reject(error)
      }
      connection.once('error', refused)
      connection.connect(error => {
        connection.off('error', refused)
        if (error) refused(error)
        else resolve(new SmtpSession(connection))
      })
    })
}

/** A source whose address cannot be bound is set aside; other failures are the site's. */
function blame(source: Source, sources: Sources, error: Failure): void {
  if (error.syscall === 'bind' || /EADDRNOTAVAIL/.test(error.message)) sources.unplumbed(source)
}

class SmtpSession implements Session {
  readonly #connection: SMTPConnection
  /** The last message was not accepted: RSET before the next. */
  #dirty = false
  #ended = false
  #busy = false

  constructor(connection: SMTPConnection) {
    this.#connection = connection
    const ended = () => {
      this.#ended = true
    }
    connection.on('error', ended)
    connection.once('end', ended)
  }

  get usable(): boolean {
    return !this.#ended
  }

  async send(message: Message): Promise<Outcome> {
    if (this.#dirty) {
      const lost = await this.#reset()
      if (lost !== undefined) return lost
    }
    this.#busy = true
    return new Promise(resolve => {
      const envelope = {
        from: message.sender,
        to: [message.recipient],
        size: message.data.length,
      }
      this.#connection.send(envelope, message.data, (error: Failure | null, info) => {
        this.#busy = false
        resolve(error ? this.#failed(error) : { kind: 'delivered', response: info?.response ?? '' })
      })
    })
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    // In the middle of a message QUIT would be taken for a line of it.
    if (this.#busy) this.#connection.close()
    else this.#connection.quit()
  }

  #reset(): Promise<Outcome | undefined> {
    return new Promise(resolve => {
      this.#connection.reset((error: Failure | null) => {
        if (error) {
          this.#ended = true
          this.#connection.close()
          resolve({ kind: 'transfail', response: error.message })
          return
        }
        this.#dirty = false
        resolve(undefined)
      })
    })
  }

  #failed(error: Failure): Outcome {
    const code = error.responseCode
    if (code === undefined || code === 421) {
      // No answer, or a goodbye: the connection is of no more use.
      this.#ended = true
      this.#connection.close()
    }
    this.#dirty = true
    const permanent = code !== undefined && code >= 500
    return {
      kind: permanent ? 'fail' : 'transfail',
      response: error.response ?? error.message,
    }
  }
}
