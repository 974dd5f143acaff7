/** File descriptors of the process. */
import { fs } from './node.js'
import type { Definition } from './types.js'

export const OPEN_FILES: Definition = { name: 'process_open_fds', help: 'Number of open file descriptors.' }
export const MOST_FILES: Definition = {
  name: 'process_max_fds',
  help: 'Maximum number of open file descriptors.',
}

/** Whether the system tells which are open. */
export const tellsOpenFiles = (): boolean => process.platform === 'linux'

/** Undefined where they are not to be had. */
export function openFiles(): number | undefined {
  try {
    // Without the one that the list was read through.
    return fs().readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

/** Undefined where the system does not tell it as Linux does. */
export function mostFiles(): number | undefined {
  try {
    const soft = /^Max open files +(\S+)/m.exec(fs().readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return undefined
  }
}
