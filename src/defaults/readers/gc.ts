/** Garbage collections of the calling thread. */
import type { NodeGCPerformanceDetail, PerformanceEntry } from 'node:perf_hooks'
import { perfHooks } from './node.js'
import type { Definition } from './types.js'

export const GC: Definition = {
  name: 'nodejs_gc_duration_seconds',
  help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
}
export const GC_BUCKETS: readonly number[] = [0.001, 0.01, 0.1, 1, 2, 5]

/** Calls back for each collection from now on. Returns a function that ends it. */
export function watchGc(collected: (kind: string, seconds: number) => void): () => void {
  const { constants, PerformanceObserver } = perfHooks()
  const kinds = new Map([
    [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
    [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
  ])
  const kindOf = (entry: PerformanceEntry) => {
    const { kind = -1 } = (entry as { detail?: NodeGCPerformanceDetail }).detail ?? {}
    return kinds.get(kind) ?? String(kind)
  }
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) collected(kindOf(entry), entry.duration / 1000)
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}
