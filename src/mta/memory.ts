/** How much memory the process may use, and uses: that of its control group, if it has a limit there. */
import os from 'node:os'
import { type ReadFile, readText } from '../common/system.js'
import { groupMemory } from '../registry/control-group.js'

/** Shares as kumod takes them: the soft limit below what there is, and where memory counts as low below that. */
const SOFT_LIMIT = 0.75
const LOW = 0.8

/** All in bytes. */
export interface MemoryNow {
  readonly usage: number
  readonly limit: number
  readonly low: number
}

/** Bytes that the program has set; what is undefined follows from what there is. */
export interface MemoryLimits {
  readonly limit: number | undefined
  readonly low: number | undefined
}

/** What the machine and the process have. */
export interface MemorySources {
  readonly read: ReadFile
  readonly total: () => number
  readonly resident: () => number
}

const SYSTEM: MemorySources = {
  read: readText,
  total: os.totalmem,
  resident: () => process.memoryUsage.rss(),
}

export function memoryNow(set: MemoryLimits, sources: MemorySources = SYSTEM): MemoryNow {
  const group = groupMemory(sources.read)
  const total = sources.total()
  // A group can have a limit above what the machine has.
  const there = Math.min(group?.limit ?? total, total)
  const limit = set.limit ?? Math.floor(SOFT_LIMIT * there)
  return {
    // What other processes of the group use is held against the same limit.
    usage: group?.used ?? sources.resident(),
    limit,
    low: set.low ?? Math.floor(LOW * limit),
  }
}

/** True when a condition has become true since the last call. */
export function rising(): (is: boolean) => boolean {
  let was = false
  return is => {
    const rose = is && !was
    was = is
    return rose
  }
}
