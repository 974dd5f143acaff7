import {
  EXTERNAL,
  HEAP_TOTAL,
  HEAP_USED,
  heapSpace,
  memoryUsage,
  heapSpaces as readHeapSpaces,
} from '../../defaults/readers/memory.js'
import { type Collects, gaugeOf } from './config.js'

export const heapSize: Collects = group => {
  const { labels } = group
  const total = gaugeOf(group, {
    ...HEAP_TOTAL,
    // This one's `collect` sets all three.
    collect() {
      const usage = memoryUsage()
      if (usage === undefined) return
      total.set(labels, usage.heapTotal)
      used.set(labels, usage.heapUsed)
      if (usage.external !== undefined) external.set(labels, usage.external)
    },
  })
  const used = gaugeOf(group, HEAP_USED)
  const external = gaugeOf(group, EXTERNAL)
}

export const heapSpaces: Collects = group => {
  const { labels } = group
  const gauge = (of: 'total' | 'used' | 'available', collect?: () => void) =>
    gaugeOf(group, { ...heapSpace(of), labelNames: ['space'], collect })
  // This one's `collect` sets all three.
  const total = gauge('total', () => {
    for (const one of readHeapSpaces()) {
      const { space } = one
      total.set({ space, ...labels }, one.total)
      used.set({ space, ...labels }, one.used)
      available.set({ space, ...labels }, one.available)
    }
  })
  const used = gauge('used')
  const available = gauge('available')
}
