/**
 * How processes meet in a file: the first one makes it, others attach to it, and who comes when all have ended begins it
 * anew, or replaces it where it cannot. test/model/upgrade explores how a file comes to its path, test/model/processes
 * what goes on within one.
 *
 *     open ─▶ gate ─▶ compare with the path ─▶ layout ─▶ does anybody live? ─yes─▶ attach
 *      ▲ │ no file      │ other                  │ other    │ no ─▶ begin anew ─▶ attach
 *      │ └──────▶ make ─┼──────────────────────▶ make       └─▶ make, if it does not fit, or nothing is to be kept
 *      │           │    │                         └─▶ unlink the old one ─▶ link
 *      │          link  │                                                    │
 *      └───────────┴────┴─ close, begin again ◀──────────── refused ─────────┘
 *
 * Assumes: link() never replaces. All layouts have the gate at byte 0, and the layout's number at byte 4.
 * Guarantees: Whoever attaches is in the file that the path names at that moment. A file is whole before it has a path,
 * and its maker is in it. One of another layout, or another size, is put aside unread; who lives in it goes on in it.
 * One that is damaged, or not a registry's, is left alone. A memory that was begun anew by half (H_BEGINNING) is begun
 * anew by the next one. Nobody waits for another process without a bound.
 */
import { closeSync, fstatSync, unlinkSync } from 'node:fs'
import { isCoded, thrown } from '../common/errors.js'
import { beginSeriesAnew } from '../lifecycle/anew.js'
import { type Arena, type ArenaOptions, arenaBytes } from '../memory/arena.js'
import { monotonic } from '../memory/clock.js'
import * as L from '../memory/layout.js'
import { attach, buryAll, enter, keepFirst, passGate, pauses, tryAll } from './attachments.js'
import { fileError, isAt, namelessFile, openFile, type RegistryFile } from './registry-file.js'
import { createArenaOver, damageOf, type FileHeader, joinSharedArena, readHeader } from './shared-memory.js'
import { pathOf, type SystemCalls } from './system-calls.js'

/** How long a file is opened again and again that others make, remove or begin anew, ms. */
const PATIENCE = 5_000

/** What a newcomer wants, and does. */
export interface Newcomer {
  readonly calls: SystemCalls
  readonly file: RegistryFile
  /** For a memory of its own; undefined for a child, which takes the file as it is. */
  readonly wanted: ArenaOptions | undefined
  /** Writes what the registry's options say into a memory that nobody else uses; false when memory is full. */
  readonly define: (arena: Arena) => boolean
  /** Throws if the registry that others use is not the one that is wanted. */
  readonly check: (arena: Arena) => void
}

export interface Met {
  readonly arena: Arena
  /** `made`: there was no file. `joined`: others live. `anew`: all had ended. Else why the file was replaced. */
  readonly how: 'made' | 'joined' | 'anew' | Replaced
}

export interface Replaced {
  readonly replaced: string
}

/**
 * Attaches this process to the memory in the file.
 * @throws Error that names the file and says what is wrong with it.
 */
export function meet(newcomer: Newcomer, patience = PATIENCE): Met {
  const { file } = newcomer
  const end = performance.now() + patience
  for (const wait of pauses()) {
    const met = tryOnce(newcomer)
    if (met !== undefined) return met
    if (performance.now() > end)
      throw fileError(file, 'others are making it, or beginning it anew, for too long: one may be stopped')
    wait()
  }
  throw new Error('never')
}

