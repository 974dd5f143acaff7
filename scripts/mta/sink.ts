import type { AddressInfo, Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { SMTPServer } from 'smtp-server'
import { coalesceAnswers } from './coalesce.js'
import { serveThread } from './thread.js'
import { type SinkRule, type Stage, verdict } from './verdict.js'

/** The rest of the world: an SMTP server that takes all mail, puts some off and refuses some. */
export interface SinkData {
  readonly host: string
  readonly rule: SinkRule
}

export interface SinkReady {
  readonly port: number
}

/** What the sink itself saw; it knows nothing of any metrics. */
export interface SinkTally {
  readonly accepted: number
  readonly deferred: number
  readonly refused: number
  readonly connections: number
}

/** Recipients whose deferrals are remembered: those of messages given up meanwhile never come back. */
const REMEMBERED = 100_000

await serveThread(async () => {
  const { host, rule } = workerData as SinkData
  const tally = { accepted: 0, deferred: 0, refused: 0, connections: 0 }
  const deferrals = new LRUCache<string, number>({ max: REMEMBERED })
  const sockets = new Set<Socket>()

  /** The error to answer with at this stage, if any. */
  function judge(recipient: string, stage: Stage): Error | undefined {
    const due = verdict(rule, recipient)
    if (due.kind === 'accept' || due.at !== stage) return undefined
    if (due.kind === 'refuse') {
      tally.refused++
      return answer(stage === 'RCPT' ? 550 : 554, stage === 'RCPT' ? '5.1.1 no such user' : '5.7.1 blocked')
    }
    const before = deferrals.get(recipient) ?? 0
    if (before >= due.times) {
      deferrals.delete(recipient)
      return undefined
    }
    deferrals.set(recipient, before + 1)
    tally.deferred++
    return answer(
      stage === 'RCPT' ? 450 : 451,
      stage === 'RCPT' ? '4.2.2 mailbox full' : '4.7.1 try again later',
    )
  }

  const server = new SMTPServer({
    name: 'sink.example',
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onConnect(_session, done) {
      tally.connections++
      done()
    },
    onRcptTo({ address }, session, done) {
      // One recipient to a transaction keeps each answer about one message.
      if (session.envelope.rcptTo.length > 0) {
        tally.deferred++
        done(answer(452, '4.5.3 one recipient at a time'))
      } else done(judge(address, 'RCPT'))
    },
    onData(stream, session, done) {
      stream.resume()
      stream.once('error', () => {})
      stream.once('end', () => {
        const error = judge(session.envelope.rcptTo[0]!.address, 'DATA')
        if (error === undefined) tally.accepted++
        done(error ?? null, 'accepted')
      })
    },
  })
  server.server.on('connection', socket => {
    coalesceAnswers(socket)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', () => {})

  return {
    ready: {
      port: (server.server.address() as AddressInfo).port,
    } satisfies SinkReady,
    answers: { tally: () => ({ ...tally }) satisfies SinkTally },
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve({ ...tally } satisfies SinkTally))
        for (const socket of sockets) socket.destroySoon()
      }),
  }
})

function answer(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}
