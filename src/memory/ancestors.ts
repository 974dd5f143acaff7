/** The threads above this one. Its record in shared memory (lineage.ts) is made from them. */
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads'
import { LAYOUT_VERSION } from './layout.js'

/** The key under which Workers find the ids of the threads above them. */
const ANCESTORS_KEY = `postmeter:${LAYOUT_VERSION} ancestors`

/**
 * The threads that started this one, one after the other, nearest last. Threads that knew of no registry are not in it.
 */
export function ancestors(): number[] {
  const ids = getEnvironmentData(ANCESTORS_KEY) as unknown
  return Array.isArray(ids) ? ids.filter(id => id !== threadId) : []
}

/** Passes the ids of the threads above, and of this one, to all Workers that this thread starts from now on. */
export function leaveAncestors(above: readonly number[]): void {
  setEnvironmentData(ANCESTORS_KEY, [...above, threadId])
}
