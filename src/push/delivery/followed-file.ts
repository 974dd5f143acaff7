/** A file that is read again when it changes, as programs that renew certificates and tokens replace it. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

/** What tells one content of a file from another one without reading it. */
function stamp(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true })
  return `${ino} ${size} ${mtimeNs}`
}

/**
 * Reads a file of at most `most` bytes. Only a regular one: to read a pipe could take for ever, and could be done once.
 * @throws Error of the system, or that says what is wrong with the file.
 */
export function readSmallFile(path: string, most: number): Buffer {
  // Looked at before it is opened, because to open a pipe waits for its writer.
  if (!statSync(path).isFile()) throw new Error(`${path} is not a regular file`)
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    if (size > most) throw new Error(`${path} has ${size} bytes, and can have ${most} at most`)
    const bytes = Buffer.alloc(size)
    let length = 0
    for (let read = -1; read !== 0 && length < size; length += read) {
      read = readSync(file, bytes, length, size - length, length)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

/** What is made of some files, made anew when one of them changes. */
export class Followed<T> {
  readonly #paths: readonly string[]
  readonly #make: () => T
  #stamps: string | undefined
  #value: T | undefined

  /** `make` reads the files. It throws if they are not usable: then what was made before stays. */
  constructor(paths: readonly string[], make: () => T) {
    this.#paths = paths
    this.#make = make
  }

  /**
   * Makes it anew if the files have changed, or could not be used when they were looked at before. Returns the value, if
   * there ever was one, and what is wrong with the files now.
   */
  look(): { value: T | undefined; changed: boolean; error?: Error } {
    try {
      // Before they are read: a change meanwhile is seen the next time.
      const stamps = this.#paths.map(stamp).join('\n')
      if (stamps === this.#stamps) return { value: this.#value, changed: false }
      this.#value = this.#make()
      this.#stamps = stamps
      return { value: this.#value, changed: true }
    } catch (error) {
      // The stamps are still those of the value: what is broken is read again each time.
      return { value: this.#value, changed: false, error: error as Error }
    }
  }
}
