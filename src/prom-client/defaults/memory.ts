import {
  memoryUsage,
  PROCESS_HEAP,
  processMemory,
  RESIDENT,
  tellsAllMemory,
  VIRTUAL,
} from '../../defaults/readers/memory.js'
import { type Collects, gaugeOf } from './config.js'

export const memory: Collects = group => {
  const { labels } = group
  if (!tellsAllMemory()) {
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
      const all = group.tells() ? processMemory() : undefined
      // Where it is not to be had, the last figures stay.
      if (all === undefined) return
      resident.set(labels, all.resident)
      virtual.set(labels, all.virtual)
      heap.set(labels, all.heap)
    },
  })
  const virtual = gaugeOf(group, VIRTUAL)
  const heap = gaugeOf(group, PROCESS_HEAP)
}
