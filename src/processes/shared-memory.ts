/**
 * The memory of a registry that several processes share: a file lies over what is recorded. It is one in memory that no
 * path names, of which nothing is left when the last process that has it open has ended, or one at a path
 * (registry-file.ts).
 *
 * Assumes: Linux. References are indices of words, so each process may have the memory elsewhere.
 * Guarantees: A memory over which the file does not lie is never used. What is used of the file has been asked for by a
 * call that can fail (Arena.alloc), as a store cannot. Nobody can change the size of a file in memory.
 */
import { fstatSync, ftruncateSync, readSync } from 'node:fs'
import { type Arena, type ArenaOptions, createArena, joinArena, rangeOffset } from '../memory/arena.js'
import { writeZeros } from '../memory/backing.js'
import * as L from '../memory/layout.js'
import { FILE_NAME, KEPT_FROM, pathOf, type SystemCalls, unavailable } from './system-calls.js'

/** Makes a memory over a file in memory. */
export function createSharedArena(calls: SystemCalls, options: ArenaOptions, name = ''): Arena {
  const descriptor = calls.memoryFile(`${FILE_NAME} ${name}`)
  if (descriptor === undefined) throw unavailable('the system refuses a file in memory (memfd_create)')
  const sized = () => {
    if (!calls.sealSize(descriptor)) throw unavailable('the system cannot seal a file in memory')
  }
  return createArenaOver(calls, descriptor, options, { sized })
}

interface MakingTools {
  /** Called once the file has its size. */
  readonly sized?: () => void
  /** Makes the error that says why there is no memory. */
  readonly fail?: (why: string, cause?: unknown) => Error
}

/** Makes a memory over an empty file, whose descriptor is the memory's from then on. */
export function createArenaOver(
  calls: SystemCalls,
  descriptor: number,
  options: ArenaOptions,
  { sized = () => {}, fail = unavailable }: MakingTools = {},
): Arena {
  try {
    return createArena(options, (memory, at) => {
      const bytes = rangeOffset(at.slots)
      try {
        ftruncateSync(descriptor, bytes)
      } catch (cause) {
        throw fail(`the system refuses a file of ${bytes} bytes (ulimit -f)`, cause)
      }
      sized()
      // The header and the tables are used without being asked for.
      const tables = [
        [0, rangeOffset(at.arena)],
        [rangeOffset(at.hash), bytes],
      ] as const
      for (const [from, to] of tables) {
        if (!writeZeros(descriptor, from, to - from)) throw fail('there is no memory left for its tables')
      }
      layOver(calls, memory, bytes, descriptor, true)
      checkLaidOver(memory, descriptor)
      return descriptor
    })
  } catch (error) {
    calls.close(descriptor)
    throw error
  }
}

/**
 * Joins the memory of a file that this process has open, by a descriptor of its own from then on. The caller has checked
 * the header.
 */
export function joinSharedArena(calls: SystemCalls, open: number, header: FileHeader): Arena {
  const descriptor = calls.open(pathOf(open))
  if (descriptor === undefined) throw unavailable('the memory of the registry cannot be opened')
  return joinOver(calls, descriptor, header, true)
}

/** The same for a process that only reads, whose descriptor becomes the memory's. */
export function joinToRead(calls: SystemCalls, descriptor: number, header: FileHeader): Arena {
  const arena = joinOver(calls, descriptor, header, false)
  arena.i32[L.P_READER] = 1
  return arena
}

function joinOver(calls: SystemCalls, descriptor: number, header: FileHeader, writable: boolean): Arena {
  try {
    const { pages, shardCount } = header
    return joinArena(pages, shardCount, (memory, at) => {
      layOver(calls, memory, rangeOffset(at.slots), descriptor, writable)
      const own = new Int32Array(memory.buffer)
      if (FIXED.some(field => own[field] !== header.fields[field - BEGIN]))
        throw unavailable('its memory does not lie over this one')
      return descriptor
    })
  } catch (error) {
    calls.close(descriptor)
    throw error
  }
}

