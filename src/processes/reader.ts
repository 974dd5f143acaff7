/**
 * Processes that only read a registry which others share: a front outside the service, and what prints an exposition
 * after a crash. They need no right to write, and leave no trace.
 *
 * Assumes: The file is that of a registry, of this layout; the header says so.
 * Guarantees: Nothing that is shared is written: the memory is laid over read-only, so a mistake would end the reader, and
 * nobody else. A reader is not attached, holds nothing back, and is in nobody's way. Who has died is asked of the
 * locks, and only noted in the reader's own memory (P_DEAD): a process that dies between the question and the scrape is
 * alive in that scrape.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { plainError, show } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { ownerOf, wordAt } from '../memory/owner.js'
import { deadAttachments } from './attachments.js'
import { damageOf, type FileHeader, joinToRead, readHeader } from './shared-memory.js'
import { FILE_NAME, type SystemCalls, systemCalls } from './system-calls.js'

/** Opens the memory in the file at a path, to read it. @throws Error that names the file and says what is wrong. */
export function readFileMemory(path: string): Arena {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw readError(path, OPEN_ERRORS[code!] ?? `it cannot be opened (${code})`, cause)
  }
  return readMemory(path, descriptor)
}

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it: let the service make it with `mode` 0o640 and the `group` of this user',
  ELOOP: 'it is a symbolic link',
  ENOENT: 'it is not there',
  ENOTDIR: 'what should be its directory is none',
}

/**
 * Opens the memory that a process shares without a file, to read it: the registry of that name, or the only one.
 * @throws Error that says why it cannot.
 */
export function readProcessMemory(pid: number, name: string | undefined): Arena {
  const folder = `/proc/${pid}/fd`
  const what = `process ${pid}`
  let found: Map<string, string>
  try {
    found = memoriesIn(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is none' : 'its open files may be seen by its own user, or root'
    throw plainError('ERR_POSTMETER_FILE', `${what}: ${why}`, { cause })
  }
  const names = [...found.keys()]
  const [only] = names
  const wanted = name ?? (names.length === 1 ? only : undefined)
  const path = wanted === undefined ? undefined : found.get(wanted)
  if (path === undefined) {
    const there = names.length === 0 ? 'no registry' : `registries ${names.map(show).join(', ')}`
    const asked = name === undefined ? 'which one is not said' : `none is ${show(name)}`
    throw plainError(
      'ERR_POSTMETER_FILE',
      `${what} shares ${there}${names.length === 0 ? '' : `, and ${asked}`}`,
    )
  }
  return readMemory(`registry ${show(wanted)} of ${what}`, openSync(path, 'r'))
}

/** The memories that a process has open, by the name of the registry. */
function memoriesIn(folder: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const number of readdirSync(folder)) {
    const path = `${folder}/${number}`
    const [, name] = /^\/memfd:(.*) \(deleted\)$/.exec(linkAt(path)) ?? []
    if (name?.startsWith(`${FILE_NAME} `)) found.set(name.slice(FILE_NAME.length + 1), path)
  }
  return found
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed since.
    return ''
  }
}

function readMemory(what: string, opened: number): Arena {
  let descriptor = opened
  let calls: SystemCalls
  let header: FileHeader | undefined
  try {
    calls = systemCalls()
    descriptor = calls.keep(opened)
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw readError(what, 'it is no regular file')
    header = readHeader(descriptor)
    if (header?.magic !== L.MAGIC) throw readError(what, 'it is not the memory of a registry')
    if (header.version !== L.LAYOUT_VERSION)
      throw readError(
        what,
        `it is of a release with layout ${header.version}, and this one reads ${L.LAYOUT_VERSION}`,
      )
    const damage = damageOf(header, stats.size)
    if (damage !== undefined) throw readError(what, damage)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  // It closes the descriptor itself where it fails.
  return joinToRead(calls, descriptor, header)
}

function readError(what: string, why: string, cause?: unknown): Error {
  return plainError('ERR_POSTMETER_FILE', `${what}: ${why}`, { cause })
}

/** Gives the file back. The memory must not be used any more. */
export function endReading({ i32 }: Arena): void {
  closeSync(i32[L.P_DESCRIPTOR])
}

/** Notes whose threads have died, so that a scrape leaves out their shares of living values. A call of the system for each process. */
export function noteDead(arena: Arena, calls: SystemCalls): void {
  const { i32, i64 } = arena
  const { dead, living } = deadAttachments(calls, arena)
  i32[L.P_LIVING] = living
  const bits = new Int32Array(L.MAX_SHARDS / 32)
  if (dead.size > 0) {
    for (let index = 1; index < arena.shardCount; index++) {
      const word = Atomics.load(i64, arena.shards + index * L.SHARD_WORDS + wordAt(L.SHARD_OWNER))
      if (dead.has(ownerOf(word).attachment)) bits[index >>> 5]! |= 1 << (index & 31)
    }
  }
  for (let n = 0; n < bits.length; n++) Atomics.store(i32, L.P_DEAD + n, bits[n]!)
}
