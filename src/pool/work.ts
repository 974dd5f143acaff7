/** The tasks of the pool, and how one is done: by a thread of the pool, or by the caller if there is no pool. */
import type { Kernel } from '../kernel/loader.js'
import { sweep } from '../lifecycle/sweep.js'
import type { Arena } from '../memory/arena.js'

/** Encodes a slot. */
export type EncodeTask = number

export interface GzipTask {
  readonly slot: number
  /** The level of compression, 1 to 9. */
  readonly level: number
  /** Bytes at the beginning of the span that are left out. */
  readonly skip: number
}

export interface SweepTask {
  /** ms since the registry was made. */
  readonly now: number
}

export type Task = EncodeTask | GzipTask | SweepTask

type Compress = typeof import('./compress.js').compressSpan

/** Encodes the slot of a task, and compresses it if the task says so; or sweeps. */
export function work(arena: Arena, kernel: Kernel, task: Task, compressSpan: Compress): void {
  if (typeof task === 'number') kernel.encode(task)
  else if ('slot' in task) {
    kernel.encode(task.slot)
    compressSpan(arena, task.slot, task.level, task.skip)
  } else sweep(arena, kernel, task.now, () => performance.now())
}
