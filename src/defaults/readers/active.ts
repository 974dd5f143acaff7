/** What keeps the event loop of the calling thread alive. */
import type { Definition } from './types.js'

/** What Node has without declaring it. */
interface Undeclared {
  _getActiveHandles?(): unknown[]
  _getActiveRequests?(): unknown[]
}

const undeclared = process as Undeclared

/** Counted by type, and all together under the name with `_total`. */
interface Active extends Definition {
  readonly helpTotal: string
  /** Whether this Node has it. */
  readonly known: () => boolean
  readonly list: () => unknown[]
}

export const RESOURCES: Active = {
  name: 'nodejs_active_resources',
  help: 'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
  helpTotal: 'Total number of active resources.',
  known: () => typeof process.getActiveResourcesInfo === 'function',
  list: () => process.getActiveResourcesInfo(),
}

export const HANDLES: Active = {
  name: 'nodejs_active_handles',
  help: 'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
  helpTotal: 'Total number of active handles.',
  known: () => typeof undeclared._getActiveHandles === 'function',
  list: () => undeclared._getActiveHandles!(),
}

export const REQUESTS: Active = {
  name: 'nodejs_active_requests',
  help: 'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
  helpTotal: 'Total number of active requests.',
  known: () => typeof undeclared._getActiveRequests === 'function',
  list: () => undeclared._getActiveRequests!(),
}

export type { Active }

export function countTypes(list: readonly unknown[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of list) {
    const type = typeof one === 'string' ? one : Object(one).constructor?.name
    if (one && type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return counts
}
