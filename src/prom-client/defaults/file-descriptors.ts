import { type Collects, gaugeOf } from './config.js'
import { fs } from './node.js'

export const openFileDescriptors: Collects = group => {
  if (process.platform !== 'linux') return
  gaugeOf(group, {
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    collect() {
      if (!group.tells()) return
      try {
        // Without the one that the list was read through.
        this.set(group.labels, fs().readdirSync('/proc/self/fd').length - 1)
      } catch {
        // Not to be had there: the last one stays.
      }
    },
  })
}

export const maxFileDescriptors: Collects = group => {
  const most = limit()
  if (most === undefined) return
  gaugeOf(group, {
    name: 'process_max_fds',
    help: 'Maximum number of open file descriptors.',
    collect() {
      if (group.tells()) this.set(group.labels, most)
    },
  })
}

/** Undefined where the system does not tell it as Linux does. */
function limit(): number | undefined {
  try {
    const soft = /^Max open files +(\S+)/m.exec(fs().readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return undefined
  }
}
