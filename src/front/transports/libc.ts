/**
 * Which C library this process has, and which one a native part wants. Node's own report (process.report) says the first,
 * too. It is not asked: it takes milliseconds, and waits for every Worker, also for one that is in a long native call.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** Whether an ELF program asks for glibc's loader (`ld-linux…`; musl's is `ld-musl…`). */
export function usesGlibc(program: string): boolean {
  let fd: number | undefined
  try {
    fd = openSync(program, 'r')
    const head = Buffer.alloc(4096)
    const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0))
    return text.startsWith('\x7fELF') && /\/ld-linux[^/\0]*\.so\.\d+\0|\/ld64\.so\.\d+\0/.test(text)
  } catch {
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The version of the glibc that this process has loaded, as `2.36`; undefined if it cannot be found out. */
export function glibcVersion(maps = '/proc/self/maps'): string | undefined {
  try {
    const path = /(\/\S*\/libc(?:\.so\.6|-2\.\d+\.so))$/m.exec(readFileSync(maps, 'latin1'))?.[1]
    if (path === undefined) return undefined
    return /GNU C Library [^\n\0]* release version (\d+\.\d+)/.exec(readFileSync(path, 'latin1'))?.[1]
  } catch {
    return undefined
  }
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

/** Whether a version such as `2.9` is older than another such as `2.36`. What stands behind the second number is ignored. */
export function isBefore(version: string, other: string): boolean {
  const [major, minor] = numbers(version)
  const [otherMajor, otherMinor] = numbers(other)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  return [major, minor]
}
