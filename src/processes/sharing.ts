/**
 * Registries that processes share, from their making to their end.
 *
 *     createRegistry({ shared: true }) ─▶ share() ─▶ offer() ─▶ environment, open file ─▶ getRegistry() in a child ─▶ join()
 */
import { isMainThread, threadId } from 'node:worker_threads'
import { show } from '../common/errors.js'
import type { Arena, ArenaOptions } from '../memory/arena.js'
import { monotonic } from '../memory/clock.js'
import * as L from '../memory/layout.js'
import { orphanOwn } from '../memory/shards.js'
import { attach, buryDead, detach } from './attachments.js'
import { type Inherited, inheritedRegistry, leaveNoMore, leaveToChildren } from './inheritance.js'
import { createSharedArena, inheritableDescriptor, joinSharedArena } from './shared-memory.js'
import { endsInOrder, systemCalls, unavailable } from './system-calls.js'

/** What other processes must know of a registry. */
export interface Identity {
  readonly name: string
  readonly id: string
  readonly options: string
  /** CRC-32 of the kernel. */
  readonly kernel: number
}

/**
 * Makes the memory of a registry that other processes can join, and attaches to it.
 * @throws Error that says why it cannot.
 */
export function share(options: ArenaOptions, identity: Identity): Arena {
  if (!isMainThread)
    throw unavailable(
      'createRegistry is called in a Worker, and only children of the main thread would find it',
    )
  const calls = systemCalls()
  const arena = createSharedArena(calls, options)
  try {
    const { i32 } = arena
    const text = Buffer.from(identity.options)
    i32[L.H_OPTIONS] = arena.store(text)
    if (i32[L.H_OPTIONS] === 0) throw unavailable('the system has no memory left')
    i32[L.H_OPTIONS_BYTES] = text.length
    i32[L.H_KERNEL] = identity.kernel
    arena.u8.set(idBytes(identity.id), L.H_ID * 4)
    attach(calls, arena, 0)
    return arena
  } catch (error) {
    abandon(arena)
    throw error
  }
}

/** Gives back what a memory had that nobody else has seen: a program may try again and again. */
export function abandon({ i32 }: Arena): void {
  const calls = systemCalls()
  if (i32[L.P_LOCK] !== 0) calls.close(i32[L.P_LOCK])
  calls.close(i32[L.P_DESCRIPTOR])
}

/** Has children of this process find a registry, from now on. */
export function offer(arena: Arena, { name, id }: Pick<Identity, 'name' | 'id'>): void {
  leaveToChildren(name, inheritableDescriptor(systemCalls(), arena), id)
}

/**
 * Joins the registry of that name that a process above this one shares; undefined if none does. `check` throws if it is
 * not the one that is wanted.
 * @throws Error that says why it cannot.
 */
export function join(
  name: string,
  kernel: () => number,
  check: (options: string) => void,
): { arena: Arena; identity: Identity } | undefined {
  const inherited = inheritedRegistry(name)
  if (inherited === undefined) return undefined
  // A thread that ends while it attaches would let nobody else attach as long as the process lives.
  if (!isMainThread)
    throw unavailable(
      `the main thread must call getRegistry(${show(name)}) first: a Worker cannot attach its process`,
    )
  const calls = systemCalls()
  const identity = { name, id: inherited.id, kernel: kernel() }
  const arena = joinSharedArena(calls, inherited.descriptor, identity.kernel)
  try {
    checkId(arena, inherited, name)
    const options = arena.text(arena.i32[L.H_OPTIONS], arena.i32[L.H_OPTIONS_BYTES])
    check(options)
    attach(calls, arena, monotonic() - arena.f64[L.H_STARTED_WORD])
    return { arena, identity: { ...identity, options } }
  } catch (error) {
    abandon(arena)
    throw error
  }
}

function checkId(arena: Arena, { id }: Inherited, name: string): void {
  if (idBytes(id).every((byte, n) => byte === arena.u8[L.H_ID * 4 + n])) return
  throw unavailable(
    `the memory that the environment names for registry ${show(name)} is that of another registry`,
  )
}

function idBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

/**
 * Gives up what this thread has of a registry that it closed. Children that it starts from now on do not find the
 * registry.
 */
export function leave(arena: Arena, name: string, id: string): void {
  orphanOwn(arena, threadId)
  const inherited = leaveNoMore(name, id)
  // A Worker's environment is a copy: the main thread's still names the descriptor.
  if (inherited !== undefined && isMainThread) systemCalls().close(inherited)
}

/**
 * Gives up the process' attachment to a registry that it closed, if no thread of it owns anything any more; false if one
 * does. Call in the main thread.
 */
export function leaveForGood(arena: Arena): boolean {
  return detach(systemCalls(), arena)
}

/**
 * Has this thread bury processes, which nobody terminates. Called while it starts: later it may be about to end, and
 * must not load anything.
 */
export function prepareToBury(arena: Arena): void {
  if (arena.attachment === 0) return
  endsInOrder()
  try {
    systemCalls()
  } catch {
    // The main thread buries.
  }
}

/** Buries the processes that have died. Can be called as often as is wanted; costs some microseconds for each process. */
export function buryProcesses(arena: Arena): void {
  if (arena.attachment === 0) return
  try {
    buryDead(systemCalls(), arena)
  } catch {
    // No descriptor is left for a moment, or this is a Worker that has no calls: another process does it, or the main
    // thread, or this thread the next time.
  }
}
