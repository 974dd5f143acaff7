import type { Worker } from 'node:worker_threads'
import { isNamed, show, typeError } from '../common/errors.js'

/** A pool's threads, or how many there are and how many of them have nothing to do. Called each time. */
export type ThreadPool = () => readonly Worker[] | { readonly size: number; readonly parked: number }

export interface PoolNow {
  readonly size: number
  readonly parked: number
}

type Utilization = ReturnType<typeof performance.eventLoopUtilization>

/** What a pool is doing, asked again and again. */
export function poolReader(name: string, pool: ThreadPool): () => PoolNow {
  const before = new WeakMap<Worker, Utilization>()
  return () => {
    const found: unknown = pool()
    if (Array.isArray(found) && found.every(isWorker)) {
      // An ended Worker's id is -1.
      const living = found.filter(worker => worker.threadId !== -1)
      return { size: living.length, parked: living.filter(worker => mostlyWaited(worker, before)).length }
    }
    if (isNamed(found) && isCount(found.size) && isCount(found.parked)) {
      return { size: found.size, parked: found.parked }
    }
    const why = 'neither a list of Workers nor { size, parked }'
    throw typeError(
      'ERR_POSTMETER_OPTION',
      `option "threadPools": pool ${show(name)} gave ${show(found)}, ${why}`,
    )
  }
}

/** Whether its event loop waited more than it worked since the last call. */
function mostlyWaited(worker: Worker, before: WeakMap<Worker, Utilization>): boolean {
  const now = worker.performance.eventLoopUtilization()
  const { utilization } = worker.performance.eventLoopUtilization(now, before.get(worker))
  before.set(worker, now)
  return utilization < 0.5
}

function isWorker(value: unknown): value is Worker {
  const { threadId, performance } = (value ?? {}) as Partial<Worker>
  return typeof threadId === 'number' && typeof performance?.eventLoopUtilization === 'function'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
