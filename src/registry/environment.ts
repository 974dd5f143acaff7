/**
 * How threads, and copies of this package in one realm, find each other's registries.
 *
 * A realm is one set of globals. A thread can have several (node:vm), and test runners give each file one of its own.
 * The realms of a thread share environment data, and nothing else that is used here. So each realm begins with what the
 * threads above left, and does not see what another realm of its thread made. If two realms have made registries of one
 * name, Workers that start later find the latest.
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

/** The registry of that name that a thread above this one left. */
export function inherited(name: string): RegistryHandle | undefined {
  const found = legacy(name)
  return found?.threadId === threadId ? undefined : found?.handle
}

/** Leaves a registry for the Workers that this thread starts from now on. */
export function bequeath(handle: RegistryHandle): void {
  // A registry that came from a thread above is passed on as it is, and is there for other realms of this thread, too.
  if (inherited(handle.name)?.id === handle.id) return
  setEnvironmentData(environmentKey(handle.name), { handle, threadId } as never)
}

/** Removes a registry that was left for Workers. Another one of the same name stays. */
export function withdraw(handle: RegistryHandle): void {
  if (legacy(handle.name)?.handle.id === handle.id)
    setEnvironmentData(environmentKey(handle.name), undefined as never)
}

/** What this file needs of a registry. */
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
