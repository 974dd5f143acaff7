/** What a thread of the pool runs; all of its tasks are of one registry. */
import { workerData } from 'node:worker_threads'
import { loadKernel } from '../kernel/loader.js'
import { openArena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'
import { compressSpan } from './compress.js'
import { type Task, work } from './work.js'

/** Piscina hands workerData over as the second of a pair. */
const handle = (Array.isArray(workerData) ? workerData[1] : workerData) as RegistryHandle
const arena = openArena(handle)
const kernel = loadKernel(arena, handle.kernel)

export default function run(task: Task): void {
  work(arena, kernel, task, compressSpan)
}
