/**
 * How much memory the process' control group leaves (Linux; a container is one). A process that takes more is killed, and
 * a registry's memory is taken bit by bit, long after the start.
 *
 * Limits of the groups above count too, as far as they are to be seen from here: in a container mostly none.
 */
import { posix } from 'node:path'
import { type ReadFile, readText } from '../common/system.js'

/** Of the group, or the one above it, that leaves least; in bytes. */
export interface GroupMemory {
  readonly limit: number
  /** Without what the system gives back when memory is short: files that it keeps in memory. */
  readonly used: number
  /** The folder where the limit stands. */
  readonly folder: string
}

/** A version of control groups: where it has what. */
interface Version {
  readonly limit: string
  readonly used: string
  /** In memory.stat. */
  readonly reclaimable: readonly string[]
}

const V1: Version = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  reclaimable: ['total_inactive_file', 'total_active_file'],
}
const V2: Version = {
  limit: 'memory.max',
  used: 'memory.current',
  reclaimable: ['inactive_file', 'active_file'],
}

/** Undefined where there is no limit, or none is known. */
export function groupMemory(read: ReadFile = readText): GroupMemory | undefined {
  const groups = read('/proc/self/cgroup') ?? ''
  const mounts = read('/proc/self/mountinfo') ?? ''
  // A system can have both; the controller is in one of them.
  const found = [
    ...limits(read, V1, pathOf(groups, 'memory'), mountOf(mounts, 'cgroup')),
    ...limits(read, V2, pathOf(groups, ''), mountOf(mounts, 'cgroup2')),
  ]
  return found.reduce<GroupMemory | undefined>(
    (least, one) => (least === undefined || left(one) < left(least) ? one : least),
    undefined,
  )
}

export function left({ limit, used }: GroupMemory): number {
  return Math.max(0, limit - used)
}

/** The process' path in a hierarchy, from a line such as `4:memory:/a/b`, in version 2 `0::/a/b`. */
function pathOf(groups: string, controller: string): string | undefined {
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers?.split(',').includes(controller)) return path
  }
  return undefined
}

interface Mount {
  /** What of the hierarchy is there. */
  readonly root: string
  readonly folder: string
}

/** proc(5): `36 35 98:0 /root /folder options - type source options`. */
function mountOf(mounts: string, wanted: 'cgroup' | 'cgroup2'): Mount | undefined {
  for (const line of mounts.split('\n')) {
    const [before, after] = line.split(' - ')
    const [type, , options] = after?.split(' ') ?? []
    const [, , , root, folder] = before.split(' ')
    if (type !== wanted || root === undefined || folder === undefined) continue
    if (wanted === 'cgroup2' || options?.split(',').includes('memory')) {
      return { root: plainPath(root), folder: plainPath(folder) }
    }
  }
  return undefined
}

/** A space and the like are spelled there as `\040`. */
function plainPath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** All limits from the process' group up to where the hierarchy is mounted. */
function limits(
  read: ReadFile,
  version: Version,
  path: string | undefined,
  mount: Mount | undefined,
): GroupMemory[] {
  if (path === undefined || mount === undefined) return []
  const below = posix.relative(mount.root, path)
  // A group that is not below the mount cannot be seen; what is mounted is the nearest of those above that can.
  const names = below.startsWith('..') ? [] : below.split('/').filter(name => name !== '')
  const found: GroupMemory[] = []
  for (let depth = names.length; depth >= 0; depth--) {
    const folder = posix.join(mount.folder, ...names.slice(0, depth))
    const limit = number(read(`${folder}/${version.limit}`))
    const used = number(read(`${folder}/${version.used}`))
    // In version 1, a number near 2^63 stands for no limit.
    if (limit === undefined || used === undefined || limit >= 2 ** 60) continue
    const stat = read(`${folder}/memory.stat`) ?? ''
    const files = version.reclaimable.reduce((sum, key) => sum + (statOf(stat, key) ?? 0), 0)
    found.push({ limit, used: Math.max(0, used - files), folder })
  }
  return found
}

function statOf(stat: string, key: string): number | undefined {
  return number(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1])
}

/** Undefined for `max`, and for what is not there. */
function number(text: string | undefined): number | undefined {
  const digits = text?.trim()
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : undefined
}