/** Fields that never change. */
const FIXED = [L.H_MAGIC, L.H_PAGES, L.H_ID, L.H_ID + 1, L.H_ID + 2, L.H_ID + 3]

/** The Int32 where the header begins. */
const BEGIN = L.HEADER_AT / 4

/** What is read of a file before any memory lies over it. */
export interface FileHeader {
  readonly fields: Int32Array
  readonly magic: number
  readonly version: number
  readonly pages: number
  readonly shardCount: number
  readonly beginning: boolean
}

/** The header of a file; undefined if the file is too short to have one. */
export function readHeader(descriptor: number): FileHeader | undefined {
  const fields = new Int32Array(L.HEADER_BYTES / 4)
  if (readSync(descriptor, fields, 0, L.HEADER_BYTES, 0) !== L.HEADER_BYTES) return undefined
  const field = (at: number) => fields[at - BEGIN]!
  return {
    fields,
    magic: field(L.H_MAGIC),
    version: field(L.H_VERSION),
    pages: field(L.H_PAGES),
    shardCount: field(L.H_SHARD_COUNT),
    beginning: field(L.H_BEGINNING) !== 0,
  }
}

/** What is wrong with the header of a file of this layout; undefined if all that never changes is as it was written. */
export function damageOf({ fields, pages, shardCount }: FileHeader, size: number): string | undefined {
  const bytes = pages * L.WASM_PAGE_BYTES
  const sizes = bytes >= L.MIN_MEMORY_BYTES && bytes <= L.MAX_MEMORY_BYTES
  if (!sizes || shardCount < 2 || shardCount > L.MAX_SHARDS) return 'its header is damaged'
  const at = L.regions(bytes, shardCount)
  if (size !== rangeOffset(at.slots))
    return `it is of ${size} bytes, not ${rangeOffset(at.slots)}: it was cut off`
  const expected: readonly [number, number][] = [
    [L.H_LIMIT, at.limit],
    [L.H_HASH, at.hash],
    [L.H_HASH_MASK, at.hashMask],
    [L.H_ATTACHMENTS, at.attachments],
    [L.H_SHARDS, at.shards],
    [L.H_SLOTS, at.slots],
    [L.H_SLOT_WORDS, at.slotWords],
    [L.H_SLOT_TEXT, at.slotText],
  ]
  const bump = fields[L.H_BUMP - BEGIN]!
  const whole = expected.every(([field, value]) => fields[field - BEGIN] === value)
  return whole && bump >= at.arena && bump <= at.limit ? undefined : 'its header is damaged'
}

function layOver(
  calls: SystemCalls,
  memory: WebAssembly.Memory,
  bytes: number,
  descriptor: number,
  writable: boolean,
): void {
  // What lies behind a file's end ends the process at its first use.
  if (fstatSync(descriptor).size < bytes) throw unavailable('the memory of the registry is cut off')
  const address = calls.addressOf(new Uint8Array(memory.buffer)) + BigInt(L.HEADER_AT)
  if (!calls.layOver(address, bytes, descriptor, writable))
    throw unavailable('the system refuses to share memory (mmap)')
  calls.keepFromDumps(address, bytes)
}

/** What is written to the memory must be in the file. */
function checkLaidOver(memory: WebAssembly.Memory, descriptor: number): void {
  const i32 = new Int32Array(memory.buffer)
  i32[L.H_VERSION] = L.LAYOUT_VERSION
  if (readHeader(descriptor)?.version !== L.LAYOUT_VERSION)
    throw unavailable('the file does not lie over the memory')
}

/** A descriptor of the memory's file that children inherit. */
export function inheritableDescriptor(calls: SystemCalls, arena: Arena): number {
  const descriptor = calls.inheritable(arena.i32[L.P_DESCRIPTOR], KEPT_FROM)
  if (descriptor === undefined) throw unavailable('no descriptor is left for children to inherit (ulimit -n)')
  return descriptor
}
