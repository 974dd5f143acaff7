/** What each thread tells of itself. */
import type { Gauge } from '../instruments/gauge.js'
import type { Group } from './group.js'
import type { CheckedOptions } from './options.js'
import { type Active, countTypes, HANDLES, REQUESTS, RESOURCES } from './readers/active.js'
import { DELAYS, LAG, watchDelays } from './readers/event-loop.js'
import { GC, watchGc } from './readers/gc.js'
import { EXTERNAL, HEAP_TOTAL, HEAP_USED, heapSpace, heapSpaces, memoryUsage } from './readers/memory.js'
import { perfHooks } from './readers/node.js'

const UTILIZATION = {
  name: 'nodejs_eventloop_utilization',
  help: 'Share of the time since the last collection in which the event loop was not idle, 0 to 1.',
}
const LAST_COLLECTION = {
  name: 'nodejs_last_collection_timestamp_seconds',
  help: 'When the thread last told of itself, since unix epoch in seconds. A thread that is blocked grows old.',
}

export interface ThreadMetrics {
  /** The gauge whose callback collects. */
  readonly marker: Gauge<string>
  /** Reads and sets them. */
  readonly collect: () => void
  /** Removes the series of threads that have ended. */
  readonly removeEnded: () => void
  readonly stop: () => void
}

/** `onTurn` is called by this thread's timer, and before an exposition that this thread makes. */
export function threadMetrics(
  group: Group,
  options: CheckedOptions,
  onTurn: (this: Gauge<string>) => void,
): ThreadMetrics {
  const loop = loopMetrics(group)
  const heap = heapMetrics(group)
  const active = [RESOURCES, HANDLES, REQUESTS]
    .filter(({ known }) => known())
    .map(one => activeOf(group, one))
  const collections = group.histogram(GC, options.gcDurationBuckets, ['kind'])
  // The last one: its callback is there only if all of them could be registered.
  const marker = group.gauge(LAST_COLLECTION, 'min', [], onTurn)
  const delays = watchDelays(options.eventLoopMonitoringPrecision)
  const endGc = watchGc((kind, seconds) => collections.observe({ ...group.labels, kind }, seconds))
  return {
    marker,
    collect() {
      loop.collect(delays)
      heap()
      for (const collect of active) collect()
      marker.setToCurrentTime(group.labels)
    },
    removeEnded: () => group.removeEnded(marker),
    stop() {
      delays.disable()
      endGc()
      loop.stop()
      group.takeOut(undefined, options.threads)
    },
  }
}

function loopMetrics(group: Group) {
  const { performance } = perfHooks()
  const lag = group.child(LAG, 'max')
  const figures = DELAYS.map(({ combine, read, ...definition }) => ({
    read,
    child: group.child(definition, combine === 'min' ? 'min' : 'max'),
  }))
  const utilization = group.child(UTILIZATION, 'max')
  let last = performance.eventLoopUtilization()
  let stopped = false
  return {
    collect(delays: ReturnType<typeof watchDelays>) {
      const begin = performance.now()
      const turned = () => {
        if (!stopped) lag.set((performance.now() - begin) / 1e3)
      }
      setImmediate(turned).unref()
      // With nothing recorded there is no least and no mean: the last figures stay. A reset would also forget when the
      // loop was last looked at, so that collections in quick succession would never see a delay.
      if (delays.count > 0) {
        for (const { child, read } of figures) child.set(read(delays) / 1e9)
        delays.reset()
      }
      const now = performance.eventLoopUtilization()
      utilization.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
    stop() {
      stopped = true
    },
  }
}

function heapMetrics(group: Group): () => void {
  const total = group.child(HEAP_TOTAL, 'livesum')
  const used = group.child(HEAP_USED, 'livesum')
  const external = group.child(EXTERNAL, 'livesum')
  const spaces = (['total', 'used', 'available'] as const).map(
    of => [of, group.gauge(heapSpace(of), 'livesum', ['space'])] as const,
  )
  return () => {
    const usage = memoryUsage()
    if (usage !== undefined) {
      total.set(usage.heapTotal)
      used.set(usage.heapUsed)
      external.set(usage.external)
    }
    for (const one of heapSpaces()) {
      for (const [of, gauge] of spaces) gauge.set({ ...group.labels, space: one.space }, one[of])
    }
  }
}

function activeOf(group: Group, { name, help, helpTotal, list }: Active): () => void {
  const byType = group.gauge({ name, help }, 'livesum', ['type'])
  const total = group.child({ name: `${name}_total`, help: helpTotal }, 'livesum')
  let before = new Map<string, number>()
  return () => {
    const all = list()
    const counts = countTypes(all)
    // Not removed: a scrape that comes in between would miss it, and other threads may have some.
    for (const type of before.keys()) if (!counts.has(type)) counts.set(type, 0)
    for (const [type, count] of counts) byType.set({ ...group.labels, type }, count)
    total.set(all.length)
    before = counts
  }
}
