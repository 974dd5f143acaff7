import { createRequire } from 'node:module'
import type { Worker } from 'node:worker_threads'
import type { Piscina as PiscinaPool } from 'piscina'
import { ownFile } from '../common/files.js'
import { threadFlags } from '../common/thread-flags.js'
import { addressSpace, claimThreads, onceAnyOf, THREAD_LIMITS } from '../memory/address-space.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { Task } from './work.js'

export const DEFAULT_THREADS = 2
/** All threads but one end when they had nothing to do for this long, ms. */
const IDLE_TIMEOUT = 60_000
/** The next task lies ready when one is done: a thread never waits for the front to hear of it. */
const TASKS_EACH = 2
/** After a further thread could not start, those there are do the work for so long, ms. */
const PAUSE = 10_000
/** How long close() waits for tasks that are under way, ms. */
const CLOSE_PATIENCE = 1_000

/** There is no thread to be had, for now or for good: the process may have no permission to start any. */
export class PoolCannotStart extends Error {
  constructor(cause: unknown) {
    super(`the pool cannot start: ${(cause as Error)?.message ?? String(cause)}`, { cause })
  }
}

/**
 * Not by an import, or a bundler would take it in: Piscina starts a file beside it named `worker.js`, and that may be the
 * application's own.
 */
function loadPiscina(): typeof import('piscina') {
  return createRequire(import.meta.url)('piscina')
}

/**
 * One thread of the pool, in a Piscina of its own. A Piscina of several starts them, and those that replace the dead,
 * when it hears of its threads; where the system gives out no more (a limit of processes), that ended the program.
 */
class PoolThread {
  /** Tasks that it has. */
  tasks = 0
  readonly #piscina: PiscinaPool
  /** Whether it has ever run, so that it may have begun what it was asked for. */
  #ran = false
  #destroyed = false
  #failure: unknown

  /** It starts with its first task. `ended` is called once it has ended, or ends. */
  constructor(handle: RegistryHandle, idleTimeout: number, ended: (thread: PoolThread) => void) {
    // Not before it is needed: a program whose scrapes are small never pays for it.
    const { Piscina } = loadPiscina()
    const piscina = new Piscina({
      filename: ownFile(new URL('./task.js', import.meta.url)),
      workerData: handle,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout,
      execArgv: threadFlags(),
      resourceLimits: THREAD_LIMITS,
      concurrentTasksPerWorker: TASKS_EACH,
      // Cheapest of the three by far, and a thread that waits in its loop can be ended at any time.
      atomics: 'disabled',
      recordTiming: false,
    })
    this.#piscina = piscina
    piscina.on('workerCreate', () => {
      this.#ran = true
    })
    // The end of a thread that had begun no task; unheard, the event would end the program.
    piscina.on('error', error => {
      this.#failure = error
    })
    piscina.on('workerDestroy', () => {
      ended(this)
      // Tasks that wait in it would wait for ever. Not at once: it has yet to forget the thread, and to say why it ended.
      setImmediate(() => void piscina.destroy())
    })
  }

  /** The thread itself, from its first task on. */
  get worker(): Worker {
    return this.#piscina.threads[0]!
  }

  /** Throws if it is the first task, and the thread cannot start. */
  run(task: Task): Promise<void> {
    const done = this.#piscina.run(task)
    this.tasks++
    return this.#result(done)
  }

  async #result(done: Promise<void>): Promise<void> {
    try {
      await done
    } catch (error) {
      throw this.#ran || this.#destroyed ? error : new PoolCannotStart(this.#failure ?? error)
    } finally {
      this.tasks--
    }
  }

  destroy(): Promise<void> {
    this.#destroyed = true
    return this.#piscina.destroy()
  }
}

interface Waiting {
  readonly task: Task
  readonly resolve: (done: Promise<void>) => void
}

