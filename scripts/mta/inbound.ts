import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { MtaMetrics } from '../../src/mta.js'
import { type Clock, secondsSince } from './clock.js'
import { coalesceAnswers } from './coalesce.js'
import { domainOf, type Message } from './message.js'

/** kumod's name for reception over SMTP. */
export const LISTENER = 'esmtp_listener'

export interface InboundOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly metrics: MtaMetrics
  readonly clock: Clock
  readonly date: () => Date
  /** Takes over a message: once this returns, the client gets the answer that it was accepted. */
  readonly accept: (message: Message) => void
  /** Whether there is room for more messages. */
  readonly hasRoom: () => boolean
  /** A name for the next message; unique in the process. */
  readonly nextId: () => string
  readonly maxSessions: number
  readonly maxRecipients: number
  /** The largest message, in bytes. */
  readonly maxBytes: number
}

export interface Inbound {
  readonly port: number
  /** Says goodbye to all sessions and stops listening. */
  close(): Promise<void>
}

function listenerCounts(metrics: MtaMetrics, address: string) {
  const service = LISTENER
  const here = { service: `${LISTENER}:${address}` }
  return {
    connections: metrics.connectionCount.labels({ service }),
    connectionsMade: metrics.totalConnectionCount.labels({ service }),
    denied: metrics.totalConnectionsDenied.labels({ service }),
    received: metrics.totalMessagesReceived.labels({ service }),
    receivedHere: metrics.totalMessagesReceived.labels(here),
    rejections: metrics.smtpServerRejections.labels({ service: 'total' }),
    rejectionsHere: metrics.smtpServerRejections.labels({ service: address }),
    transaction: metrics.smtpsrvTransactionDuration,
    readData: metrics.smtpsrvReadDataDuration,
    processData: metrics.smtpsrvProcessDataDuration,
  }
}

/** An error as smtp-server wants it: with the reply code to send. */
function reply(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

/** Listens for mail and hands over what it accepts, one message for each recipient. */
export async function listen(options: InboundOptions): Promise<Inbound> {
  const { clock, metrics } = options
  /** Sessions let in, with the time at which the current transaction began. */
  const sessions = new Map<string, number>()
  const sockets = new Set<Socket>()

  const server = new SMTPServer({
    name: 'mta.example',
    banner: 'postmeter sample MTA',
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    size: options.maxBytes,
    onConnect(session, done) {
      if (sessions.size >= options.maxSessions) {
        counts.denied.inc()
        done(reply(421, 'too many connections'))
        return
      }
      sessions.set(session.id, clock.now())
      counts.connections.inc()
      counts.connectionsMade.inc()
      done()
    },
    onClose(session) {
      ended(session.id)
    },
    onMailFrom(_address, session, done) {
      sessions.set(session.id, clock.now())
      done(options.hasRoom() ? null : rejected(452, '4.3.1 too many messages in hand'))
    },
    onRcptTo({ address }, session, done) {
      if (domainOf(address) === '') done(rejected(550, '5.1.3 no domain in the address'))
      else if (session.envelope.rcptTo.length >= options.maxRecipients) {
        done(rejected(452, '4.5.3 too many recipients'))
      } else done()
    },
    onData(stream, session, done) {
      const start = clock.now()
      read(stream).then(
        data => {
          counts.readData.observe(secondsSince(clock, start))
          if (stream.sizeExceeded) {
            done(rejected(552, '5.3.4 message too large'))
            return
          }
          done(null, process(data, session))
          counts.transaction.observe(secondsSince(clock, sessions.get(session.id) ?? start))
        },
        // The client went away: nobody to answer, nothing was accepted.
        () => {},
      )
    },
  })

  /** Also called for sessions that were never let in, and twice for those that were open at the end. */
  function ended(session: string): void {
    if (sessions.delete(session)) counts.connections.dec()
  }

  function rejected(code: number, text: string): Error {
    counts.rejections.inc()
    counts.rejectionsHere.inc()
    return reply(code, text)
  }

  function process(data: Buffer, session: SMTPServerSession): string {
    const start = clock.now()
    const { mailFrom, rcptTo } = session.envelope
    const sender = mailFrom === false ? '' : mailFrom.address
    const tenant = header(data, 'X-Tenant')
    const campaign = header(data, 'X-Campaign')
    let id = ''
    for (const { address } of rcptTo) {
      id = options.nextId()
      const traced = Buffer.concat([received(session, id, options.date()), data])
      const domain = domainOf(address)
      options.accept({
        id,
        sender,
        recipient: address,
        domain,
        tenant,
        campaign,
        data: traced,
        attempts: 0,
      })
      counts.received.inc()
      counts.receivedHere.inc()
    }
    counts.processData.observe(secondsSince(clock, start))
    return `queued as ${id}`
  }

  server.server.on('connection', socket => {
    coalesceAnswers(socket)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error) => {
      const address = JSON.stringify(`${options.host}:${options.port}`)
      reject(new Error(`option "smtp": ${address} cannot be listened on (${error.message})`))
    }
    server.once('error', refused)
    server.listen(options.port, options.host, () => {
      server.off('error', refused)
      resolve()
    })
  })
  // A client that breaks off is its own affair; its session's end is counted in onClose.
  server.on('error', () => {})
  const { port, address } = server.server.address() as AddressInfo
  const counts = listenerCounts(metrics, `${isIPv6(address) ? `[${address}]` : address}:${port}`)

  return {
    port,
    close: () =>
      new Promise(resolve => {
        server.close(() => {
          // smtp-server reports a session's end a turn of the loop after its socket's.
          for (const session of sessions.keys()) ended(session)
          resolve()
        })
        for (const session of server.connections) session.send(421, 'shutting down')
        // A client that does not hang up itself is not waited for.
        for (const socket of sockets) socket.destroySoon()
      }),
  }
}

function read(stream: SMTPServerDataStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    // What is too large goes on coming until the client is done; it is not kept.
    stream.on('data', (chunk: Buffer) => {
      if (!stream.sizeExceeded) chunks.push(chunk)
    })
    stream.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    stream.once('error', reject)
  })
}

/** How far into a message its headers are looked at. */
const HEADER_BYTES = 4096

/** The value of a header, if it stands among the first ones and says anything. */
function header(data: Buffer, name: string): string | undefined {
  const text = `\r\n${data.toString('latin1', 0, HEADER_BYTES)}`
  const end = text.indexOf('\r\n\r\n')
  const at = text.indexOf(`\r\n${name}: `)
  if (at < 0 || (end >= 0 && at > end)) return undefined
  const start = at + name.length + 4
  const stop = text.indexOf('\r\n', start)
  return text.slice(start, stop < 0 ? undefined : stop).trim() || undefined
}

function received(session: SMTPServerSession, id: string, date: Date): Buffer {
  const from = `${session.hostNameAppearsAs} ([${session.remoteAddress}])`
  return Buffer.from(
    `Received: from ${from}\r\n\tby mta.example with ESMTP id ${id};\r\n\t${date.toUTCString()}\r\n`,
  )
}
