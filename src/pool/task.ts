/** The pool's tasks, all of one registry. */
import { workerData } from 'node:worker_threads'
import { type Kernel, loadKernel } from '../kernel/loader.js'
import { type Arena, openArena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'
import { sweep } from './sweep.js'

/** Piscina hands workerData over as the second of a pair. */
const handle = (Array.isArray(workerData) ? workerData[1] : workerData) as RegistryHandle
const arena: Arena = openArena(handle)
const kernel: Kernel = loadKernel(arena)

export interface SweepTask {
  readonly slot: number
  /** ms since the registry's birth. */
  readonly now: number
}

/** Encodes the slot it is given, or sweeps. */
export default function run(task: number | SweepTask): void {
  if (typeof task === 'number') kernel.encode(task)
  else sweep(arena, kernel, task.slot, task.now, () => performance.now())
}
