/** How near the process is to its limit of file descriptors. Costs a few microseconds, wherever there is such a limit. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'

/** `short`: few are left; `out`: none. */
export type DescriptorState = 'enough' | 'short' | 'out'

/** Of a limit, the part that is left to the program when they are called short. */
const LEFT = 8

/** The process's limit, or undefined where the system does not tell it as Linux does. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}

/** The system gives out the lowest number that is free: so many are in use at least, and that few more when it is high. */
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

export function descriptorState(limit: number | undefined, free = lowestFree()): DescriptorState {
  if (free === 'none') return 'out'
  return limit !== undefined && free >= limit - limit / LEFT ? 'short' : 'enough'
}
