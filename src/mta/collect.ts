/** What is read rather than counted: memory, processors, disks, thread pools. */
import { statfs } from 'node:fs/promises'
import os from 'node:os'
import { bytesOf } from '../common/checks.js'
import { badOption, isNamed, knownOptions, outOfRange } from '../common/errors.js'
import type { Registry } from '../index.js'
import { percentOf, processBusyMs, systemBusyMs } from './cpu.js'
import { type Catalogue, mtaCatalogue } from './families/catalogue.js'
import { register } from './families/define.js'
import type { MtaInstruments } from './instruments.js'
import { type MemoryLimits, memoryNow, rising } from './memory.js'
import { poolReader, type ThreadPool } from './thread-pools.js'

export interface CollectOptions {
  /**
   * Paths whose free space and inodes are read, by the `name` that they get in `disk_free_*`. kumod's own names are
   * `data spool`, `meta spool` and `log dir PATH`.
   */
  disks?: Readonly<Record<string, string>>
  /** Thread pools, by the `pool` that they get in `thread_pool_size` and `thread_pool_parked`. */
  threadPools?: Readonly<Record<string, ThreadPool>>
  /**
   * Where memory counts as over its limit, and from where on as low: bytes, or for example `'2GiB'`. Default: three
   * quarters of what the control group (a container) or the machine has, and 80 % of that limit. False: memory is not
   * read.
   */
  memory?: { limit?: number | string; low?: number | string } | false
  /** Whether the use of processors is read; default true. */
  cpu?: boolean
}

/** Registers callbacks with the gauges. The calling thread runs them. */
export function collectHost(registry: Registry, mta: MtaInstruments, options: CollectOptions): void {
  // All is checked before anything is registered.
  knownOptions('collect', options, ['disks', 'threadPools', 'memory', 'cpu'])
  const disks = named('disks', options.disks, 'a path', (path): path is string => isText(path))
  const pools = named('threadPools', options.threadPools, 'a function', (pool): pool is ThreadPool => {
    return typeof pool === 'function'
  })
  const limits = memoryLimits(options.memory)
  const { cpu = true } = options
  if (typeof cpu !== 'boolean') throw badOption('cpu', cpu, 'is not true or false')

  if (limits !== undefined) collectMemory(registry, mta, limits)
  if (cpu) collectCpu(registry, mta)
  if (disks.length > 0) collectDisks(registry, mta, disks)
  if (pools.length > 0) collectPools(registry, mta, pools)
}

function collected(registry: Registry, name: keyof Catalogue, collect: () => void | Promise<void>): void {
  // None of them is pruned, so it makes no difference after how long.
  register(registry, name, mtaCatalogue[name], 'never', collect)
}

function collectMemory(registry: Registry, mta: MtaInstruments, limits: MemoryLimits): void {
  const wasLow = rising()
  const wasOver = rising()
  const { memoryUsage, memoryLimit, memoryLowThresh, memoryLowCount, memoryOverLimitCount } = mta
  collected(registry, 'memory_usage', () => {
    const { usage, limit, low } = memoryNow(limits)
    memoryUsage.set(usage)
    memoryLimit.set(limit)
    memoryLowThresh.set(low)
    if (wasLow(usage >= low)) memoryLowCount.inc()
    if (wasOver(usage >= limit)) memoryOverLimitCount.inc()
  })
}

function collectCpu(registry: Registry, mta: MtaInstruments): void {
  const cores = os.availableParallelism()
  const now = () => performance.now()
  const pairs = [
    [mta.processCpuUsageSum, mta.processCpuUsageNormalized, processBusyMs],
    [mta.systemCpuUsageSum, mta.systemCpuUsageNormalized, systemBusyMs],
  ] as const
  for (const [sum, normalized, busyMs] of pairs) {
    const percent = percentOf(now, busyMs)
    collected(registry, sum.name as keyof Catalogue, () => {
      const busy = percent()
      sum.set(busy)
      normalized.set(busy / cores)
    })
  }
}

function collectDisks(registry: Registry, mta: MtaInstruments, disks: readonly [string, string][]): void {
  const { diskFreeBytes, diskFreePercent, diskFreeInodes, diskFreeInodesPercent } = mta
  // One question answers all four.
  collected(registry, 'disk_free_bytes', () =>
    all(disks, async ([name, path]) => {
      const found = await statfs(path).catch((error: Error) => {
        // What it had free once would be taken for what it has.
        for (const gauge of [diskFreeBytes, diskFreePercent, diskFreeInodes, diskFreeInodesPercent]) {
          gauge.remove({ name })
        }
        throw error
      })
      const { bsize, bavail, blocks, files, ffree } = found
      diskFreeBytes.set({ name }, bavail * bsize)
      if (blocks > 0) diskFreePercent.set({ name }, Math.floor((100 * bavail) / blocks))
      // Some file systems have no fixed number of inodes, and say 0.
      if (files === 0) return
      diskFreeInodes.set({ name }, ffree)
      diskFreeInodesPercent.set({ name }, Math.floor((100 * ffree) / files))
    }),
  )
}

function collectPools(registry: Registry, mta: MtaInstruments, pools: readonly [string, ThreadPool][]): void {
  const { threadPoolSize, threadPoolParked } = mta
  const readers = pools.map(([pool, threads]) => ({ pool, read: poolReader(pool, threads) }))
  collected(registry, 'thread_pool_size', () =>
    all(readers, async ({ pool, read }) => {
      const { size, parked } = read()
      threadPoolSize.set({ pool }, size)
      threadPoolParked.set({ pool }, parked)
    }),
  )
}

/** Does it for all of them, and fails with the first that failed: one must not keep the others from being read. */
async function all<T>(items: readonly T[], read: (item: T) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(items.map(read))
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** The entries of an option that has something for each name. */
function named<T>(
  option: string,
  value: unknown,
  what: string,
  isOne: (value: unknown) => value is T,
): [string, T][] {
  if (value === undefined) return []
  if (!isNamed(value)) throw badOption(option, value, 'is no object of names')
  return Object.entries(value).map(([name, one]) => {
    if (name === '') throw badOption(option, name, 'is no name')
    if (!isOne(one)) throw badOption(`${option}.${name}`, one, `is not ${what}`)
    return [name, one]
  })
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

/** Undefined if memory is not to be read. */
function memoryLimits(memory: unknown = {}): MemoryLimits | undefined {
  if (memory === false) return undefined
  if (!isNamed(memory)) throw badOption('memory', memory, 'is neither false nor an object')
  knownOptions('collect: memory', memory, ['limit', 'low'])
  const limit = size('memory.limit', memory.limit)
  const low = size('memory.low', memory.low)
  if (limit !== undefined && low !== undefined && low > limit) {
    throw outOfRange('memory.low', memory.low, 'is more than memory.limit')
  }
  return { limit, low }
}

function size(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const bytes = bytesOf(value)
  if (bytes === undefined) {
    throw badOption(option, value, "is not a size (a number of bytes, or for example '2GiB')")
  }
  if (bytes < 1) throw outOfRange(option, value, 'is less than a byte')
  return Math.floor(bytes)
}
