/** Which threads are above this one: what lineage.ts keeps in shared memory begins with it. */
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads'
import { LAYOUT_VERSION } from './layout.js'

/** Where Workers find the ids of the threads above them. */
const ANCESTORS_KEY = `postmeter:${LAYOUT_VERSION} ancestors`

/** The threads that started this one, one after the other, as far as they knew of a registry; nearest last. */
export function ancestors(): number[] {
  const ids = getEnvironmentData(ANCESTORS_KEY) as unknown
  return Array.isArray(ids) ? ids.filter(id => id !== threadId) : []
}

/** Tells the Workers that this thread starts from now on that it is above them. */
export function leaveAncestors(above: readonly number[]): void {
  setEnvironmentData(ANCESTORS_KEY, [...above, threadId])
}
