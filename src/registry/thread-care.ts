/**
 * What a thread does for a registry besides recording: it lets go of series for which others asked, it buries the
 * Workers that it started, and it sweeps if no other thread does.
 *
 * Assumes: A Worker's end is seen after its last instruction (workers.ts).
 * Guarantees: When a Worker has ended, its shard is free for another thread, with all that it counted. Its slots and
 * its right to sweep are given back, together with those of all threads below it. One turn of the timer does bounded
 * work.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads'
import { makeRoom } from '../lifecycle/room.js'
import { endSweepOf, hasSweepWork, isSweepDue } from '../lifecycle/sweep.js'
import type { Arena } from '../memory/arena.js'
import { P_CLOSED } from '../memory/layout.js'
import { forgetLineage } from '../memory/lineage.js'
import { markWatched, orphanThread } from '../memory/shards.js'
import { freeSlots } from '../memory/slots.js'
import { buryProcesses, fileLost, leaveForGood, noteUptime } from '../processes/sharing.js'
import type { SeriesTable } from '../series/series.js'
import { lookForEnds, onWorker, onWorkerEnd } from './workers.js'

/** The longest time between two checks whether the thread should let go of series, ms. */
const CHORES_EVERY = 1_000
/** When so many sweeps in a row did not begin, another thread sweeps. */
const SWEEPS_MISSED = 3

export interface CareTools {
  readonly arena: Arena
  readonly series: SeriesTable
  /** ms since the registry was made. */
  readonly uptime: () => number
  /** ms. */
  readonly sweepEvery: number
  /** Whether this thread made the registry. If it did, it sweeps unless a front does. */
  readonly maker: boolean
  /** Has this thread sweep from now on. */
  readonly startSweeping: () => void
  /** Loads what this thread will need for expositions and sweeps. */
  readonly preload: () => void
  /** The file in which the process met others. */
  readonly file: string | undefined
  /** Runs what walks the memory, which may be damaged: no timer throws. */
  readonly guarded: (work: () => void, instead: undefined) => void
  /** Says what has become of that file. Called once. */
  readonly fileLost: (how: 'removed' | 'replaced') => void
  /** Closes the registry in this thread, because another one of the process has. */
  readonly follow: () => void
}

export class ThreadCare {
  readonly #tools: CareTools
  readonly #unwatch: () => void
  /** They remove the callbacks for the ends of Workers, so that these do not keep the memory of a closed registry. */
  readonly #offs = new Set<() => void>()
  /** Ids of the threads whose end this one will see. */
  readonly #watched = new Set<number>(isMainThread ? [threadId] : [])
  readonly #chores: NodeJS.Timeout
  /** When this thread first saw that a sweep was due that nobody had begun. */
  #dueSince: number | undefined
  /** Whether an immediate will go on letting go. */
  #lettingGo = false
  #preloaded = false
  #saidLost = false
  #leaving = false
  /** Whether the fronts and the pool have ended since. */
  #left = false

  constructor(tools: CareTools) {
    this.#tools = tools
    this.#unwatch = onWorker(worker => this.watch(worker))
    this.#chores = setInterval(
      () => this.#guarded(() => this.#doChores()),
      Math.min(CHORES_EVERY, tools.sweepEvery),
    ).unref()
  }

  /** Buries a Worker when it ends. */
  watch(worker: Worker): void {
    // Read now, because at 'exit' it is -1.
    const id = worker.threadId
    if (id < 0) return
    const { arena } = this.#tools
    this.#watched.add(id)
    const off = onWorkerEnd(worker, () => {
      this.#offs.delete(off)
      this.#watched.delete(id)
      this.#guarded(() => {
        orphanThread(arena, id)
        freeSlots(arena, id)
        endSweepOf(arena, id)
        forgetLineage(arena, id)
        makeRoom(arena)
      })
    })
    this.#offs.add(off)
  }

  #guarded(work: () => void): void {
    this.#tools.guarded(work, undefined)
  }

  close(): void {
    this.#unwatch()
    for (const off of this.#offs) off()
    clearInterval(this.#chores)
  }

  /**
   * As close(), but other processes go on with the memory. So what the Workers have of it that this thread started is
   * given back when they end, and the process' attachment with the last of it.
   */
  leave(): void {
    this.#leaving = true
    this.#unwatch()
  }

  /** Gives up the process' attachment if nothing of it is in use any more; else later. */
  leaveForGood(): void {
    this.#left = true
    lookForEnds()
    // The main thread has the calls for it.
    if (isMainThread && leaveForGood(this.#tools.arena)) this.close()
  }

  /** Loads what this thread will need, once. */
  preload(): void {
    if (this.#preloaded) return
    this.#preloaded = true
    this.#tools.preload()
  }

  /** Lets go of what others asked for, in bounded batches. Between the batches the thread does its own work. */
  #letGo(): void {
    this.#lettingGo = this.#tools.series.answerRequests()
    if (this.#lettingGo) setImmediate(() => this.#guarded(() => this.#letGo())).unref()
  }

  #doChores(): void {
    const { arena, maker } = this.#tools
    if (this.#leaving) {
      if (this.#left) this.leaveForGood()
      return
    }
    // A Worker cannot give up the attachment, nor the descriptor that children inherit.
    if (isMainThread && arena.attachment !== 0 && Atomics.load(arena.i32, P_CLOSED) !== 0) {
      this.#tools.follow()
      return
    }
    // Loaded soon after the start, so that it is the release that was installed when the program started: packages are
    // replaced while programs run.
    if (maker) this.preload()
    if (!this.#lettingGo) this.#letGo()
    if (isMainThread && arena.attachment !== 0) this.#doProcessChores()
    lookForEnds()
    markWatched(arena, this.#watched)
    if (hasSweepWork(arena) && (maker || this.#isSweepOverdue())) this.#tools.startSweeping()
  }

  #doProcessChores(): void {
    const { arena, file, fileLost: lost, uptime } = this.#tools
    buryProcesses(arena)
    noteUptime(arena, uptime())
    const how = file === undefined || this.#saidLost ? undefined : fileLost(arena, file)
    if (how === undefined) return
    this.#saidLost = true
    lost(how)
  }

  /**
   * Whether no sweep has begun for so long that the thread which should sweep cannot: the thread that made the registry
   * has ended, or is blocked. Then any other thread that has the registry sweeps. The time is counted from when this
   * thread first saw a sweep due.
   */
  #isSweepOverdue(): boolean {
    const { arena, sweepEvery } = this.#tools
    const now = this.#tools.uptime()
    if (!isSweepDue(arena, now, sweepEvery)) this.#dueSince = undefined
    else this.#dueSince ??= now
    return this.#dueSince !== undefined && now - this.#dueSince > SWEEPS_MISSED * sweepEvery
  }
}
