import { workerData } from 'node:worker_threads'
import { getRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'
import type { RetryPolicy } from './backoff.js'
import { classCounts } from './bounce.js'
import { monotonic } from './clock.js'
import { smtpDelivery } from './delivery.js'
import { fileLog, noLog } from './delivery-log.js'
import { listen } from './inbound.js'
import { MailQueue } from './queue.js'
import { seeded } from './random.js'
import { Resolver } from './resolver.js'
import { type Source, Sources } from './sources.js'
import { serveThread } from './thread.js'

/** One of the threads that do the mail: it listens, queues what it accepts, and delivers that. */
export interface ListenerData {
  readonly index: number
  readonly host: string
  readonly port: number
  readonly sink: { readonly host: string; readonly port: number }
  readonly seed: number
  /** Hosting companies in the simulated DNS. */
  readonly hosts: number
  readonly sources: readonly Source[]
  readonly retry: RetryPolicy
  readonly logDirectory: string | undefined
}

export interface ListenerReady {
  readonly port: number
}

/** Messages that one thread takes on; beyond them, clients are asked to come back. */
const MAX_IN_HAND = 20_000

/** Milliseconds between two looks at what is due. */
const TICK_MS = 50

await serveThread(async () => {
  const data = workerData as ListenerData
  const clock = monotonic
  const date = () => new Date()
  const random = seeded(data.seed)
  // No registry was handed to this Worker: it finds the one that main made, and the families in it.
  const registry = getRegistry()
  const metrics = mtaMetrics(registry)
  const { logDirectory: directory, index: thread } = data
  const log = directory === undefined ? noLog : await fileLog({ directory, thread, metrics, clock, date })

  const sources = new Sources(data.sources, metrics, clock, 60_000)
  const queue = new MailQueue({
    clock,
    random,
    metrics,
    classes: classCounts(registry),
    sources,
    log,
    retry: data.retry,
    connect: smtpDelivery({ ...data.sink, sources, timeoutMs: 30_000 }),
    resolver: new Resolver({
      metrics,
      clock,
      random,
      hosts: data.hosts,
      latencyMs: 5,
      ttlMs: 60_000,
      capacity: 16_384,
    }),
    maxReady: 4096,
    idleMs: 5000,
    reapMs: 60_000,
  })

  let received = 0
  const inbound = await listen({
    host: data.host,
    port: data.port,
    metrics,
    clock,
    date,
    accept: message => queue.accept(message),
    hasRoom: () => queue.size < MAX_IN_HAND,
    nextId: () => `${data.index}.${(received++).toString(36)}`,
    maxSessions: 1000,
    maxRecipients: 100,
    maxBytes: 10 * 1024 * 1024,
  })
  const ticking = setInterval(() => queue.tick(), TICK_MS)

  return {
    ready: { port: inbound.port } satisfies ListenerReady,
    answers: { idle: () => queue.idle() },
    async stop() {
      clearInterval(ticking)
      queue.stop()
      await inbound.close()
      await log.close()
    },
  }
})
