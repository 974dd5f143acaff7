/** Room in a file that lies over memory: asked for by a call that can fail, because a store cannot. */
import { writeSync } from 'node:fs'

const STEP_BYTES = 65_536
let zeros: Uint8Array | undefined

/**
 * Writes zeros over bytes of a file that nobody uses yet; false if the file system has no room for them. A few
 * microseconds. From any thread.
 */
export function writeZeros(descriptor: number, from: number, bytes: number): boolean {
  zeros ??= new Uint8Array(STEP_BYTES)
  try {
    for (let done = 0; done < bytes; ) {
      done += writeSync(descriptor, zeros, 0, Math.min(STEP_BYTES, bytes - done), from + done)
    }
    return true
  } catch {
    return false
  }
}
