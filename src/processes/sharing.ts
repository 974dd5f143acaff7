/**
 * Registries that processes share, from their making to their end.
 *
 *     createRegistry({ shared: true }) ─▶ share() ─▶ environment, open file ─▶ getRegistry() in a child ─▶ join()
 *     createRegistry({ file }) ─▶ meetIn() ─▶ environment, path ─▶ getRegistry() in a child ─▶ join()
 *                                 ▲ path ─▶ createRegistry({ file }) in a process that knows nothing of it
 */
import { statSync } from 'node:fs'
import { isMainThread, threadId } from 'node:worker_threads'
import { isCoded, show, thrown } from '../common/errors.js'
import type { Arena, ArenaOptions } from '../memory/arena.js'
import { monotonic } from '../memory/clock.js'
import * as L from '../memory/layout.js'
import { orphanOwn } from '../memory/shards.js'
import { attach, buryDead, detach } from './attachments.js'
import {
  type InheritedMemory,
  inheritedRegistry,
  leaveFileToChildren,
  leaveNoMore,
  leaveToChildren,
} from './inheritance.js'
import { abandon, type Met, meet } from './meeting.js'
import { noteDead } from './reader.js'
import { isAt, type RegistryFile } from './registry-file.js'
import { createSharedArena, inheritableDescriptor, joinSharedArena, readHeader } from './shared-memory.js'
import { endsInOrder, type SystemCalls, systemCalls, unavailable } from './system-calls.js'

/** What other processes must know of a registry. */
export interface Identity {
  readonly name: string
  readonly id: string
  readonly options: string
}

/** A registry's memory that this process has attached to, and what is in it. */
export interface Shared {
  readonly arena: Arena
  readonly id: string
  readonly options: string
  readonly how: Met['how']
  /** The file at a path in which they met. */
  readonly file?: string
}

/**
 * Makes the memory of a registry that children can join, and attaches to it. `define` writes what its options say;
 * false when memory is full.
 * @throws Error that says why it cannot.
 */
export function share(options: ArenaOptions, identity: Identity, define: (arena: Arena) => boolean): Shared {
  const calls = makerCalls()
  const arena = createSharedArena(calls, options, identity.name)
  try {
    if (!writeIdentity(arena, identity) || !define(arena))
      throw unavailable('option "memory" is too small for its options')
    attach(calls, arena, 0)
    leaveToChildren(identity.name, inheritableDescriptor(calls, arena), identity.id)
    return { arena, id: identity.id, options: identity.options, how: 'made' }
  } catch (error) {
    abandon(calls, arena)
    throw error
  }
}

/**
 * Meets other processes in a file: makes it, joins them, or goes on with what they left. `check` throws if those that
 * live have other options.
 * @throws Error that says why it cannot.
 */
export function meetIn(
  file: RegistryFile,
  wanted: ArenaOptions,
  identity: Identity,
  define: (arena: Arena) => boolean,
  check: (options: string) => void,
): Shared {
  const calls = makerCalls()
  const { arena, how } = meet({
    calls,
    file,
    wanted,
    define: arena => writeIdentity(arena, identity) && define(arena),
    check: arena => check(optionsOf(arena)),
  })
  leaveFileToChildren(identity.name, file)
  return { arena, id: idOf(arena), options: optionsOf(arena), how }
}

function makerCalls(): SystemCalls {
  if (!isMainThread)
    throw unavailable(
      'createRegistry is called in a Worker, and only children of the main thread would find it',
    )
  return systemCalls()
}

/** A memory that is begun anew keeps its id, by which its threads are told from those of another one. */
function writeIdentity(arena: Arena, { id, options }: Identity): boolean {
  const { u8 } = arena
  if (!arena.storeText(L.H_OPTIONS, Buffer.from(options))) return false
  const at = L.H_ID * 4
  if (u8.subarray(at, at + 16).every(byte => byte === 0)) u8.set(idBytes(id), at)
  return true
}

function optionsOf(arena: Arena): string {
  const options = arena.text(arena.i32[L.H_OPTIONS], arena.i32[L.H_OPTIONS_BYTES])
  JSON.parse(options)
  return options
}

/**
 * Joins the registry of that name that a process above this one shares; undefined if none does. `check` throws if it is
 * not the one that is wanted.
 * @throws Error that says why it cannot.
 */
export function join(name: string, check: (options: string) => void): Shared | undefined {
  const inherited = inheritedRegistry(name)
  if (inherited === undefined) return undefined
  // A thread that ends while it attaches would let nobody else attach as long as the process lives.
  if (!isMainThread)
    throw unavailable(
      `the main thread must call getRegistry(${show(name)}) first: a Worker cannot attach its process`,
    )
  const calls = systemCalls()
  if ('path' in inherited) {
    const found = { calls, file: inherited, wanted: undefined, define: () => true }
    const { arena, how } = meet({ ...found, check: arena => check(optionsOf(arena)) })
    return { arena, id: idOf(arena), options: optionsOf(arena), how, file: inherited.path }
  }
  const header = readHeader(inherited.descriptor)
  if (header?.magic !== L.MAGIC) throw unavailable('the memory is not that of a registry')
  if (header.version !== L.LAYOUT_VERSION)
    throw unavailable('a release of postmeter with another layout made the registry')
  const arena = joinSharedArena(calls, inherited.descriptor, header)
  try {
    checkId(arena, inherited, name)
    const options = optionsOf(arena)
    check(options)
    attach(calls, arena, monotonic() - arena.f64[L.H_STARTED_WORD])
    return { arena, id: inherited.id, options, how: 'joined' }
  } catch (error) {
    abandon(calls, arena)
    throw isCoded(error) ? error : unavailable(`registry ${show(name)} is damaged: ${thrown(error)}`, error)
  }
}

function checkId(arena: Arena, { id }: InheritedMemory, name: string): void {
  if (idBytes(id).every((byte, n) => byte === arena.u8[L.H_ID * 4 + n])) return
  throw unavailable(
    `the memory that the environment names for registry ${show(name)} is that of another registry`,
  )
}

function idBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

function idOf({ u8 }: Arena): string {
  const id = Buffer.from(u8.slice(L.H_ID * 4, L.H_ID * 4 + 16)).toString('hex')
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
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
  if (arena.attachment === 0 && !arena.reader) return
  endsInOrder()
  try {
    systemCalls()
  } catch {
    // The main thread buries.
  }
}

/**
 * What comes before a scrape: buries the processes that have died; where this process may only read, notes which they
 * are.
 */
export function lookForDead(arena: Arena): void {
  if (!arena.reader) {
    buryProcesses(arena)
    return
  }
  try {
    noteDead(arena, systemCalls())
  } catch {
    // This is a Worker that has no calls: the share of a dead process in living values stays until somebody buries it.
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

/**
 * Notes how far the registry's time has come, for when it begins anew. Call now and then, in a thread of each process.
 */
export function noteUptime({ f64 }: Arena, uptime: number): void {
  // Two processes may store at once: then the time goes back by less than they are apart.
  if (uptime > f64[L.H_UPTIME_WORD]) f64[L.H_UPTIME_WORD] = uptime
}

/** What has become of the file at the path, if it is not this process' any more. */
export function fileLost(arena: Arena, path: string): 'removed' | 'replaced' | undefined {
  try {
    if (isAt(path, arena.i32[L.P_DESCRIPTOR])) return undefined
    return statSync(path, { throwIfNoEntry: false }) === undefined ? 'removed' : 'replaced'
  } catch {
    // Its directory may not be looked into any more: nothing is known.
    return undefined
  }
}
