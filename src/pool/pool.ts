import { createRequire } from 'node:module'
import type { Worker } from 'node:worker_threads'
import type { Piscina as PiscinaPool } from 'piscina'
import { lacksFile, ownFile } from '../common/files.js'
import { threadFlags } from '../common/thread-flags.js'
import { addressSpace, claimThreads, THREAD_LIMITS } from '../memory/address-space.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { Task } from './work.js'

export const DEFAULT_THREADS = 2
/** Threads that had nothing to do for this long end, ms. */
const IDLE_TIMEOUT = 60_000
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

/** The threads that encode for one thread's scrapes; started when there is something to encode. */
export class Pool {
  readonly #handle: RegistryHandle
  readonly #threads: number
  readonly #space: typeof addressSpace
  #piscina: Promise<PiscinaPool> | undefined
  #closed: Promise<void> | undefined
  readonly #running = new Set<Promise<void>>()

  /** `space` returns what a limit of address space leaves; tests pass their own. */
  constructor(handle: RegistryHandle, threads = DEFAULT_THREADS, space = addressSpace) {
    this.#handle = handle
    this.#threads = threads
    this.#space = space
  }

  get threads(): number {
    return this.#threads
  }

  /**
   * Encodes a slot, plainly or compressed, or sweeps. Rejects if its thread died meanwhile, with PoolCannotStart if there
   * is none, or if the one that the task was for could not start because its files are gone.
   */
  async run(task: Task): Promise<void> {
    if (this.#closed !== undefined) throw new Error('the pool is closed')
    this.#piscina ??= this.#start()
    const starting = this.#piscina
    let piscina: PiscinaPool
    try {
      piscina = await starting
    } catch (error) {
      // No thread or no file to be had, for now: the next task tries again.
      if (this.#piscina === starting) this.#piscina = undefined
      throw new PoolCannotStart(error)
    }
    // Given up just now.
    if (this.#piscina !== starting) return this.run(task)
    const done = piscina.run(task)
    this.#running.add(done)
    try {
      await done
    } catch (error) {
      throw lacksFile(error) ? new PoolCannotStart(error) : error
    } finally {
      this.#running.delete(done)
    }
  }

  async #start(): Promise<PiscinaPool> {
    const { threads, begun } = this.#claim()
    // Not before it is needed: a program whose scrapes are small never pays for it.
    const { Piscina } = loadPiscina()
    const pool = new Piscina({
      filename: ownFile(new URL('./task.js', import.meta.url)),
      workerData: this.#handle,
      // With none, tasks that wait while the last thread dies would wait until something else is asked for. Under a limit
      // all start at once, while there is room.
      minThreads: begun === undefined ? 1 : threads,
      maxThreads: threads,
      idleTimeout: IDLE_TIMEOUT,
      execArgv: threadFlags(),
      resourceLimits: THREAD_LIMITS,
      // The next task lies ready when one is done: a thread never waits for the front to hear of it.
      concurrentTasksPerWorker: 2,
      // Cheapest of the three by far, and a thread that waits in its loop can be ended at any time.
      atomics: 'disabled',
      recordTiming: false,
    })
    if (begun !== undefined) for (const thread of pool.threads) onceBegun(thread, begun)
    // Ends of threads reach the caller through its task; unheard, the event would end the program.
    pool.on('error', () => {})
    // Not at once: the pool has yet to forget the thread, and to start another.
    pool.on('workerDestroy', () => setImmediate(() => this.#replaceIfDead(pool)))
    return pool
  }

  /** As many threads as the address space is enough for. One is to spare: what has begun still grows. */
  #claim(): { threads: number; begun: (() => void) | undefined } {
    if (this.#space() === undefined) return { threads: this.#threads, begun: undefined }
    for (let threads = this.#threads; ; threads--) {
      const claim = claimThreads('it', threads, 1, this.#space)
      if ('begun' in claim) return { threads, begun: claim.begun }
      if (threads === 1) throw new Error(claim.lacking)
    }
  }

  /**
   * Once a thread has ended before it was ready, Piscina starts no other when one ends: tasks that wait would wait
   * for ever. So a pool without threads is given up, which rejects them, and the next task starts a new one.
   */
  async #replaceIfDead(pool: PiscinaPool): Promise<void> {
    if (pool.threads.length > 0 || this.#closed !== undefined) return
    const current = await this.#piscina
    if (current !== pool) return
    this.#piscina = undefined
    await pool.destroy()
  }

  /** Ends the threads. Can be awaited twice. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    const piscina = await this.#piscina?.catch(() => undefined)
    if (piscina === undefined) return
    // Piscina reports the end of a task that it cuts off before its thread has stopped, and a slot that is still
    // written to must not be given to another: so what runs, a millisecond mostly, is waited for.
    const patience = new Promise(resolve => setTimeout(resolve, CLOSE_PATIENCE).unref())
    await Promise.race([Promise.allSettled([...this.#running]), patience])
    await piscina.destroy()
  }
}

/** Calls back when a thread runs its first code, or has ended without. */
function onceBegun(thread: Worker, begun: () => void): void {
  const once = () => {
    thread.off('online', once)
    thread.off('exit', once)
    begun()
  }
  thread.once('online', once)
  thread.once('exit', once)
}
