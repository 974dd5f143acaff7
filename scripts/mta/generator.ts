import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { monotonic } from './clock.js'
import { popularDomains, providers, zipf } from './directory.js'
import { Pacer } from './pacer.js'
import { type Random, seeded } from './random.js'
import { serveThread } from './thread.js'

/** Traffic: mail from made-up senders to made-up people, sent over SMTP at a rate. */
export interface GeneratorData {
  readonly host: string
  readonly ports: readonly number[]
  /** Messages a second. */
  readonly rate: number
  readonly domains: number
  readonly seed: number
}

export interface GeneratorTally {
  /** Accepted by the server. */
  readonly sent: number
  /** The server said no. */
  readonly refused: number
  /** The connection broke before the server said anything: nobody knows whether it took the message. */
  readonly unanswered: number
}

const CONNECTIONS = 16
/** Turns that may be made up for after a stall. */
const BURST = 50
const RECONNECT_MS = 200

const tenants = ['shop', 'news', 'bank']
const campaigns = ['spring', 'welcome']

interface Mail {
  readonly envelope: { readonly from: string; readonly to: string[] }
  readonly data: string
}

/** Makes one mail after the other; recipients never repeat, so each has a verdict of its own at the sink. */
function composer(domains: number, random: Random): () => Mail {
  const names = popularDomains(domains)
  const pick = zipf(names.length, random)
  // Only the big providers' mail says whose it is: a queue for each tenant, campaign and small domain would be many.
  const tagged = providers.reduce((sum, provider) => sum + provider.domains.length, 0)
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)]!
  const lines = 'Dear reader, this line of seventy characters stands for many others.\r\n'.repeat(60)
  let sequence = 0
  return () => {
    const at = pick()
    const to = `user${++sequence}@${names[at]}`
    const tenant = one(tenants)
    const from = `${tenant}@sender.example`
    const tags = at < tagged ? `X-Tenant: ${tenant}\r\nX-Campaign: ${one(campaigns)}\r\n` : ''
    const body = lines.slice(0, 72 * (1 + Math.floor(random() * 60)))
    const data = `From: <${from}>\r\nTo: <${to}>\r\nSubject: number ${sequence}\r\n${tags}\r\n${body}`
    return { envelope: { from, to: [to] }, data }
  }
}

function connect(host: string, port: number): Promise<SMTPConnection> {
  return new Promise((resolve, reject) => {
    const connection = new SMTPConnection({
      host,
      port,
      name: 'sender.example',
      ignoreTLS: true,
      logger: false,
    })
    connection.once('error', reject)
    connection.connect(error => {
      connection.off('error', reject)
      // A later error reaches the callback of the send that it hits; without a listener it would end the thread.
      connection.on('error', () => {})
      if (error) reject(error)
      else resolve(connection)
    })
  })
}

await serveThread(async () => {
  const { host, ports, rate, domains, seed } = workerData as GeneratorData
  const clock = monotonic
  const compose = composer(domains, seeded(seed))
  const pacer = new Pacer(rate, Math.min(BURST, Math.max(1, rate / 10)), clock.now())
  const stopped = new AbortController()
  // Each connection waits on it, and to wait is to listen.
  setMaxListeners(CONNECTIONS, stopped.signal)
  const tally = { sent: 0, refused: 0, unanswered: 0 }
  const connections = new Set<SMTPConnection>()

  /** Resolves with false if the connection is of no more use. */
  function send(connection: SMTPConnection): Promise<boolean> {
    const { envelope, data } = compose()
    return new Promise(resolve => {
      connection.send(envelope, data, error => {
        if (!error) {
          tally.sent++
          resolve(true)
          return
        }
        if (error.responseCode === undefined) {
          // Of a connection that was closed before, nothing was sent.
          if (error.command !== 'API') tally.unanswered++
          resolve(false)
          return
        }
        tally.refused++
        connection.reset(failed => resolve(!failed))
      })
    })
  }

  async function run(port: number): Promise<void> {
    while (!stopped.signal.aborted) {
      let connection: SMTPConnection | undefined
      try {
        connection = await connect(host, port)
        connections.add(connection)
        let usable = true
        while (usable && !stopped.signal.aborted) {
          const ms = pacer.reserve(clock.now())
          if (ms > 0) await wait(ms, undefined, { signal: stopped.signal })
          usable = await send(connection)
        }
      } catch {
        if (!stopped.signal.aborted) await wait(RECONNECT_MS)
      }
      if (connection === undefined) continue
      connections.delete(connection)
      connection.close()
    }
  }

  const running = Array.from({ length: CONNECTIONS }, (_, i) => run(ports[i % ports.length]!))
  // Loops that were waiting for an answer when stop() closed their connection never come back; nobody waits for them.
  const ended = Promise.allSettled(running)

  return {
    ready: {},
    answers: {
      tally: () => ({ ...tally }) satisfies GeneratorTally,
      /** Sends nothing more, and answers when each message that was under way has its answer. */
      async quiet() {
        stopped.abort()
        await ended
        return { ...tally } satisfies GeneratorTally
      },
    },
    async stop() {
      stopped.abort()
      for (const connection of connections) connection.close()
      return { ...tally } satisfies GeneratorTally
    },
  }
})
