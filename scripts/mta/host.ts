import { statfs } from 'node:fs/promises'
import os from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { Clock } from './clock.js'
import type { Collectors, Metrics } from './metrics.js'

/** The pool that this MTA's listening threads are. */
export const POOL = 'smtpsrv'

/** Shares as kumod takes them: the soft limit below what there is, and where memory counts as low below that. */
const SOFT_LIMIT = 0.75
const LOW = 0.8

export interface HostOptions {
  readonly clock: Clock
  /** The metrics that the collectors are registered with. */
  readonly metrics: () => Metrics
  /** The threads of the pool, read each time. */
  readonly workers: () => readonly Worker[]
  /** Places whose free space is watched. */
  readonly places: readonly { readonly name: string; readonly path: string }[]
}

/**
 * What is read rather than counted: facts about the process and the machine. main alone registers these, so each is
 * read once and not once a thread.
 */
export function hostCollectors(options: HostOptions): Collectors {
  const { clock, metrics, workers, places } = options
  const cores = os.availableParallelism()
  const limit = Math.floor(SOFT_LIMIT * memoryThereIs())
  const low = Math.floor(LOW * limit)
  const process1 = percentOf(clock, processBusyMs)
  const process2 = percentOf(clock, processBusyMs)
  const system1 = percentOf(clock, systemBusyMs)
  const system2 = percentOf(clock, systemBusyMs)
  const waited = parkedCounter()
  const wasLow = rising()
  const wasOver = rising()

  return {
    memory_usage: gauge => {
      const rss = process.memoryUsage.rss()
      gauge.set(rss)
      if (wasLow(rss >= low)) metrics().memory_low_count.inc()
      if (wasOver(rss >= limit)) metrics().memory_over_limit_count.inc()
    },
    memory_limit: gauge => gauge.set(limit),
    memory_low_thresh: gauge => gauge.set(low),
    process_cpu_usage_sum: gauge => gauge.set(process1()),
    process_cpu_usage_normalized: gauge => gauge.set(process2() / cores),
    system_cpu_usage_sum: gauge => gauge.set(system1()),
    system_cpu_usage_normalized: gauge => gauge.set(system2() / cores),
    thread_pool_parked: gauge => gauge.set({ pool: POOL }, waited(workers())),
    // One question answers all four.
    disk_free_bytes: async () => {
      for (const place of places) await space(metrics(), place)
    },
  }
}

function memoryThereIs(): number {
  const constrained = process.constrainedMemory()
  // 0, or more than there is, where nothing constrains it.
  return constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem()
}

function processBusyMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function systemBusyMs(): number {
  let busy = 0
  for (const { times } of os.cpus()) busy += times.user + times.nice + times.sys + times.irq
  return busy
}

/** Busy time since the last call, in percent of the time that went by. */
export function percentOf(clock: Clock, busyMs: () => number): () => number {
  let then = clock.now()
  let before = busyMs()
  let percent = 0
  return () => {
    const now = clock.now()
    // Two looks at nearly the same moment say nothing.
    if (now - then < 1) return percent
    const busy = busyMs()
    percent = (100 * (busy - before)) / (now - then)
    then = now
    before = busy
    return percent
  }
}

/** True when a condition has become true since the last call. */
function rising(): (is: boolean) => boolean {
  let was = false
  return is => {
    const rose = is && !was
    was = is
    return rose
  }
}

/** Threads whose event loop waited more than it worked since the last call. */
function parkedCounter(): (workers: readonly Worker[]) => number {
  const before = new WeakMap<Worker, ReturnType<typeof performance.eventLoopUtilization>>()
  return workers => {
    let parked = 0
    for (const worker of workers) {
      const now = worker.performance.eventLoopUtilization()
      if (worker.performance.eventLoopUtilization(now, before.get(worker)).utilization < 0.5) parked++
      before.set(worker, now)
    }
    return parked
  }
}

async function space(metrics: Metrics, { name, path }: { name: string; path: string }): Promise<void> {
  const { bsize, bavail, blocks, files, ffree } = await statfs(path)
  metrics.disk_free_bytes.set({ name }, bavail * bsize)
  metrics.disk_free_percent.set({ name }, Math.floor((100 * bavail) / blocks))
  // Some file systems have no fixed number of inodes, and say 0.
  if (files === 0) return
  metrics.disk_free_inodes.set({ name }, ffree)
  metrics.disk_free_inodes_percent.set({ name }, Math.floor((100 * ffree) / files))
}
