/**
 * The postmeter registry that this entry's metrics are in: the default one, which all threads share, and all processes
 * where it is made with `shared: true`. It is made with the first metric, not when this entry is imported.
 */
import { isMainThread } from 'node:worker_threads'
import { createRegistry, getRegistry } from '../registry/create.js'
import { registries } from '../registry/environment.js'
import type { Registry, RegistryParts } from '../registry/registry.js'
import { noteShared } from './workers.js'

/** With this variable the default registry is one that processes share, unless the program has made it before. */
export const SHARED_VARIABLE = 'POSTMETER_PROM_CLIENT_SHARED'

let known: Registry | undefined
let served = false

/** This thread's view of it. */
export function home(): Registry {
  if (known === undefined || known.closed) {
    known = find()
    const { maker, preload } = known.parts
    // Now, because a test runner may be gone when it is needed.
    if (maker) preload()
  }
  return known
}

/** The registry, if there is one in this thread already, or is to be one that processes share. */
export function homeIfKnown(): Registry | undefined {
  const isThere = known !== undefined || registries<Registry>().has('default')
  return isThere || wantsShared() ? home() : undefined
}

function wantsShared(): boolean {
  const shared = process.env[SHARED_VARIABLE]
  return isMainThread && shared !== undefined && shared !== '' && shared !== '0'
}

/** Registries in which this thread sweeps. */
const sweeping = new WeakSet<object>()

/** What was removed is swept later. What that needs is loaded now: a test runner may be gone by then. */
export function sweepLater({ maker, context, sweep }: RegistryParts): void {
  if (!maker || sweeping.has(context)) return
  sweeping.add(context)
  sweep()
}

/** Notes that a front serves it. */
export function nowServed(): void {
  served = true
}

/** Whether others than this thread's own scrapes read what its metrics have. */
export function isWatched(): boolean {
  return known !== undefined && !known.closed && (served || !known.parts.alone())
}

function find(): Registry {
  if (wantsShared()) {
    try {
      const shared = createRegistry({ shared: true })
      if (shared.parts.maker) noteShared()
      return shared
    } catch (error) {
      // The program has made it with options of its own.
      if ((error as { code?: string }).code !== 'ERR_POSTMETER_CONFLICT') throw error
    }
  }
  try {
    return getRegistry()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_POSTMETER_NO_REGISTRY') throw error
    // A Worker of a program whose main thread has no metrics, such as a test runner's.
    return createRegistry()
  }
}
