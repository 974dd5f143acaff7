/**
 * The memory of a registry that several processes share: a file in memory, which no path names, lies over what is
 * recorded. Nothing of it is left when the last process that has it open has ended.
 *
 * Assumes: Linux. References are indices of words, so each process may have the memory elsewhere.
 * Guarantees: A memory over which the file does not lie is never used. Nobody can change the file's size, so no use of it
 * can end a process, except that the system has no memory left: so Arena.alloc asks for each piece by a call that can
 * fail.
 */
import { fstatSync, ftruncateSync, readSync } from 'node:fs'
import { type Arena, type ArenaOptions, createArena, joinArena, rangeOffset } from '../memory/arena.js'
import { writeZeros } from '../memory/backing.js'
import * as L from '../memory/layout.js'
import { FILE_NAME, KEPT_FROM, pathOf, type SystemCalls, unavailable } from './system-calls.js'

/** Makes a memory that other processes can join. */
export function createSharedArena(calls: SystemCalls, options: ArenaOptions): Arena {
  const descriptor = calls.memoryFile(FILE_NAME)
  if (descriptor === undefined) throw unavailable('the system refuses a file in memory (memfd_create)')
  try {
    return createArena(options, (memory, at) => {
      const bytes = rangeOffset(at.slots)
      try {
        ftruncateSync(descriptor, bytes)
      } catch (cause) {
        throw unavailable(`the system refuses a file in memory of ${bytes} bytes (ulimit -f)`, cause)
      }
      if (!calls.sealSize(descriptor)) throw unavailable('the system cannot seal a file in memory')
      // The header and the tables are used without being asked for.
      const tables = [
        [0, rangeOffset(at.arena)],
        [rangeOffset(at.hash), bytes],
      ] as const
      for (const [from, to] of tables) {
        if (!writeZeros(descriptor, from, to - from))
          throw unavailable('the system has no memory left for its tables')
      }
      layOver(calls, memory, bytes, descriptor)
      checkLaidOver(memory, descriptor)
      return descriptor
    })
  } catch (error) {
    calls.close(descriptor)
    throw error
  }
}

/**
 * Joins the memory of a file that this process has open, by a descriptor of its own from then on.
 * @throws Error that says what is wrong with the file.
 */
export function joinSharedArena(calls: SystemCalls, inherited: number, kernel: number): Arena {
  const descriptor = calls.open(pathOf(inherited))
  if (descriptor === undefined) throw unavailable('the memory of the registry cannot be opened')
  try {
    const header = readHeader(descriptor)
    if (header[L.H_MAGIC - BEGIN] !== L.MAGIC) throw unavailable('the memory is not that of a registry')
    if (header[L.H_VERSION - BEGIN] !== L.LAYOUT_VERSION || header[L.H_KERNEL - BEGIN] !== kernel)
      throw unavailable('another release of postmeter, or another build of it, made the registry')
    return joinArena(header[L.H_PAGES - BEGIN]!, header[L.H_SHARD_COUNT - BEGIN]!, (memory, at) => {
      layOver(calls, memory, rangeOffset(at.slots), descriptor)
      const own = new Int32Array(memory.buffer)
      for (const field of [L.H_MAGIC, L.H_PAGES, L.H_ID, L.H_ID + 1, L.H_ID + 2, L.H_ID + 3]) {
        if (own[field] !== header[field - BEGIN]) throw unavailable('its memory does not lie over this one')
      }
      return descriptor
    })
  } catch (error) {
    calls.close(descriptor)
    throw error
  }
}

/** The Int32 where the header begins. */
const BEGIN = L.HEADER_AT / 4

function readHeader(descriptor: number): Int32Array {
  const header = new Int32Array(L.HEADER_BYTES / 4)
  const read = readSync(descriptor, header, 0, L.HEADER_BYTES, 0)
  if (read !== L.HEADER_BYTES) throw unavailable('the memory of the registry is cut off')
  return header
}

function layOver(calls: SystemCalls, memory: WebAssembly.Memory, bytes: number, descriptor: number): void {
  // What lies behind a file's end ends the process at its first use.
  if (fstatSync(descriptor).size < bytes) throw unavailable('the memory of the registry is cut off')
  const address = calls.addressOf(new Uint8Array(memory.buffer)) + BigInt(L.HEADER_AT)
  if (!calls.layOver(address, bytes, descriptor))
    throw unavailable('the system refuses to share memory (mmap)')
  calls.keepFromDumps(address, bytes)
}

/** What is written to the memory must be in the file. */
function checkLaidOver(memory: WebAssembly.Memory, descriptor: number): void {
  const i32 = new Int32Array(memory.buffer)
  i32[L.H_VERSION] = L.LAYOUT_VERSION
  const written = readHeader(descriptor)[L.H_VERSION - BEGIN]
  if (written !== L.LAYOUT_VERSION) throw unavailable('the file does not lie over the memory')
}

/** A descriptor of the memory's file that children inherit. */
export function inheritableDescriptor(calls: SystemCalls, arena: Arena): number {
  const descriptor = calls.inheritable(arena.i32[L.P_DESCRIPTOR], KEPT_FROM)
  if (descriptor === undefined) throw unavailable('no descriptor is left for children to inherit (ulimit -n)')
  return descriptor
}
