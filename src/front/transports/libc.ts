/**
 * Which C library this process has, and which one a native part wants. Node's own report (process.report) says the first,
 * too. It is not asked: it takes milliseconds, and waits for every Worker, also for one that is in a long native call.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { readText } from '../../common/system.js'
import { isBefore } from './versions.js'

/** Whether an ELF program asks for glibc's loader (`ld-linux…`; musl's is `ld-musl…`). */
export function usesGlibc(program: string): boolean {
  let fd: number | undefined
  try {
    fd = openSync(program, 'r')
    return /\/(ld-linux[^/]*\.so\.\d+|ld64\.so\.\d+)$/.test(loaderOf(fd))
  } catch {
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The type of the program header that names the loader. */
const PT_INTERP = 3

/** The path of an ELF program's loader; '' if it has none. It can stand anywhere in the file: patchelf puts it at the end. */
function loaderOf(fd: number): string {
  const read = (length: number, at: number) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(fd, bytes, 0, length, at))
  }
  const head = read(64, 0)
  if (head.toString('latin1', 0, 4) !== '\x7fELF') return ''
  const [wide, little] = [head[4] === 2, head[5] === 1]
  const int = (bytes: Buffer, at: number, length: number) =>
    little ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length)
  // Offsets have 4 or 8 bytes. Of 8, the lower 6 are enough, which a JavaScript number can hold.
  const offset = (bytes: Buffer, at: number) => int(bytes, wide && !little ? at + 2 : at, wide ? 6 : 4)
  const [table, size, count] = wide
    ? [offset(head, 32), int(head, 54, 2), int(head, 56, 2)]
    : [offset(head, 28), int(head, 42, 2), int(head, 44, 2)]
  for (let n = 0; n < count; n++) {
    const entry = read(size, table + n * size)
    if (int(entry, 0, 4) !== PT_INTERP) continue
    const [start, length] = wide
      ? [offset(entry, 8), offset(entry, 32)]
      : [offset(entry, 4), offset(entry, 16)]
    return read(Math.min(length, 4096), start).toString('latin1').replace(/\0.*/s, '')
  }
  return ''
}

/** The version of the glibc that this process has loaded, as `2.36`; undefined if it cannot be found out. */
export function glibcVersion(maps = '/proc/self/maps'): string | undefined {
  const path = /(\/\S*\/libc(?:\.so\.6|-2\.\d+\.so))$/m.exec(readText(maps) ?? '')?.[1]
  if (path === undefined) return undefined
  return /GNU C Library [^\n\0]* release version (\d+\.\d+)/.exec(readText(path, 'latin1') ?? '')?.[1]
}

const SYMBOL = 'GLIBC_'

/**
 * The oldest glibc that a native part can be loaded with, as `2.38`: the newest version that it wants a symbol of.
 * Undefined if it names none, or cannot be read.
 */
export function wantedGlibc(file: string): string | undefined {
  let newest: string | undefined
  try {
    const bytes = readFileSync(file)
    for (let at = bytes.indexOf(SYMBOL); at >= 0; at = bytes.indexOf(SYMBOL, at + 1)) {
      const [, version] = /^GLIBC_(\d+\.\d+)(?:\.\d+)?\0/.exec(bytes.toString('latin1', at, at + 20)) ?? []
      if (version !== undefined && (newest === undefined || isBefore(newest, version))) newest = version
    }
  } catch {
    return undefined
  }
  return newest
}
