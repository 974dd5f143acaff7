/**
 * How threads, and copies of this package in one realm, find each other's registries.
 *
 * A realm is one set of globals. A thread can have several (node:vm), and test runners give each file one of its own. Its
 * realms share environment data, and nothing else here: so each begins with what threads above left, and does not see
 * what another realm of its thread made. Where two have made registries of one name, Workers started later find the
 * latest.
 */
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads'
import type { RegistryHandle } from '../memory/handle.js'
import { LAYOUT_VERSION } from '../memory/layout.js'

/** What environment data holds for a name: a registry, and the thread that left it there. */
interface Legacy {
  readonly handle: RegistryHandle
  readonly threadId: number
}

function environmentKey(name: string): string {
  return `postmeter:${LAYOUT_VERSION}:${name}`
}

function legacy(name: string): Legacy | undefined {
  return (getEnvironmentData(environmentKey(name)) as unknown as Legacy | null | undefined) ?? undefined
}

/** The registry of that name that a thread above this one left for it. */
export function inherited(name: string): RegistryHandle | undefined {
  const found = legacy(name)
  return found?.threadId === threadId ? undefined : found?.handle
}

/** Leaves a registry for the Workers that this thread starts from now on. */
export function bequeath(handle: RegistryHandle): void {
  // What came from above goes on down as it is, and is there for other realms of this thread too.
  if (inherited(handle.name)?.id === handle.id) return
  setEnvironmentData(environmentKey(handle.name), { handle, threadId } as never)
}

/** Takes a registry back that was left for Workers; another one of its name stays. */
export function withdraw(handle: RegistryHandle): void {
  if (legacy(handle.name)?.handle.id === handle.id)
    setEnvironmentData(environmentKey(handle.name), undefined as never)
}

/** A registry, of which nothing more need be known here. */
interface Named {
  readonly name: string
}

/** This realm's registries by name, over all copies of this package in it. */
export function registries<R extends Named>(): Map<string, R> {
  const key = Symbol.for(`postmeter:${LAYOUT_VERSION}`)
  const shared = globalThis as unknown as Record<symbol, Map<string, R>>
  shared[key] ??= new Map()
  return shared[key]
}

export function forget(registry: Named): void {
  if (registries().get(registry.name) === registry) registries().delete(registry.name)
}
