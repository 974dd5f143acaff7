import { type Collects, gaugeOf } from './config.js'
import { memoryUsage } from './heap.js'
import { fs } from './node.js'

const RESIDENT = { name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' }

export const memory: Collects = group => {
  const { labels } = group
  if (process.platform !== 'linux') {
    gaugeOf(group, {
      ...RESIDENT,
      collect() {
        const usage = group.tells() ? memoryUsage() : undefined
        if (usage !== undefined) this.set(labels, usage.rss)
      },
    })
    return
  }
  const resident = gaugeOf(group, {
    ...RESIDENT,
    // This one's `collect` sets all three.
    collect() {
      if (!group.tells()) return
      try {
        // A file of the kernel's, which is read without waiting.
        const status = fs().readFileSync('/proc/self/status', 'utf8')
        resident.set(labels, bytesOf(status, 'VmRSS'))
        virtual.set(labels, bytesOf(status, 'VmSize'))
        heap.set(labels, bytesOf(status, 'VmData'))
      } catch {
        // Not to be had there: the last ones stay.
      }
    },
  })
  const virtual = gaugeOf(group, {
    name: 'process_virtual_memory_bytes',
    help: 'Virtual memory size in bytes.',
  })
  const heap = gaugeOf(group, { name: 'process_heap_bytes', help: 'Process heap size in bytes.' })
}

/** From a line such as `VmRSS:     12345 kB`. */
function bytesOf(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}
