/** Memory of the process, and of the calling thread's heap. */
import { fs, v8 } from './node.js'
import type { Definition } from './types.js'

export const RESIDENT: Definition = {
  name: 'process_resident_memory_bytes',
  help: 'Resident memory size in bytes.',
}
export const VIRTUAL: Definition = {
  name: 'process_virtual_memory_bytes',
  help: 'Virtual memory size in bytes.',
}
export const PROCESS_HEAP: Definition = { name: 'process_heap_bytes', help: 'Process heap size in bytes.' }

export const HEAP_TOTAL: Definition = {
  name: 'nodejs_heap_size_total_bytes',
  help: 'Process heap size from Node.js in bytes.',
}
export const HEAP_USED: Definition = {
  name: 'nodejs_heap_size_used_bytes',
  help: 'Process heap size used from Node.js in bytes.',
}
export const EXTERNAL: Definition = {
  name: 'nodejs_external_memory_bytes',
  help: 'Node.js external memory size in bytes.',
}

export const heapSpace = (of: 'total' | 'used' | 'available'): Definition => ({
  name: `nodejs_heap_space_size_${of}_bytes`,
  help: `Process heap space size ${of} from Node.js in bytes.`,
})

/** Undefined where the system does not tell. */
export function memoryUsage(): NodeJS.MemoryUsage | undefined {
  try {
    return process.memoryUsage()
  } catch {
    return undefined
  }
}

interface HeapSpace {
  readonly space: string
  readonly total: number
  readonly used: number
  readonly available: number
}

export function heapSpaces(): HeapSpace[] {
  return v8()
    .getHeapSpaceStatistics()
    .map(one => ({
      space: one.space_name.replace(/_space$/, ''),
      total: one.space_size,
      used: one.space_used_size,
      available: one.space_available_size,
    }))
}

/** Whether the system tells more than the resident memory. */
export const tellsAllMemory = (): boolean => process.platform === 'linux'

interface ProcessMemory {
  readonly resident: number
  readonly virtual: number
  readonly heap: number
}

/** On Linux; undefined where it is not to be had. */
export function processMemory(): ProcessMemory | undefined {
  try {
    // A file of the kernel's, which is read without waiting.
    const status = fs().readFileSync('/proc/self/status', 'utf8')
    return {
      resident: bytesOf(status, 'VmRSS'),
      virtual: bytesOf(status, 'VmSize'),
      heap: bytesOf(status, 'VmData'),
    }
  } catch {
    return undefined
  }
}

/** From a line such as `VmRSS:     12345 kB`. */
function bytesOf(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}
