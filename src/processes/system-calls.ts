/**
 * The calls of Linux that Node does not offer, and that a memory of several processes needs: through koffi, an optional
 * peer, or else through node:ffi where this Node has it, which warns that it is experimental. Each thread that calls
 * loads them for itself. Registries of one process load neither.
 *
 * A Worker that is terminated while it loads koffi aborts the whole process: koffi's start throws into a thread that
 * can take no error any more. So only threads that nobody terminates load it, which are the main thread and its front
 * (endsInOrder()). Others do with node:ffi, which bears it, as koffi's calls do once it is loaded.
 *
 * Numbers and layouts are those of 64-bit Linux on x64 and arm64 (asm-generic): a `struct flock` is
 * type 0 (i16) · whence 2 (i16) · start 8 (i64) · length 16 (i64) · process 24 (i32), 32 bytes.
 */
import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { plainError } from '../common/errors.js'

export interface SystemCalls {
  /** Which of the two they go through. */
  readonly through: 'node:ffi' | 'koffi'
  /** Where bytes are in this process. */
  addressOf(bytes: Uint8Array): bigint
  /** Lays `bytes` of a file, from its start, over memory at a page's address; false if the system refuses. */
  layOver(address: bigint, bytes: number, descriptor: number, writable: boolean): boolean
  /** Keeps a range of memory out of core dumps. */
  keepFromDumps(address: bigint, bytes: number): void
  /**
   * A file in memory that no path names, closed on exec; undefined if the system refuses. It is numbered from KEPT_FROM
   * on where the limit of descriptors allows.
   */
  memoryFile(name: string): number | undefined
  /** Nobody can change the size of a memory file any more. */
  sealSize(descriptor: number): boolean
  /** Opens a path to read and write, closed on exec: for the process, not for the thread. Numbered as memoryFile()'s. */
  open(path: string): number | undefined
  close(descriptor: number): void
  /** A duplicate that children inherit, numbered `least` or above. */
  inheritable(descriptor: number, least: number): number | undefined
  /** Gives a file that this process has open a path; false if the system refuses, as it does if there is one. */
  link(descriptor: number, path: string): boolean
  /** Moves a descriptor to a number from KEPT_FROM on where the limit of descriptors allows, closed on exec. */
  keep(descriptor: number): number
  /**
   * Whether another open file description has a byte locked, or the system does not tell. Asked through one that may only
   * read, too.
   */
  isLocked(descriptor: number, at: number): boolean
  /** Locks bytes for an open file description; false if another one has any of them. Never waits. */
  lock(descriptor: number, at: number, bytes: number): boolean
  unlock(descriptor: number, at: number, bytes: number): void
}

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED_FIXED = 0x01 | 0x10
const MADV_DONTDUMP = 16
const MFD_CLOEXEC = 1
/** The longest name; the system adds `memfd:`. */
const MFD_NAME_BYTES = 249
const MFD_ALLOW_SEALING = 2
/** From Linux 6.3 on: nobody can execute the file. */
const MFD_NOEXEC_SEAL = 8
const O_RDWR_CLOEXEC = 0o2 | 0o2000000
const AT_FDCWD = -100
const AT_SYMLINK_FOLLOW = 0x400
const F_DUPFD = 0
const F_DUPFD_CLOEXEC = 1030
const F_ADD_SEALS = 1033
const F_SEAL_SEAL_SHRINK_GROW = 1 | 2 | 4
const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const F_WRLCK = 1
const F_UNLCK = 2

/**
 * Descriptors that are kept are numbered from here on. Programs that close one of theirs twice close what has its number
 * meanwhile, and the system gives out the lowest that is free.
 */
export const KEPT_FROM = 200

/** What a memory's file is called in /proc. */
export const FILE_NAME = 'postmeter'

