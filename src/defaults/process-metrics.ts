/** What one thread tells of its process. */
import type { GroupMemory } from '../registry/control-group.js'
import type { Group } from './group.js'
import { MOST_FILES, mostFiles, OPEN_FILES, openFiles, tellsOpenFiles } from './readers/file-descriptors.js'
import {
  memoryUsage,
  PROCESS_HEAP,
  processMemory,
  RESIDENT,
  tellsAllMemory,
  VIRTUAL,
} from './readers/memory.js'
import { CPU, START_TIME, startTime, VERSION, VERSION_LABELS, version } from './readers/process.js'

const MEMORY_LIMIT = {
  name: 'memory_limit',
  help: 'Memory in bytes that the control group of the process, or one above it, may take.',
}
const MEMORY_USAGE = {
  name: 'memory_usage',
  help: 'Memory in bytes that this control group has taken, without files that the system can drop.',
}

export interface ProcessMetrics {
  /** Reads and sets them. */
  readonly collect: () => void
  readonly stop: () => void
}

/** `max`: a share goes with its thread, and is no sum if two threads tell of one process. */
export function processMetrics(group: Group, groupMemory: () => GroupMemory | undefined): ProcessMetrics {
  const cpu = {
    user: group.counter(CPU.user),
    system: group.counter(CPU.system),
    total: group.counter(CPU.total),
  }
  const marker = group.gauge(START_TIME, 'max')
  const started = startTime()
  const facts = group.gauge(VERSION, 'max', VERSION_LABELS)
  const versions = { ...group.labels, ...version() }
  const resident = group.child(RESIDENT, 'max')
  const more = tellsAllMemory()
    ? { virtual: group.child(VIRTUAL, 'max'), heap: group.child(PROCESS_HEAP, 'max') }
    : undefined
  const open = tellsOpenFiles() ? group.child(OPEN_FILES, 'max') : undefined
  const most = mostFiles()
  const limit = most === undefined ? undefined : group.child(MOST_FILES, 'max')
  const container =
    groupMemory() === undefined
      ? undefined
      : { limit: group.child(MEMORY_LIMIT, 'max'), used: group.child(MEMORY_USAGE, 'max') }

  const setMemory = () => {
    if (more === undefined) {
      const usage = memoryUsage()
      if (usage !== undefined) resident.set(usage.rss)
      return
    }
    const memory = processMemory()
    if (memory === undefined) return
    resident.set(memory.resident)
    more.virtual.set(memory.virtual)
    more.heap.set(memory.heap)
  }

  return {
    collect() {
      const { user, system } = process.cpuUsage()
      group.raise(cpu.user, user / 1e6)
      group.raise(cpu.system, system / 1e6)
      group.raise(cpu.total, (user + system) / 1e6)
      marker.set(group.labels, started)
      facts.set(versions, 1)
      setMemory()
      const files = open === undefined ? undefined : openFiles()
      if (files !== undefined) open?.set(files)
      if (most !== undefined) limit?.set(most)
      const left = container === undefined ? undefined : groupMemory()
      if (left !== undefined) {
        container?.limit.set(left.limit)
        container?.used.set(left.used)
      }
      group.removeEnded(marker)
    },
    // The start stays true, and shows others when the process has ended: then its counts go.
    stop: () => group.takeOut(marker, false),
  }
}
