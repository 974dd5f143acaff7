/**
 * Where a metric's family is. One that is in `register` is in the registry's exposition, under its name, for all threads.
 * One that is in a registry with a name is in that name's scope, for all threads, too. Any other is its thread's own: in
 * a scope that no other thread has, so its name is free for others.
 *
 * Assumes: no two threads that live have shards of one number.
 * Guarantees: metrics that were made and forgotten again take no more memory than those that there are at once: the
 * family of one that is gone serves the next of its definition.
 */
import { conflict, type Family, type Identity } from '../catalogue/families.js'
import type { RegistryParts } from '../registry/registry.js'
import { home, sweepLater } from './home.js'
import { LEFT_BY_COPIES, ofRealm } from './realm.js'

const NO_LIMITS = { maxSeries: 0, expireAfter: 0 }

export interface Taken {
  readonly parts: RegistryParts
  /** Undefined when memory is full. */
  readonly family: Family | undefined
  /** Call with the metric: what is this thread's own serves others when the metric is gone. */
  readonly ownedBy: (metric: object) => void
}

/** What threads have in common; `scope` is undefined for `register`. */
export interface Common {
  readonly scope?: string
}

/** What those of a registry with a name have in common. Scopes of threads begin with a digit. */
export function commonOf(name: string): Common {
  return { scope: `named:${name}` }
}

export function isCommon({ scope }: Family): boolean {
  return scope === undefined || scope.startsWith('named:')
}

/** @throws Error if there is another definition of a name that is to be in what threads have in common. */
export function takeFamily(identity: Identity, help: string, common: Common | undefined): Taken {
  const { parts } = home()
  return common === undefined
    ? takeOwn(parts, identity, help)
    : takeCommon(parts, { ...identity, ...common }, help)
}

function takeCommon(parts: RegistryParts, identity: Identity, help: string): Taken {
  // One that was hidden begins anew, and so does one that an earlier copy of this module left.
  const revive = (family: Family) => empty(parts, family)
  const family = parts.registration.family(identity, help, NO_LIMITS, { textOnly: true, revive })
  if (family !== undefined && ofRealm(LEFT_BY_COPIES).delete(family.ref)) empty(parts, family)
  if (family !== undefined) ofRealm('common').add(family.ref)
  return { parts, family, ownedBy: () => {} }
}

/** The names in this thread's own scopes, by number of scope. */
const used = ofRealm('own')
const gone = new FinalizationRegistry<() => void>(free => free())

function takeOwn(parts: RegistryParts, identity: Identity, help: string): Taken {
  const { families, series } = parts.context
  // A thread beyond `maxThreads` records nothing: what it has in common with others like it is nothing, too.
  const shard = series.shard()?.index ?? 0
  let number = 0
  const keyOf = () => `${parts.id} ${shard}.${number} ${identity.name}`
  while (used.has(keyOf())) number++
  const key = keyOf()
  // Of this name alone: names of lines are nobody's business here.
  const scope = `${shard}.${number}.${identity.name}`
  const own = { ...identity, scope }
  const before = families.get(identity.name, scope)
  // Of an earlier thread with this shard, or of a metric that is gone.
  if (before !== undefined && conflict(before, own) !== undefined) families.hide(before)
  const family = parts.registration.family(own, help, NO_LIMITS)
  if (family !== undefined) empty(parts, family)
  used.add(key)
  const free = () => {
    used.delete(key)
    if (family === undefined || parts.context.closed) return
    families.hide(family)
    empty(parts, family)
  }
  return { parts, family, ownedBy: metric => gone.register(metric, free) }
}

/** Takes all its series away. */
function empty(parts: RegistryParts, family: Family): void {
  parts.context.reset(family)
  if (family.labelNames.length === 0) return
  parts.context.clear(family)
  sweepLater(parts)
}

/** Takes a family out of what threads have in common; what holds it goes on. */
export function hideFamily({ context }: RegistryParts, family: Family): void {
  if (isCommon(family) && !context.closed) context.families.hide(family)
}

/** Puts one back that was taken out, with all that it has, unless its name has gone to another one. */
export function showFamily(parts: RegistryParts, family: Family, help: string): void {
  const { families } = parts.context
  if (!isCommon(family) || parts.context.closed) return
  if (families.get(family.name, family.scope) !== undefined) return
  const { ref: _, cells: __, pagePlaces: ___, ...identity } = family
  parts.registration.family(identity, help, NO_LIMITS, { textOnly: true })
}