/** The path by which this process opens anew, or looks at, a file that it has open. */
export function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`
}

/** The functions of libc, as both ways give them. */
interface Libc {
  readonly through: SystemCalls['through']
  addressOf(bytes: Uint8Array): bigint
  mmap(at: bigint, bytes: bigint, protection: number, flags: number, fd: number, from: bigint): bigint
  madvise(at: bigint, bytes: bigint, advice: number): number
  memfd_create(name: Uint8Array, flags: number): number
  open(path: Uint8Array, flags: number): number
  close(fd: number): number
  linkat(fromFd: number, from: Uint8Array, toFd: number, to: Uint8Array, flags: number): number
  fcntl(fd: number, command: number, argument: bigint): number
}

let loaded: SystemCalls | undefined
let terminable = !isMainThread

/** Says that nobody terminates this thread: it ends by itself, or once it has said that it does nothing any more. */
export function endsInOrder(): void {
  terminable = false
}

/**
 * This thread's.
 * @throws Error that says why there are none, and what to do.
 */
export function systemCalls(): SystemCalls {
  loaded ??= callsOf(load())
  return loaded
}

/** One way alone, for tests of both; undefined where this Node has no node:ffi. @internal */
export function systemCallsThrough(way: SystemCalls['through']): SystemCalls | undefined {
  const libc = way === 'koffi' ? throughKoffi(require('koffi')) : throughNode()
  return libc === undefined ? undefined : callsOf(libc)
}

function callsOf(libc: Libc): SystemCalls {
  // A buffer of its own: V8 moves small typed arrays that have none.
  const flock = new ArrayBuffer(128)
  const flockAt = libc.addressOf(new Uint8Array(flock))
  const view = new DataView(flock)
  const lockCall = (command: number, descriptor: number, type: number, at: number, bytes: number) => {
    view.setInt16(0, type, true)
    view.setInt16(2, 0, true)
    view.setBigInt64(8, BigInt(at), true)
    view.setBigInt64(16, BigInt(bytes), true)
    view.setInt32(24, 0, true)
    return libc.fcntl(descriptor, command, flockAt) === 0
  }
  const setLock = (descriptor: number, type: number, at: number, bytes: number) =>
    lockCall(F_OFD_SETLK, descriptor, type, at, bytes)
  const found = (descriptor: number) => (descriptor < 0 ? undefined : descriptor)
  const kept = (descriptor: number) => {
    if (descriptor < 0 || descriptor >= KEPT_FROM) return found(descriptor)
    const moved = libc.fcntl(descriptor, F_DUPFD_CLOEXEC, BigInt(KEPT_FROM))
    if (moved < 0) return descriptor
    libc.close(descriptor)
    return moved
  }
  return {
    through: libc.through,
    addressOf: bytes => libc.addressOf(bytes),
    layOver(address, bytes, descriptor, writable) {
      const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
      return libc.mmap(address, BigInt(bytes), protection, MAP_SHARED_FIXED, descriptor, 0n) === address
    },
    keepFromDumps(address, bytes) {
      libc.madvise(address, BigInt(bytes), MADV_DONTDUMP)
    },
    memoryFile(name) {
      const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING
      const short = Buffer.from(name.replaceAll(/\p{Cc}/gu, ' ')).subarray(0, MFD_NAME_BYTES)
      const named = Buffer.concat([short, Buffer.alloc(1)])
      const descriptor = libc.memfd_create(named, flags | MFD_NOEXEC_SEAL)
      return kept(descriptor < 0 ? libc.memfd_create(named, flags) : descriptor)
    },
    sealSize: descriptor => libc.fcntl(descriptor, F_ADD_SEALS, BigInt(F_SEAL_SEAL_SHRINK_GROW)) === 0,
    open: path => kept(libc.open(cString(path), O_RDWR_CLOEXEC)),
    close(descriptor) {
      libc.close(descriptor)
    },
    inheritable: (descriptor, least) => found(libc.fcntl(descriptor, F_DUPFD, BigInt(least))),
    link: (descriptor, path) =>
      libc.linkat(AT_FDCWD, cString(pathOf(descriptor)), AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW) === 0,
    keep: descriptor => kept(descriptor) ?? descriptor,
    isLocked: (descriptor, at) =>
      !lockCall(F_OFD_GETLK, descriptor, F_WRLCK, at, 1) || view.getInt16(0, true) !== F_UNLCK,
    lock: (descriptor, at, bytes) => setLock(descriptor, F_WRLCK, at, bytes),
    unlock(descriptor, at, bytes) {
      setLock(descriptor, F_UNLCK, at, bytes)
    },
  }
}

function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`)
}

