/** What keeps the event loop alive. */
import type { Gauge } from '../gauge.js'
import { type Collects, type Group, gaugeOf } from './config.js'

/** What Node has without declaring it. */
interface Undeclared {
  _getActiveHandles?(): unknown[]
  _getActiveRequests?(): unknown[]
}

const undeclared = process as Undeclared

/** One gauge by type, and one of all. */
function countBoth(group: Group, name: string, help: string, helpTotal: string, list: () => unknown[]): void {
  gaugeOf(group, {
    name,
    help,
    labelNames: ['type'],
    collect() {
      countTypes(this, group, list())
    },
  })
  gaugeOf(group, {
    name: `${name}_total`,
    help: helpTotal,
    collect() {
      this.set(group.labels, list().length)
    },
  })
}

function countTypes(gauge: Gauge, { labels }: Group, list: readonly unknown[]): void {
  const counts = new Map<string, number>()
  for (const one of list) {
    const type = typeof one === 'string' ? one : Object(one).constructor?.name
    if (one && type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  gauge.reset()
  for (const [type, count] of counts) gauge.set({ type, ...labels }, count)
}

export const resources: Collects = group => {
  countBoth(
    group,
    'nodejs_active_resources',
    'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
    'Total number of active resources.',
    () => process.getActiveResourcesInfo(),
  )
}

export const handles: Collects = group => {
  if (typeof undeclared._getActiveHandles !== 'function') return
  countBoth(
    group,
    'nodejs_active_handles',
    'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
    'Total number of active handles.',
    () => undeclared._getActiveHandles!(),
  )
}

export const requests: Collects = group => {
  if (typeof undeclared._getActiveRequests !== 'function') return
  countBoth(
    group,
    'nodejs_active_requests',
    'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
    'Total number of active requests.',
    () => undeclared._getActiveRequests!(),
  )
}