function tryOnce(newcomer: Newcomer): Met | undefined {
  const { calls, file, wanted } = newcomer
  const descriptor = openFile(file)
  if (descriptor === undefined) {
    if (wanted === undefined) throw fileError(file, 'it is not there, and only who makes a registry makes it')
    return make(newcomer, wanted, { how: 'made' })
  }
  try {
    const lock = calls.open(pathOf(descriptor))
    if (lock === undefined) throw fileError(file, 'it cannot be opened a second time')
    let used = false
    try {
      passGate(calls, lock)
      if (!isAt(file.path, descriptor)) return undefined
      const found = use(newcomer, descriptor, lock)
      used = found !== undefined && 'arena' in found
      if (found === undefined || 'arena' in found) return found
      return make(newcomer, found.wanted, { how: found.how, old: file.path })
    } finally {
      if (!used) calls.close(lock)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** That a file is to be replaced. */
interface Replace {
  readonly how: Met['how']
  readonly wanted: ArenaOptions
}

/** Attaches to a file that is at the path, whose gate `lock` has; or says that it is to be replaced. */
function use(newcomer: Newcomer, descriptor: number, lock: number): Met | Replace | undefined {
  const { calls, file, wanted } = newcomer
  const header = readHeader(descriptor)
  if (header?.magic !== L.MAGIC) throw fileError(file, 'it is not the file of a registry')
  if (header.version !== L.LAYOUT_VERSION) return anotherLayout(header, newcomer)
  const damage = damageOf(header, fstatSync(descriptor).size)
  if (damage !== undefined) throw fileError(file, damage)
  const alone = tryAll(calls, lock, header.shardCount)
  // Who has begun it anew was killed, and a burial that is late has a byte; or a child came, which knows no options.
  if (header.beginning && (!alone || wanted === undefined)) return undefined
  if (alone && wanted !== undefined) {
    const how = unfitFor(header, wanted, file)
    if (how !== undefined) return { how, wanted }
  }
  const arena = joinSharedArena(calls, descriptor, header)
  try {
    if (!alone) newcomer.check(arena)
    else if (!beginAnew(newcomer, arena, lock, header.shardCount) && wanted !== undefined) {
      calls.close(arena.i32[L.P_DESCRIPTOR])
      return { how: { replaced: 'it is full, and its options are other ones now' }, wanted }
    }
    arena.keepDefaults()
    enter(calls, arena, lock, monotonic() - arena.f64[L.H_STARTED_WORD])
    return { arena, how: alone ? 'anew' : 'joined' }
  } catch (error) {
    calls.close(arena.i32[L.P_DESCRIPTOR])
    throw isCoded(error) ? error : fileError(file, `it is damaged: ${thrown(error)}`, error)
  }
}

function anotherLayout({ version }: FileHeader, { wanted, file }: Newcomer): Replace {
  const replaced = `it is of a release with layout ${version}, and this one has layout ${L.LAYOUT_VERSION}`
  if (wanted === undefined)
    throw fileError(file, `${replaced}: start this process with the release of its parent`)
  return { how: { replaced }, wanted }
}

/** How a memory in which nobody lives is replaced, if it cannot go on. */
function unfitFor(
  { pages, shardCount }: FileHeader,
  wanted: ArenaOptions,
  { keep }: RegistryFile,
): Met['how'] | undefined {
  if (!keep) return 'made'
  if (pages * L.WASM_PAGE_BYTES !== arenaBytes(wanted))
    return { replaced: 'option "memory" is another one now' }
  if (shardCount !== wanted.maxThreads + 1) return { replaced: 'option "maxThreads" is another one now' }
  return undefined
}

/** Call with the gate, and the bytes of all attachments. False if the options do not fit. */
function beginAnew(
  { calls, wanted, define }: Newcomer,
  arena: Arena,
  lock: number,
  shardCount: number,
): boolean {
  const { i32, f64 } = arena
  Atomics.store(i32, L.H_BEGINNING, 1)
  buryAll(arena)
  beginSeriesAnew(arena)
  // The registry's time goes on where it stood. The system's clock may have begun anew, too.
  f64[L.H_STARTED_WORD] = monotonic() - f64[L.H_UPTIME_WORD]
  if (wanted !== undefined) {
    i32[L.H_MAX_LABEL_BYTES] = wanted.maxLabelBytes
    i32[L.P_MAX_LABEL_BYTES] = wanted.maxLabelBytes
    i32[L.H_MAX_SERIES] = wanted.maxSeries
  }
  if (!define(arena)) return false
  Atomics.store(i32, L.H_BEGINNING, 0)
  keepFirst(calls, lock, shardCount)
  return true
}

/**
 * Makes a file, attaches to it, and links it to the path, from which an old one is removed; undefined if another process
 * came first.
 */
function make(
  { calls, file, define }: Newcomer,
  wanted: ArenaOptions,
  { how, old }: { how: Met['how']; old?: string },
): Met | undefined {
  const open = namelessFile(file)
  try {
    const descriptor = calls.open(pathOf(open))
    if (descriptor === undefined) throw fileError(file, 'it cannot be opened a second time')
    const fail = (why: string, cause?: unknown) => fileError(file, why, cause)
    const arena = createArenaOver(calls, descriptor, wanted, { fail })
    try {
      if (!define(arena)) throw fileError(file, 'option "memory" is too small for its options')
      attach(calls, arena, 0)
      if (old !== undefined) unlinkSync(old)
      if (calls.link(descriptor, file.path)) return { arena, how }
      abandon(calls, arena)
      return undefined
    } catch (error) {
      abandon(calls, arena)
      throw error
    }
  } finally {
    closeSync(open)
  }
}

/** Gives back what a memory had that nobody else has seen. */
export function abandon(calls: SystemCalls, { i32 }: Arena): void {
  if (i32[L.P_LOCK] !== 0) calls.close(i32[L.P_LOCK])
  calls.close(i32[L.P_DESCRIPTOR])
}
