/** How releases of uWebSockets.js differ where it matters here. What a release can be asked for is not here (`app.filter`). */
import { isBefore } from './versions.js'

/**
 * The most that is written inside of a cork. With the headers it fits the cork buffer of 16 KiB: what does not fit is
 * lost if the socket is full at that very moment. Mended in 20.64.0 (April 2026).
 * https://github.com/uNetworking/uWebSockets.js/issues/1249
 */
const CORKED_BYTES = 15 * 1024
/** The most of one write that cannot be lost. uWebSockets.js keeps a copy of what the socket does not take of it. */
export const WRITE_BYTES = 1024 * 1024

export interface UwsRelease {
  /** The most of one write inside of a cork. */
  readonly corkedBytes: number
  /** Whether `tryEnd` without bytes ends the answer, as for HEAD. A release that is found to do so has it set. */
  emptyEnds: boolean
}

/** `release` is the version in its package.json. */
export function uwsRelease(release: string): UwsRelease {
  return {
    corkedBytes: isBefore(release, '20.64') ? CORKED_BYTES : WRITE_BYTES,
    // Of May 2025; 20.53.0 is of the autumn.
    emptyEnds: !isBefore(release, '20.53'),
  }
}
