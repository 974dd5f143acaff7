/** How near the process is to its limit of file descriptors. A check takes a few microseconds. */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** `short`: few are left; `out`: none. */
export type DescriptorState = 'enough' | 'short' | 'out'

/** Descriptors are short when fewer than one in so many of the limit are free. */
const RESERVE = 8

/**
 * The lowest descriptor that is free, which is the one that the system gives out next. All below it are in use, so at
 * least so many are.
 */
export function lowestFree(): number | 'none' {
  try {
    const free = openSync(devNull, 'r')
    closeSync(free)
    return free
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? 'none' : 0
  }
}

/** `limit` is undefined if it is not known. */
export function descriptorState(limit: number | undefined, free = lowestFree()): DescriptorState {
  if (free === 'none') return 'out'
  return limit !== undefined && free >= limit - limit / RESERVE ? 'short' : 'enough'
}
