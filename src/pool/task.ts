/** The pool's tasks, all of one registry. */
import { workerData } from 'node:worker_threads'
import { type Kernel, loadKernel } from '../kernel/loader.js'
import { type Arena, openArena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'
import { compressSpan } from './compress.js'
import { sweep } from './sweep.js'

/** Piscina hands workerData over as the second of a pair. */
const handle = (Array.isArray(workerData) ? workerData[1] : workerData) as RegistryHandle
const arena: Arena = openArena(handle)
const kernel: Kernel = loadKernel(arena)

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

export type Task = number | GzipTask | SweepTask

/** Encodes the slot it is given, and compresses it if it is to; or sweeps. */
export default function run(task: Task): void {
  if (typeof task === 'number') kernel.encode(task)
  else if ('slot' in task) {
    kernel.encode(task.slot)
    compressSpan(arena, task.slot, task.level, task.skip)
  } else sweep(arena, kernel, task.now, () => performance.now())
}
