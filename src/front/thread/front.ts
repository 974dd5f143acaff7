import { isMainThread, Worker } from 'node:worker_threads'
import { plainError, thrown } from '../../common/errors.js'
import { ownFile } from '../../common/files.js'
import { type Log, logEvent } from '../../common/log.js'
import { threadFlags } from '../../common/thread-flags.js'
import { claimThreads, onceAnyOf, THREAD_LIMITS } from '../../memory/address-space.js'
import { LIMITS } from '../request/limits.js'
import type { AnswerSettings } from '../request/options.js'
import { warnIfOpen } from '../request/trusted-hosts.js'
import type { Tls } from '../transports/certificate.js'
import type { Choice, TransportName } from '../transports/choose.js'
import { type Address, listenText, urlOf } from '../transports/listen.js'
import { beforeExit } from './exit.js'
import type { ConnectionLimits, FromFront, FrontData, ToFront } from './protocol.js'
import type { Servable } from './servable.js'

/** A listening endpoint. */
export interface Front {
  /**
   * Where a reader on this machine gets the text format; with `.json` behind it, the JSON. On a Unix socket it is
   * `unix:/path:/metrics`.
   */
  readonly url: string
  /** Where it listens; with the port that the system chose, if 0 was asked for. */
  readonly address: Address
  readonly transport: TransportName
  /**
   * Replaces the list of who may read; see option `trustedHosts`. Answers that are under way go on to their end.
   * Resolves when the new list is in use.
   * @throws TypeError or RangeError that names the entry that is wrong; the old list then stays.
   */
  setTrustedHosts(trustedHosts: readonly string[]): Promise<void>
  /**
   * Ends it: it takes no more connections, and answers that are under way have one second to finish. Resolves when the
   * port is free and the thread has ended. Can be called twice; the registry's close() calls it, too.
   */
  close(): Promise<void>
}

export interface FrontSettings {
  readonly listen: Address
  /** How long the first thread goes on trying for an address in use, ms. */
  readonly retry: number
  readonly answerSettings: AnswerSettings
  readonly limits: ConnectionLimits
  readonly socketMode: number
  readonly tls: Tls | undefined
  readonly ref: boolean
  readonly choice: Choice
  readonly fallBack: boolean
  readonly log: Log
}

/** What only tests set. */
export interface FrontInternals {
  readonly scraperModule: string | undefined
  readonly grace: number
  readonly stallTimeout: number
  readonly httpStallTimeout: number
  /** How long a scrape waits for a permit, ms. */
  readonly maxWait: number
  /** How long it waits before it starts a failed thread again, ms: at first, and doubled each time, at most. */
  readonly backoff: readonly [first: number, most: number]
}

const INTERNALS: FrontInternals = {
  scraperModule: undefined,
  maxWait: LIMITS.maxWait,
  grace: 1000,
  stallTimeout: LIMITS.stallTimeout,
  httpStallTimeout: LIMITS.httpStallTimeout,
  backoff: [100, 30_000],
}

/** A thread that has served for so long, ms, was healthy: its failure is a new one. */
const HEALTHY = 60_000

/** Starts the front's thread. Resolves when it listens, rejects with the reason if it cannot. */
export async function startFront(
  registry: Servable,
  settings: FrontSettings,
  internals: Partial<FrontInternals> = {},
): Promise<Front> {
  const supervisor = new Supervisor(registry, settings, { ...INTERNALS, ...internals })
  const { address, transport } = await supervisor.start()
  return {
    url: urlOf(address, settings.tls !== undefined),
    address,
    transport,
    setTrustedHosts: hosts => supervisor.trust(hosts),
    close: () => supervisor.close(),
  }
}

type Listening = Extract<FromFront, { type: 'listening' }>

/** Keeps one front's thread running until it is closed. */
class Supervisor {
  readonly #registry: Servable
  readonly #settings: FrontSettings
  readonly #internals: FrontInternals
  #listen: Address
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #failures = 0
  #closed: Promise<void> | undefined
  #forget: (() => void) | undefined
  #trustedHosts: readonly string[]
  /** Changes of that list that the thread has not confirmed, by number. */
  readonly #trusting = new Map<number, () => void>()
  #changes = 0

