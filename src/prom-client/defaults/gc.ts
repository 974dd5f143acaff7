import type { NodeGCPerformanceDetail, PerformanceEntry } from 'node:perf_hooks'
import { Histogram } from '../histogram.js'
import type { Collects } from './config.js'
import { perfHooks } from './node.js'

const BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5]

export const gc: Collects = ({ prefix, labels, labelNames, registers, config }) => {
  const durations = new Histogram({
    name: `${prefix}nodejs_gc_duration_seconds`,
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labelNames: ['kind', ...labelNames],
    buckets: config.gcDurationBuckets ?? BUCKETS,
    registers,
  })
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
    for (const entry of list.getEntries())
      durations.observe({ kind: kindOf(entry), ...labels }, entry.duration / 1000)
  })
  observer.observe({ entryTypes: ['gc'] })
}
