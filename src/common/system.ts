/** What Linux shows of a process and its limits in files. Elsewhere, and where they may not be read, nothing is known. */
import { readFileSync } from 'node:fs'

/** Returns what is in a file; undefined if there is no such file, or none that may be read. */
export type ReadFile = (path: string) => string | undefined

/** `latin1` is for files that are not text as a whole. */
export function readText(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | undefined {
  try {
    return readFileSync(path, encoding)
  } catch {
    return undefined
  }
}

/** The soft limit that this process has of something; undefined if it has none, or none is known. */
export function softLimit(of: 'address space' | 'open files', read: ReadFile = readText): number | undefined {
  const found = new RegExp(`^Max ${of} +(\\d+) `, 'm').exec(read('/proc/self/limits') ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Bytes, as messages have them. */
export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`
}
