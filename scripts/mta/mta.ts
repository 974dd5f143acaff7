import { mkdir } from 'node:fs/promises'
import { createRegistry, type Front, type Push, push, type Registry, serve } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'
import { hostsFor } from './directory.js'
import type { GeneratorData, GeneratorTally } from './generator.js'
import type { ListenerData, ListenerReady } from './listener.js'
import type { Options } from './options.js'
import type { SinkData, SinkReady, SinkTally } from './sink.js'
import { Thread } from './thread.js'

const SINK_HOST = '127.0.0.1'

/** The pool that this MTA's listening threads are. */
const POOL = 'smtpsrv'

/** The addresses that mail leaves from: both loopback's, being all that every machine has. */
const sources = [
  { name: 'mx-out-1', address: '127.0.0.1' },
  { name: 'mx-out-2', address: '127.0.0.1' },
]

/** Of a network that is for documentation (RFC 5737), so no machine has it. */
const unplumbed = { name: 'mx-out-3', address: '192.0.2.1' }

/** What everybody saw, each by itself. */
export interface Words {
  readonly sink: SinkTally | undefined
  readonly generator: GeneratorTally | undefined
}

/** A running sample MTA. */
export interface Mta {
  readonly registry: Registry
  /** Of the metrics endpoint. */
  readonly url: string
  /** Which transport the endpoint uses, and why. */
  readonly transport: string
  /** Where each listening thread takes mail. */
  readonly smtp: readonly { readonly host: string; readonly port: number }[]
  /** Resolves once no listening thread has a message in hand, with what the sink has seen by then. */
  settled(): Promise<SinkTally>
  /** Ends everything; can be awaited twice. */
  stop(): Promise<Words>
}

/**
 * Starts it: the registry, the endpoint, the sink, the listening threads and the traffic, in this order. If one of
 * them cannot start, those that did are ended and the error is thrown. `onDeath` is called when a thread dies later.
 */
export async function startMta(options: Options, onDeath: (error: Error) => void): Promise<Mta> {
  const started: {
    front?: Front
    pushing?: Push
    sink?: Thread<SinkReady>
    generator?: Thread<unknown>
  } = {}
  const listeners: Thread<ListenerReady>[] = []
  const registry = createRegistry({
    ...(options.maxSeries !== undefined && { maxSeries: options.maxSeries }),
  })

  async function stopAll(): Promise<Words> {
    // Traffic first, then what takes it, then where it goes: nobody is cut off by a later stage.
    const generator = await started.generator?.stop<GeneratorTally>()
    await Promise.all(listeners.map(listener => listener.stop()))
    const sink = await started.sink?.stop<SinkTally>()
    // What was counted since the last push, and that it ends here.
    await started.pushing?.close()
    await started.front?.close()
    await registry.close()
    return { sink, generator }
  }

  try {
    const { logDirectory } = options
    if (logDirectory !== undefined) await mkdir(logDirectory, { recursive: true })
    const metrics = mtaMetrics(registry)
    // Those that this MTA has no use for, too: whoever looks at it sees what there is.
    metrics.registerAll()
    const { listen, trustedHosts } = options
    let transport = ''
    started.front = await serve(registry, {
      listen,
      ...(trustedHosts && { trustedHosts: [...trustedHosts] }),
      log: ({ level, code, message }) => {
        if (code === 'front-transport') transport = message
        else if (level !== 'info') process.emitWarning(message, { code })
      },
    })

    const sinkData: SinkData = {
      host: SINK_HOST,
      rule: {
        seed: options.seed,
        defer: options.defer,
        refuse: options.refuse,
      },
    }
    started.sink = await Thread.start<SinkReady>(new URL('./sink.js', import.meta.url), sinkData, onDeath)

    for (let index = 0; index < options.workers; index++) {
      const data: ListenerData = {
        index,
        host: options.smtpHost,
        port: options.smtpPort === 0 ? 0 : options.smtpPort + index,
        sink: { host: SINK_HOST, port: started.sink.ready.port },
        seed: options.seed + index,
        hosts: hostsFor(options.domains),
        sources: options.unplumbed ? [...sources, unplumbed] : sources,
        retry: {
          intervalMs: options.retryMs,
          maxIntervalMs: 32 * options.retryMs,
          jitter: 0.2,
          maxAttempts: options.maxAttempts,
        },
        logDirectory,
      }
      listeners.push(
        await Thread.start<ListenerReady>(new URL('./listener.js', import.meta.url), data, onDeath),
      )
    }
    metrics.collect({
      disks:
        logDirectory === undefined
          ? { 'working directory': '.' }
          : { [`log dir ${logDirectory}`]: logDirectory },
      threadPools: { [POOL]: () => listeners.map(listener => listener.worker) },
    })
    const smtp = listeners.map(({ ready }) => ({
      host: options.smtpHost,
      port: ready.port,
    }))

    if (options.traffic) {
      const data: GeneratorData = {
        host: options.smtpHost,
        ports: smtp.map(({ port }) => port),
        rate: options.rate,
        domains: options.domains,
        seed: options.seed,
      }
      started.generator = await Thread.start(new URL('./generator.js', import.meta.url), data, onDeath)
    }

    // Last: the first push has something to say.
    if (options.push !== undefined) {
      const { everyMs, protocol, version, ...to } = options.push
      started.pushing = await push(registry, {
        ...to,
        protocol,
        every: everyMs,
        ...(protocol === 'remote-write' && { version }),
        log: ({ level, code, message }) => {
          if (level !== 'info') process.emitWarning(message, { code })
        },
      })
    }

    const { front, sink } = started
    let stopping: Promise<Words> | undefined
    return {
      registry,
      url: new URL('/metrics', front.url).href,
      transport,
      smtp,
      async settled() {
        await Promise.all(listeners.map(listener => listener.ask('idle')))
        return sink.ask<SinkTally>('tally')
      },
      stop: () => (stopping ??= stopAll()),
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}
