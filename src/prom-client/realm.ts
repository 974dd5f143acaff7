/**
 * What the copies of this module in one realm have in common.
 *
 * A test runner that resets its modules evaluates this file again: the program then begins anew, with an empty `register`,
 * and so must its metrics. Their families are still in the memory.
 */
import { LAYOUT_VERSION } from '../memory/layout.js'

const KEY = Symbol.for(`postmeter:prom-client:${LAYOUT_VERSION}`)

/** References of families that threads have in common, which this copy's predecessors have made. */
export const LEFT_BY_COPIES = 'left'

type Sets = Map<string, Set<never>>

const realm = globalThis as unknown as Record<symbol, Sets>
realm[KEY] ??= new Map()
const sets = realm[KEY]

/** A set that all copies share: `own` has keys of families that are this thread's own, the others references. */
export function ofRealm(name: 'own'): Set<string>
export function ofRealm(name: 'common' | typeof LEFT_BY_COPIES): Set<number>
export function ofRealm(name: string): Set<never> {
  let known = sets.get(name)
  if (known === undefined) {
    known = new Set()
    sets.set(name, known)
  }
  return known
}

for (const ref of ofRealm('common')) ofRealm(LEFT_BY_COPIES).add(ref)
