/**
 * What a thread does for a registry besides recording: it lets go of series that others asked for, sees the ends of the
 * Workers that it started, and sweeps where nobody else does.
 *
 * Assumes: a Worker's end is seen after its last instruction (workers.ts).
 * Guarantees: of a Worker that has ended, its shard is free for another thread with all it counted, and its slots and its
 * right to sweep are given back, together with those of all threads below it. A turn of the timer does bounded work.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads'
import { makeRoom } from '../lifecycle/room.js'
import { endSweepOf, hasSweepWork, isSweepDue } from '../lifecycle/sweep.js'
import type { Arena } from '../memory/arena.js'
import { forgetLineage } from '../memory/lineage.js'
import { markWatched, orphanThread } from '../memory/shards.js'
import { freeSlots } from '../memory/slots.js'
import type { SeriesTable } from '../series/series.js'
import { lookForEnds, onWorker, onWorkerEnd } from './workers.js'

/** How often a thread looks whether it should let go of series, ms at most. */
const CHORES_EVERY = 1_000
/** After so many sweeps that did not come, another thread sweeps. */
const SWEEPS_MISSED = 3

export interface CareTools {
  readonly arena: Arena
  readonly series: SeriesTable
  /** ms since the registry was made. */
  readonly uptime: () => number
  /** ms. */
  readonly sweepEvery: number
  /** Whether this thread made the registry, and so sweeps where no front does. */
  readonly maker: boolean
  /** Has this thread sweep from now on. */
  readonly startSweeping: () => void
  /** Loads what this thread will need for expositions and sweeps. */
  readonly preload: () => void
}

export class ThreadCare {
  readonly #tools: CareTools
  readonly #unwatch: () => void
  /** Take back what is to be called when a Worker ends: a closed registry's memory is not to be kept for it. */
  readonly #offs = new Set<() => void>()
  /** Ids of the threads whose end this one will see. */
  readonly #watched = new Set<number>(isMainThread ? [threadId] : [])
  readonly #chores: NodeJS.Timeout
  /** When a sweep was first seen to be due that nobody has begun. */
  #dueSince: number | undefined
  /** Whether an immediate will go on with it. */
  #lettingGo = false
  #preloaded = false

  constructor(tools: CareTools) {
    this.#tools = tools
    this.#unwatch = onWorker(worker => this.watch(worker))
    this.#chores = setInterval(() => this.#doChores(), Math.min(CHORES_EVERY, tools.sweepEvery)).unref()
  }

  /** Sees to a Worker's end. */
  watch(worker: Worker): void {
    // At 'exit' the id reads -1.
    const id = worker.threadId
    if (id < 0) return
    const { arena } = this.#tools
    this.#watched.add(id)
    const off = onWorkerEnd(worker, () => {
      this.#offs.delete(off)
      this.#watched.delete(id)
      orphanThread(arena, id)
      freeSlots(arena, id)
      endSweepOf(arena, id)
      forgetLineage(arena, id)
      makeRoom(arena)
    })
    this.#offs.add(off)
  }

  close(): void {
    this.#unwatch()
    for (const off of this.#offs) off()
    clearInterval(this.#chores)
  }

  /** Lets go of what others asked for, in bounded batches: between them the thread does its own work. */
  #letGo(): void {
    this.#lettingGo = this.#tools.series.answerRequests()
    if (this.#lettingGo) setImmediate(() => this.#letGo()).unref()
  }

  #doChores(): void {
    const { arena, maker } = this.#tools
    // Soon, so that it is what was installed when the program started: releases are put in place under running programs.
    if (maker && !this.#preloaded) {
      this.#preloaded = true
      this.#tools.preload()
    }
    if (!this.#lettingGo) this.#letGo()
    lookForEnds()
    markWatched(arena, this.#watched)
    if (hasSweepWork(arena) && (maker || this.#isSweepOverdue())) this.#tools.startSweeping()
  }

  /**
   * Whether no sweep has begun for so long that who should sweep cannot: the thread that made the registry has ended, or
   * is blocked. Then any other that has the registry does. Counted from when this thread first saw one due.
   */
  #isSweepOverdue(): boolean {
    const { arena, sweepEvery } = this.#tools
    const now = this.#tools.uptime()
    if (!isSweepDue(arena, now, sweepEvery)) this.#dueSince = undefined
    else this.#dueSince ??= now
    return this.#dueSince !== undefined && now - this.#dueSince > SWEEPS_MISSED * sweepEvery
  }
}
