/** How threads, and copies of this package in one thread, find each other's registries. */
import { getEnvironmentData, threadId } from 'node:worker_threads'
import { LAYOUT_VERSION } from './memory/layout.js'
import type { Registry } from './registry.js'

/** Where Workers find the registries of the thread that started them. */
export function environmentKey(name: string): string {
  return `postmeter:${LAYOUT_VERSION}:${name}`
}

/** Where they find the ids of the threads above them. */
export const ANCESTORS_KEY = `postmeter:${LAYOUT_VERSION} ancestors`

/** This thread's registries by name, over all copies of this package in it. */
export function registries(): Map<string, Registry> {
  const key = Symbol.for(`postmeter:${LAYOUT_VERSION}`)
  const shared = globalThis as unknown as Record<symbol, Map<string, Registry>>
  shared[key] ??= new Map()
  return shared[key]
}

export function forget(registry: Registry): void {
  if (registries().get(registry.name) === registry) registries().delete(registry.name)
}

/** The threads that started this one, one after the other, as far as they knew of a registry; nearest last. */
export function ancestors(): number[] {
  const ids = getEnvironmentData(ANCESTORS_KEY) as unknown
  return Array.isArray(ids) ? ids.filter(id => id !== threadId) : []
}
