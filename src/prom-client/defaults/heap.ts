import { type Collects, gaugeOf } from './config.js'
import { v8 } from './node.js'

export const heapSize: Collects = group => {
  const { labels } = group
  const total = gaugeOf(group, {
    name: 'nodejs_heap_size_total_bytes',
    help: 'Process heap size from Node.js in bytes.',
    // This one's `collect` sets all three.
    collect() {
      const usage = memoryUsage()
      if (usage === undefined) return
      total.set(labels, usage.heapTotal)
      used.set(labels, usage.heapUsed)
      if (usage.external !== undefined) external.set(labels, usage.external)
    },
  })
  const used = gaugeOf(group, {
    name: 'nodejs_heap_size_used_bytes',
    help: 'Process heap size used from Node.js in bytes.',
  })
  const external = gaugeOf(group, {
    name: 'nodejs_external_memory_bytes',
    help: 'Node.js external memory size in bytes.',
  })
}

/** Undefined where the system does not tell. */
export function memoryUsage(): NodeJS.MemoryUsage | undefined {
  try {
    return process.memoryUsage()
  } catch {
    return undefined
  }
}

export const heapSpaces: Collects = group => {
  const { labels } = group
  const gauge = (of: string, collect?: () => void) =>
    gaugeOf(group, {
      name: `nodejs_heap_space_size_${of}_bytes`,
      help: `Process heap space size ${of} from Node.js in bytes.`,
      labelNames: ['space'],
      collect,
    })
  // This one's `collect` sets all three.
  const total = gauge('total', () => {
    for (const one of v8().getHeapSpaceStatistics()) {
      const space = one.space_name.replace(/_space$/, '')
      total.set({ space, ...labels }, one.space_size)
      used.set({ space, ...labels }, one.space_used_size)
      available.set({ space, ...labels }, one.space_available_size)
    }
  })
  const used = gauge('used')
  const available = gauge('available')
}