  constructor(registry: Servable, settings: FrontSettings, internals: FrontInternals) {
    this.#registry = registry
    this.#settings = settings
    this.#internals = internals
    this.#listen = settings.listen
    this.#trustedHosts = settings.answerSettings.trustedHosts
    warnIfOpen(this.#trustedHosts, settings.log)
  }

  async trust(hosts: readonly string[]): Promise<void> {
    warnIfOpen(hosts, this.#settings.log)
    this.#trustedHosts = [...hosts]
    const worker = this.#worker
    // A thread that is started later begins with this list.
    if (worker === undefined) return
    const number = this.#changes++
    await new Promise<void>(resolve => {
      this.#trusting.set(number, resolve)
      worker.postMessage({ type: 'trust', hosts: this.#trustedHosts, number } satisfies ToFront)
    })
  }

  async start(): Promise<Listening> {
    this.#forget = this.#registry.onClose(() => this.close())
    try {
      const listening = await this.#run(this.#settings.retry)
      // If another thread has closed it, no callback was called here.
      if (this.#registry.closed) await this.close()
      if (this.#closed !== undefined) throw this.#tooLate()
      // The port stays the same for a thread that is started again.
      this.#listen = listening.address
      this.#logTransport(listening.transport)
      return listening
    } catch (error) {
      this.#forget()
      throw this.#closed === undefined ? error : this.#tooLate()
    }
  }

  #logTransport(transport: TransportName): void {
    const { choice, log } = this.#settings
    let which: string
    if (choice.transport === 'http') which = `node:http: ${choice.why}`
    else if (transport === 'uws') which = `uWebSockets.js ${choice.release}`
    // The thread has logged why it could not load what was chosen.
    else return
    logEvent(log, { level: 'info', code: 'front-transport', message: `the front uses ${which}` })
  }

  #tooLate(): Error {
    return plainError(
      'ERR_POSTMETER_CLOSED',
      `serve: registry "${this.#registry.handle.name}" was closed while its front began`,
    )
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#forget?.()
      clearTimeout(this.#restart)
      const worker = this.#worker
      if (worker === undefined) return
      // Keeps the program running until the thread has ended.
      worker.ref()
      const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
      worker.postMessage({ type: 'close' } satisfies ToFront)
      await ended
    })()
    return this.#closed
  }

  /**
   * Runs one thread; resolves when it listens. Rejects if it cannot start: its file may be gone. A thread that is started
   * again does not try for an address in use (`retry` 0): it fails, which is logged, and the next one tries.
   */
  async #run(retry = 0): Promise<Listening> {
    const claim = claimThreads("serve: the front's thread", 1, 0)
    if ('lacking' in claim) throw plainError('ERR_POSTMETER_MEMORY', claim.lacking)
    let worker: Worker
    const ended = new SharedArrayBuffer(4)
    try {
      worker = this.#startThread(retry, ended)
    } catch (error) {
      claim.begun()
      throw error
    }
    // With its first message it has loaded all that it runs: it listens, or waits for its address, maybe for long.
    onceAnyOf(worker, ['message', 'exit'], claim.begun)
    return this.#listening(worker, ended)
  }

  #startThread(retry: number, ended: SharedArrayBuffer): Worker {
    const { answerSettings, limits, socketMode, tls, choice, fallBack } = this.#settings
    const { scraperModule, grace, stallTimeout, httpStallTimeout, maxWait, backoff } = this.#internals
    const workerData: FrontData = {
      handle: this.#registry.handle,
      listen: this.#listen,
      retry,
      backoff,
      answerSettings: { ...answerSettings, trustedHosts: this.#trustedHosts },
      limits,
      socketMode,
      tls,
      choice,
      fallBack,
      scraperModule,
      grace,
      stallTimeout,
      httpStallTimeout,
      maxWait,
      inOrder: isMainThread,
      ended,
    }
    const file = ownFile(new URL('./worker.js', import.meta.url))
    try {
      return new Worker(file, {
        name: 'postmeter-front',
        workerData,
        execArgv: threadFlags(),
        argv: [],
        resourceLimits: THREAD_LIMITS,
        env: frontEnvironment(),
      })
    } catch (error) {
      throw cannotStart(error)
    }
  }

  #listening(worker: Worker, ended: SharedArrayBuffer): Promise<Listening> {
    const { log } = this.#settings
    this.#worker = worker
    const forgetExit = beforeExit({
      leave: () => worker.postMessage({ type: 'exit' } satisfies ToFront),
      ended: new Int32Array(ended),
    })
    return new Promise((resolve, reject) => {
      let listeningSince: number | undefined
      let failure = 'it ended by itself'
      worker.on('message', (message: FromFront) => {
        if (message.type === 'log') logEvent(log, message.event)
        else if (message.type === 'trusting') this.#confirm(message.number)
        else if (message.type === 'failed') failure = message.why
        else if (message.type === 'refused') reject(refusal(message))
        else {
          listeningSince = performance.now()
          if (!this.#settings.ref) worker.unref()
          resolve(message)
        }
      })
      worker.on('error', error => {
        failure = (error instanceof Error && error.stack) || thrown(error)
        reject(error)
      })
      worker.on('exit', () => {
        forgetExit()
        this.#worker = undefined
        for (const number of [...this.#trusting.keys()]) this.#confirm(number)
        reject(plainError('ERR_POSTMETER_FRONT', `the front's thread ended before it listened: ${failure}`))
        if (listeningSince === undefined || this.#closed !== undefined) return
        if (performance.now() - listeningSince >= HEALTHY) this.#failures = 0
        this.#runAgain(failure)
      })
    })
  }

  #confirm(number: number): void {
    this.#trusting.get(number)?.()
    this.#trusting.delete(number)
  }

  #runAgain(failure: string): void {
    const [first, most] = this.#internals.backoff
    const delay = Math.min(most, first * 2 ** this.#failures++)
    const { log, ref } = this.#settings
    const at = listenText(this.#listen)
    logEvent(log, {
      level: 'error',
      code: 'front-failed',
      message: `the front on ${at} failed and is started again in ${delay} ms: ${failure}`,
    })
    this.#restart = setTimeout(() => {
      this.#run().then(
        () =>
          logEvent(log, {
            level: 'warn',
            code: 'front-restarted',
            message: `the front on ${at} listens again`,
          }),
        (error: Error) => {
          if (this.#closed === undefined) this.#runAgain(error.message)
        },
      )
    }, delay)
    if (!ref) this.#restart.unref()
  }
}

/** Node's own error is the name of a system's error, mostly EAGAIN, and not what it was about. */
function cannotStart(cause: unknown): Error {
  const why =
    `serve: the front's thread cannot start: ${(cause as Error).message}; ` +
    'the process may be at a limit of threads (ulimit -u, or pids.max of its control group), or may start none'
  return plainError('ERR_POSTMETER_FRONT', why, { cause })
}

function refusal({ message, code }: Extract<FromFront, { type: 'refused' }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

/** The program's environment without the variables that would change how the thread runs. */
function frontEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, UWS_USE_FALLBACK: _fallback, ...rest } = process.env
  return rest
}