const require = createRequire(import.meta.url)

function load(): Libc {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    throw unavailable(`it needs Linux on x64 or arm64, and this is ${process.platform} on ${process.arch}`)
  if (terminable) {
    const libc = throughNode()
    if (libc !== undefined) return libc
    throw unavailable('a Worker cannot load koffi without danger to its process')
  }
  try {
    // Asked for within the try: bundlers then let it be missing.
    return throughKoffi(require('koffi'))
  } catch (error) {
    const libc = throughNode()
    if (libc !== undefined) return libc
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    throw unavailable(
      missing
        ? 'package koffi is not installed (npm install koffi), and this Node has no node:ffi'
        : `package koffi cannot be loaded (${(error as Error).message})`,
      error,
    )
  }
}

/** @internal */
export function unavailable(why: string, cause?: unknown): Error {
  return plainError(
    'ERR_POSTMETER_SHARED',
    `option "shared" or "file": ${why}; without them, each process has a registry, and an endpoint, of its own`,
    { cause },
  )
}

/** What is used of node:ffi, which the oldest Node that is supported does not have. */
interface NodeFfi {
  dlopen(
    path: null,
    functions: Record<string, { arguments: string[]; return: string }>,
  ): {
    functions: Record<string, (...args: unknown[]) => never>
  }
  getRawPointer(of: Uint8Array): bigint
}

function throughNode(): Libc | undefined {
  let ffi: NodeFfi
  try {
    ffi = process.getBuiltinModule('node:ffi' as never) as unknown as NodeFfi
    if (ffi === undefined) return undefined
  } catch {
    // `--permission` without --allow-ffi, or --no-experimental-ffi.
    return undefined
  }
  const one = (result: string, ...args: string[]) => ({ arguments: args, return: result })
  const { functions } = ffi.dlopen(null, {
    mmap: one('u64', 'u64', 'u64', 'i32', 'i32', 'i32', 'i64'),
    madvise: one('i32', 'u64', 'u64', 'i32'),
    memfd_create: one('i32', 'pointer', 'u32'),
    open: one('i32', 'pointer', 'i32'),
    close: one('i32', 'i32'),
    linkat: one('i32', 'i32', 'pointer', 'i32', 'pointer', 'i32'),
    fcntl: one('i32', 'i32', 'i32', 'i64'),
  })
  return {
    through: 'node:ffi',
    addressOf: (bytes: Uint8Array) => ffi.getRawPointer(bytes),
    ...functions,
  } as unknown as Libc
}

/** What is used of koffi. */
interface Koffi {
  load(path: null): { func(name: string, result: string, args: string[]): (...args: unknown[]) => never }
}

function throughKoffi(koffi: Koffi): Libc {
  const libc = koffi.load(null)
  const bytes = 'void *'
  const mmap = libc.func('mmap', 'intptr_t', ['intptr_t', 'size_t', 'int', 'int', 'int', 'int64_t'])
  // The address of its first argument, if it copies nothing.
  const memcpy = libc.func('memcpy', 'intptr_t', [bytes, bytes, 'size_t'])
  return {
    through: 'koffi',
    addressOf: of => BigInt(memcpy(of, of, 0)),
    mmap: (...args) => BigInt(mmap(...args)),
    madvise: libc.func('madvise', 'int', ['intptr_t', 'size_t', 'int']),
    memfd_create: libc.func('memfd_create', 'int', [bytes, 'uint32_t']),
    open: libc.func('open', 'int', [bytes, 'int']),
    close: libc.func('close', 'int', ['int']),
    linkat: libc.func('linkat', 'int', ['int', bytes, 'int', bytes, 'int']),
    fcntl: libc.func('fcntl', 'int', ['int', 'int', 'int64_t']),
  }
}
