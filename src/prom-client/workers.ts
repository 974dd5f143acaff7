/** The workers of node:cluster that this process has forked. */
import type { Cluster, Worker } from 'node:cluster'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Those that were there before the memory that processes share: they do not know of it, and have one of their own. */
let early: readonly Worker[] = []

/** Loaded when it is needed: some application servers do not bear it. */
export function cluster(): Cluster {
  const loaded = require('node:cluster') as Cluster & { default?: Cluster }
  return loaded.default ?? loaded
}

/** Those that can be asked. */
export function workers(): Worker[] {
  const all = Object.values(cluster().workers ?? {}) as Worker[]
  return all.filter(worker => worker.isConnected())
}

/** Call when the memory that processes share is made. */
export function noteShared(): void {
  early = workers()
}

/** Whether workers have something that is not in the memory that processes share. */
export function haveTheirOwn(): boolean {
  early = early.filter(worker => worker.isConnected())
  return early.length > 0
}