/** The threads that encode for one thread's scrapes; started when there is something to encode. */
export class Pool {
  readonly #handle: RegistryHandle
  readonly #most: number
  readonly #space: typeof addressSpace
  readonly #threads = new Set<PoolThread>()
  /** Tasks for which no thread has room. */
  readonly #waiting: Waiting[] = []
  readonly #running = new Set<Promise<void>>()
  #noMoreBefore = Number.NEGATIVE_INFINITY
  #closed: Promise<void> | undefined

  /** `space` returns what a limit of address space leaves; tests pass their own. */
  constructor(handle: RegistryHandle, threads = DEFAULT_THREADS, space = addressSpace) {
    this.#handle = handle
    this.#most = threads
    this.#space = space
  }

  /**
   * Encodes a slot, plainly or compressed, or sweeps. Rejects if its thread died meanwhile, with PoolCannotStart if there
   * is none, or if the one that the task was for ended before it was ready: it may have found no file, or no descriptor.
   */
  async run(task: Task): Promise<void> {
    if (this.#closed !== undefined) throw new Error('the pool is closed')
    const done = this.#begin(task) ?? new Promise<void>(resolve => this.#waiting.push({ task, resolve }))
    this.#running.add(done)
    try {
      await done
    } finally {
      this.#running.delete(done)
      this.#next()
    }
  }

  /** Hands a task to a thread; undefined if none has room. Throws PoolCannotStart if there is none. */
  #begin(task: Task): Promise<void> | undefined {
    const [freest] = [...this.#threads].sort((a, b) => a.tasks - b.tasks)
    if (freest === undefined && this.#closed !== undefined) throw new Error('the pool is closed')
    if (freest === undefined || (freest.tasks > 0 && this.#mayStart())) {
      try {
        return this.#start(task)
      } catch (error) {
        // The next task tries again if there is no thread at all.
        if (freest === undefined) throw new PoolCannotStart(error)
        this.#noMoreBefore = performance.now() + PAUSE
      }
    }
    return freest.tasks < TASKS_EACH ? freest.run(task) : undefined
  }

  #mayStart(): boolean {
    const { size } = this.#threads
    return size < this.#most && this.#closed === undefined && performance.now() >= this.#noMoreBefore
  }

  #start(task: Task): Promise<void> {
    const begun = this.#claim()
    try {
      const idleTimeout = this.#threads.size === 0 ? Number.POSITIVE_INFINITY : IDLE_TIMEOUT
      const thread = new PoolThread(this.#handle, idleTimeout, ended => {
        this.#threads.delete(ended)
      })
      const done = thread.run(task)
      this.#threads.add(thread)
      // It runs its first code, or has ended without.
      if (begun !== undefined) onceAnyOf(thread.worker, ['online', 'exit'], begun)
      return done
    } catch (error) {
      begun?.()
      throw error
    }
  }

  /** Claims address space for a thread, if it is limited. As much is to spare: what has begun still grows. */
  #claim(): (() => void) | undefined {
    if (this.#space() === undefined) return undefined
    const claim = claimThreads('it', 1, 1, this.#space)
    if ('lacking' in claim) throw new Error(claim.lacking)
    return claim.begun
  }

  /** Tasks that waited get what room there is now. */
  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      let done: Promise<void> | undefined
      try {
        done = this.#begin(first.task)
      } catch (error) {
        done = Promise.reject(error)
      }
      if (done === undefined) return
      this.#waiting.shift()
      first.resolve(done)
    }
  }

  /** Ends the threads. Can be awaited twice. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    // Piscina reports the end of a task that it cuts off before its thread has stopped, and a slot that is still
    // written to must not be given to another: so what runs, a millisecond mostly, is waited for.
    const patience = new Promise(resolve => setTimeout(resolve, CLOSE_PATIENCE).unref())
    await Promise.race([Promise.allSettled([...this.#running]), patience])
    await Promise.all([...this.#threads].map(thread => thread.destroy()))
  }
}
