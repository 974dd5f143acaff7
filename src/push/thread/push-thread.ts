/** Keeps one push's thread running until it is closed. */
import { isMainThread, type Worker } from 'node:worker_threads'
import { plainError, thrown } from '../../common/errors.js'
import { type Log, logEvent } from '../../common/log.js'
import { claimThreads, onceAnyOf } from '../../memory/address-space.js'
import { startOwnThread } from '../../memory/own-thread.js'
import type { Servable } from '../../registry/servable.js'
import type { PushSettings } from '../options/options.js'
import type { FromPush, PushData, ToPush } from './protocol.js'

/** A thread that has run for so long, ms, was healthy: its failure is a new one. */
const HEALTHY = 60_000

export interface PushInternals {
  /** How long it waits before it starts a failed thread again, ms: at first, and doubled each time, at most. */
  readonly backoff: readonly [first: number, most: number]
}

export const INTERNALS: PushInternals = { backoff: [100, 30_000] }

export class PushThread {
  readonly #registry: Servable
  readonly #settings: PushSettings
  readonly #internals: PushInternals
  readonly #log: Log
  readonly #forget: () => void
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #failures = 0
  #closed: Promise<void> | undefined
  /** Pushes that were asked for, by number. */
  readonly #asked = new Map<number, (whole: boolean) => void>()
  #number = 0
  /** Which series it has told of. The next thread goes on with it, and tells which of them have gone meanwhile. */
  #told: SharedArrayBuffer | undefined

  constructor(registry: Servable, settings: PushSettings, log: Log, internals: PushInternals) {
    this.#registry = registry
    this.#settings = settings
    this.#internals = internals
    this.#log = log
    this.#forget = registry.onClose(() => this.close())
  }

  /** Resolves when the thread has begun. */
  async start(): Promise<void> {
    try {
      await this.#run()
    } catch (error) {
      this.#forget()
      throw error
    }
    // If another thread has closed it, no callback was called here.
    if (this.#registry.closed) await this.close()
    if (this.#closed !== undefined) {
      const { name } = this.#registry.handle
      throw plainError('ERR_POSTMETER_CLOSED', `push: registry "${name}" was closed while its push began`)
    }
  }

  pushNow(): Promise<boolean> {
    const worker = this.#worker
    if (worker === undefined || this.#closed !== undefined) return Promise.resolve(false)
    const number = this.#number++
    // What is asked for keeps the program running until it is there.
    if (this.#asked.size === 0) worker.ref()
    return new Promise(resolve => {
      this.#asked.set(number, resolve)
      worker.postMessage({ type: 'push', number } satisfies ToPush)
    })
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#forget()
      if (this.#restart !== undefined) {
        clearTimeout(this.#restart)
        // It failed, and waits to be started again: what was counted since is told all the same.
        if (this.#worker === undefined) await this.#run().catch(() => {})
      }
      const worker = this.#worker
      if (worker === undefined) return
      // Keeps the program running until the thread has ended.
      worker.ref()
      const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
      worker.postMessage({ type: 'close' } satisfies ToPush)
      await ended
    })()
    return this.#closed
  }

  #run(): Promise<void> {
    const claim = claimThreads("push: the push's thread", 1, 0)
    if ('lacking' in claim) return Promise.reject(plainError('ERR_POSTMETER_MEMORY', claim.lacking))
    let worker: Worker
    try {
      worker = this.#startThread()
    } catch (error) {
      claim.begun()
      return Promise.reject(error)
    }
    onceAnyOf(worker, ['message', 'exit'], claim.begun)
    return this.#begun(worker)
  }

  #startThread(): Worker {
    const data: PushData = {
      handle: this.#registry.handle,
      settings: this.#settings,
      inOrder: isMainThread,
      told: this.#told,
    }
    return startOwnThread({
      call: 'push',
      what: "the push's thread",
      code: 'ERR_POSTMETER_PUSH',
      name: 'postmeter-push',
      file: new URL('./worker.js', import.meta.url),
      data,
    })
  }

  #begun(worker: Worker): Promise<void> {
    this.#worker = worker
    return new Promise((resolve, reject) => {
      let since: number | undefined
      let failure = 'it ended by itself'
      worker.on('message', (message: FromPush) => {
        if (message.type === 'log') logEvent(this.#log, message.event)
        else if (message.type === 'pushed') this.#answer(message.number, message.whole)
        else if (message.type === 'failed') failure = message.why
        else {
          this.#told = message.told
          this.#letGo(worker)
          since = performance.now()
          resolve()
        }
      })
      worker.on('error', error => {
        failure = (error instanceof Error && error.stack) || thrown(error)
      })
      worker.on('exit', code => {
        this.#worker = undefined
        for (const number of [...this.#asked.keys()]) this.#answer(number, false)
        reject(plainError('ERR_POSTMETER_PUSH', `push: its thread ended before it began: ${failure}`))
        if (since === undefined) return
        if (this.#closed !== undefined) {
          if (code !== 0) this.#sayFailed('failed as it ended', failure)
          return
        }
        if (performance.now() - since >= HEALTHY) this.#failures = 0
        this.#runAgain(failure)
      })
    })
  }

  #answer(number: number, whole: boolean): void {
    this.#asked.get(number)?.(whole)
    this.#asked.delete(number)
    if (this.#worker !== undefined) this.#letGo(this.#worker)
  }

  /** It does not keep the program running, unless something was asked of it. */
  #letGo(worker: Worker): void {
    if (this.#asked.size === 0 && this.#closed === undefined) worker.unref()
  }

  #runAgain(failure: string): void {
    const [first, most] = this.#internals.backoff
    const delay = Math.min(most, first * 2 ** this.#failures++)
    this.#sayFailed(`failed and is started again in ${delay} ms`, failure)
    this.#restart = setTimeout(() => {
      this.#run().then(
        () =>
          logEvent(this.#log, {
            level: 'warn',
            code: 'push-thread-restarted',
            message: `the thread of push "${this.#settings.name}" runs again`,
          }),
        (error: Error) => {
          if (this.#closed === undefined) this.#runAgain(error.message)
        },
      )
    }, delay).unref()
  }

  #sayFailed(what: string, failure: string): void {
    const message = `the thread of push "${this.#settings.name}" ${what}: ${failure}`
    logEvent(this.#log, { level: 'error', code: 'push-thread-failed', message })
  }
}
