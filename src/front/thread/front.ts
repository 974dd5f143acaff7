import { isMainThread, type Worker } from 'node:worker_threads'
import { plainError, thrown } from '../../common/errors.js'
import { logEvent } from '../../common/log.js'
import { giveText } from '../../exposition/alongside.js'
import { claimThreads, onceAnyOf } from '../../memory/address-space.js'
import type { RegistryHandle } from '../../memory/handle.js'
import type { Servable } from '../../registry/servable.js'
import { warnIfOpen } from '../request/trusted-hosts.js'
import type { TransportName } from '../transports/choose.js'
import { type Address, listenText, urlOf } from '../transports/listen.js'
import { beforeExit } from './exit.js'
import type { FromFront, FrontData, ToFront } from './protocol.js'
import { type FrontInternals, type FrontSettings, INTERNALS } from './settings.js'
import { startThread } from './start-thread.js'

/** An endpoint: it listens, or stands by (option `standby`). */
export interface Front {
  /**
   * Where a reader on this machine gets the text format; with `.json` behind it, the JSON. On a Unix socket it is
   * `unix:/path:/metrics`.
   */
  readonly url: string
  /** Where it listens, or will; with the port that the system chose, if 0 was asked for. */
  readonly address: Address
  readonly transport: TransportName
  /**
   * Whether it listens now. False while it stands by, while a thread of its own that failed is started again, and once
   * it is closed.
   */
  readonly listening: boolean
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

/** A front to which registries can be added while it serves. */
export interface ChangingFront extends Front {
  /** Which registries come behind the first from now on. */
  beside(handles: readonly RegistryHandle[]): void
}

/** A thread that has run for so long, ms, was healthy: its failure is a new one. */
const HEALTHY = 60_000

/** Starts the front's thread. Resolves when it listens or stands by, rejects with the reason if it cannot. */
export async function startFront(
  registry: Servable,
  others: readonly Servable[],
  settings: FrontSettings,
  internals: Partial<FrontInternals> = {},
): Promise<ChangingFront> {
  const supervisor = new Supervisor(registry, others, settings, { ...INTERNALS, ...internals })
  const { address, transport } = await supervisor.start()
  return {
    url: urlOf(address, settings.tls !== undefined),
    address,
    transport,
    get listening() {
      return supervisor.listening
    },
    beside: handles => supervisor.beside(handles),
    setTrustedHosts: hosts => supervisor.trust(hosts),
    close: () => supervisor.close(),
  }
}

/** The first such message of a thread says that it has begun. */
type Begun = Extract<FromFront, { type: 'listening' | 'standby' }>

/** Keeps one front's thread running until it is closed. */
class Supervisor {
  readonly #registry: Servable
  readonly #settings: FrontSettings
  readonly #internals: FrontInternals
  #listen: Address
  #listens = false
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #failures = 0
  /** Threads that were started again since one was up, which counts them. */
  #restarts = 0
  #closed: Promise<void> | undefined
  /** They remove the callbacks for the ends of registries. */
  readonly #forgets: (() => void)[] = []
  #trustedHosts: readonly string[]
  #beside: readonly RegistryHandle[] = []
  /** Changes of that list that the thread has not confirmed, by number. */
  readonly #trusting = new Map<number, () => void>()
  #changes = 0

