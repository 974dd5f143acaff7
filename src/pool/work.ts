/** What the pool's tasks are, and how one is done: by a thread of the pool, or by the caller where there is no pool. */
import type { Kernel } from '../kernel/loader.js'
import { sweep } from '../lifecycle/sweep.js'
import type { Arena } from '../memory/arena.js'

/** Encodes a slot. */
export type EncodeTask = number

export interface GzipTask {
  readonly slot: number
  /** zlib's, 1 to 9. */
  readonly level: number
  /** Bytes at the span's beginning that are left out. */
  readonly skip: number
}

export interface SweepTask {
  /** ms since the registry was made. */
  readonly now: number
}

export type Task = EncodeTask | GzipTask | SweepTask

type Compress = typeof import('./compress.js').compressSpan

/** Encodes the slot it is given, and compresses it if it is to; or sweeps. */
export function work(arena: Arena, kernel: Kernel, task: Task, compressSpan: Compress): void {
  if (typeof task === 'number') kernel.encode(task)
  else if ('slot' in task) {
    kernel.encode(task.slot)
    compressSpan(arena, task.slot, task.level, task.skip)
  } else sweep(arena, kernel, task.now, () => performance.now())
}
