/**
 * What a process may still reserve under a limit of address space (RLIMIT_AS, `ulimit -v`). A thread that cannot reserve
 * what V8 wants when it starts ends the whole process, with no error that could be caught: so threads are not started
 * where it is short.
 *
 * Assumes: Linux. Other systems have the limit, but mostly do not enforce it; there nothing is known, and nothing refused.
 */
import { getEnvironmentData, type ResourceLimits, setEnvironmentData, type Worker } from 'node:worker_threads'
import { mebibytes, type ReadFile, readText, softLimit } from '../common/system.js'

/** Code that a thread of ours can have at most. V8 reserves 512 MiB of address space for it otherwise. */
export const THREAD_LIMITS: ResourceLimits = { codeRangeSizeMb: 64 }

/**
 * Address space that must be left to start a thread of ours, bytes: it takes 140 to 200 MiB with its heap and stacks on
 * Node 20 and 24, up to 400 on Node 26, and heaps grow.
 */
export const THREAD_ADDRESSES = 640 * 2 ** 20

const STARTING_KEY = 'postmeter: threads that start'

/** How node takes less of it, for error messages. */
export const LESS_ADDRESSES =
  'start node with --disable-wasm-trap-handler, if it is not: then a registry reserves little more than option "memory" ' +
  'says, and not 8 or 10 GiB'

/** Under a limit, the bytes of address space that it leaves; undefined where there is none, or none is known. */
export interface AddressSpace {
  readonly limit: number
  readonly left: number
}

export function addressSpace(read: ReadFile = readText): AddressSpace | undefined {
  const limit = softLimit('address space', read)
  const used = /^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '')?.[1]
  if (limit === undefined || used === undefined) return undefined
  return { limit, left: Math.max(0, limit - Number(used) * 1024) }
}

/** Threads may be started, and as each has begun, `begun` is called once; or it says what is lacking. */
export type Claim = { readonly begun: () => void } | { readonly lacking: string }

/**
 * Claims address space for so many threads, which are about to start, and for `spare` more, which are not; `what` stands at
 * the beginning of what is said where it is lacking.
 */
export function claimThreads(what: string, threads: number, spare: number, read = addressSpace): Claim {
  // Nothing is shared where there is nothing to share.
  if (read() === undefined) return { begun: () => {} }
  const starting = startingThreads()
  const others = Atomics.add(starting, 0, threads)
  // Only now: what others have claimed is either in this or among the others.
  const { limit = 0, left = Number.POSITIVE_INFINITY } = read() ?? {}
  const wanted = (threads + spare) * THREAD_ADDRESSES
  const unclaimed = Math.max(0, left - others * THREAD_ADDRESSES)
  if (unclaimed >= wanted) return { begun: () => Atomics.sub(starting, 0, 1) }
  Atomics.sub(starting, 0, threads)
  return {
    lacking:
      `${what} needs ${mebibytes(wanted)} of address space, and the limit of ${mebibytes(limit)} (ulimit -v) leaves ` +
      `${mebibytes(unclaimed)}: raise it, ask for less (option "memory"), or ${LESS_ADDRESSES}`,
  }
}

/** Calls back once, when a thread emits the first of these events. */
export function onceAnyOf(thread: Worker, events: readonly string[], callback: () => void): void {
  const once = () => {
    for (const event of events) thread.off(event, once)
    callback()
  }
  for (const event of events) thread.on(event, once)
}

/**
 * How many threads of ours have been claimed for and have not begun: what they will take cannot be seen yet. All threads
 * that are below the first one that starts any count in it. One that dies amid a start leaves its claim: then less is
 * started, which is safe.
 */
function startingThreads(): Int32Array {
  const known = getEnvironmentData(STARTING_KEY) as unknown
  if (known instanceof SharedArrayBuffer) return new Int32Array(known)
  const made = new SharedArrayBuffer(4)
  setEnvironmentData(STARTING_KEY, made as never)
  return new Int32Array(made)
}