  constructor(
    registry: Servable,
    others: readonly Servable[],
    settings: FrontSettings,
    internals: FrontInternals,
  ) {
    this.#registry = registry
    this.#beside = others.map(({ handle }) => handle)
    for (const other of others) {
      const leaveOut = () => this.beside(this.#beside.filter(handle => handle !== other.handle))
      this.#forgets.push(other.onClose(leaveOut))
    }
    this.#settings = settings
    this.#internals = internals
    this.#listen = settings.listen
    this.#trustedHosts = settings.answerSettings.trustedHosts
    warnIfOpen(this.#trustedHosts, settings.log)
  }

  get listening(): boolean {
    return this.#listens && this.#closed === undefined
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

  beside(handles: readonly RegistryHandle[]): void {
    this.#beside = handles
    // A thread that is started later begins with them.
    this.#worker?.postMessage({ type: 'beside', handles } satisfies ToFront)
  }

  async start(): Promise<Begun> {
    this.#forgets.push(this.#registry.onClose(() => this.close()))
    try {
      const begun = await this.#run(this.#settings.retry)
      // If another thread has closed it, no callback was called here.
      if (this.#registry.closed) await this.close()
      if (this.#closed !== undefined) throw this.#tooLate()
      // The port stays the same for a thread that is started again.
      this.#listen = begun.address
      this.#logTransport(begun.transport)
      return begun
    } catch (error) {
      this.#forgetAll()
      throw this.#closed === undefined ? error : this.#tooLate()
    }
  }

  #forgetAll(): void {
    for (const forget of this.#forgets.splice(0)) forget()
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
      this.#forgetAll()
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
   * Runs one thread; resolves when it listens or stands by. Rejects if it cannot start: its file may be gone. A thread that
   * is started again does not try for an address in use (`retry` 0): it fails, which is logged, and the next one tries. Or
   * it stands by.
   */
  async #run(retry = 0): Promise<Begun> {
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
    return this.#begun(worker, ended)
  }

  #startThread(retry: number, ended: SharedArrayBuffer): Worker {
    const { standby, answerSettings, limits, dashboard, socketMode, tls, choice, fallBack } = this.#settings
    const { scraperModule, grace, stallTimeout, httpStallTimeout, maxWait, backoff } = this.#internals
    const workerData: FrontData = {
      handle: this.#registry.handle,
      beside: this.#beside,
      listen: this.#listen,
      retry,
      standby,
      restarts: this.#restarts,
      backoff,
      answerSettings: { ...answerSettings, trustedHosts: this.#trustedHosts },
      limits,
      dashboard,
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
    return startThread(workerData)
  }

  #begun(worker: Worker, ended: SharedArrayBuffer): Promise<Begun> {
    const { log } = this.#settings
    this.#worker = worker
    const forgetExit = beforeExit({
      leave: () => worker.postMessage({ type: 'exit' } satisfies ToFront),
      ended: new Int32Array(ended),
    })
    return new Promise((resolve, reject) => {
      let since: number | undefined
      let failure = 'it ended by itself'
      worker.on('message', (message: FromFront) => {
        if (message.type === 'log') logEvent(log, message.event)
        else if (message.type === 'trusting') this.#confirm(message.number)
        else if (message.type === 'ask') void this.#give(worker, message.number)
        else if (message.type === 'failed') failure = message.why
        else if (message.type === 'refused') reject(refusal(message))
        else {
          // Only the first time: close() may have waited for it since.
          if (since === undefined && !this.#settings.ref) worker.unref()
          if (since === undefined) this.#restarts = 0
          since ??= performance.now()
          this.#changed(message.type === 'listening')
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
        this.#listens = false
        for (const number of [...this.#trusting.keys()]) this.#confirm(number)
        reject(plainError('ERR_POSTMETER_FRONT', `the front's thread ended before it listened: ${failure}`))
        if (since === undefined || this.#closed !== undefined) return
        if (performance.now() - since >= HEALTHY) this.#failures = 0
        this.#runAgain(failure)
      })
    })
  }

  #changed(listens: boolean): void {
    this.#listens = listens
    if (!this.#settings.standby || this.#closed !== undefined) return
    const at = listenText(this.#listen)
    const event = listens
      ? { code: 'front-listening', message: `the front listens on ${at}` }
      : { code: 'front-standby', message: `the front stands by until ${at} is free` }
    logEvent(this.#settings.log, { level: 'info', ...event })
  }

  async #give(worker: Worker, number: number): Promise<void> {
    const { alongside } = this.#settings
    if (alongside === undefined) return
    const given = await giveText(alongside)
    worker.postMessage({ type: 'text', number, given } satisfies ToFront)
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
      this.#restarts++
      this.#run().then(
        ({ type }) =>
          logEvent(log, {
            level: 'warn',
            code: 'front-restarted',
            message: `the front on ${at} ${type === 'listening' ? 'listens again' : 'runs again, and stands by'}`,
          }),
        (error: Error) => {
          if (this.#closed === undefined) this.#runAgain(error.message)
        },
      )
    }, delay)
    if (!ref) this.#restart.unref()
  }
}

function refusal({ message, code }: Extract<FromFront, { type: 'refused' }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
