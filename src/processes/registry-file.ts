/**
 * The file in which processes meet that know nothing of each other: what it must be like, and how it comes to its path.
 * It is written whole without a name, and then linked to the path: nobody ever opens one that is not whole, and a
 * process that is killed meanwhile leaves nothing.
 *
 * Assumes: Linux. Nobody cuts the file off: that ends every process that uses it.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  type Stats,
  statfsSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { plainError } from '../common/errors.js'
import { pathOf } from './system-calls.js'

/** What a program says of its file, checked. */
export interface RegistryFile {
  /** Absolute. */
  readonly path: string
  readonly mode: number
  /** The id of the group that it is given to; undefined for the process' own. */
  readonly group: number | undefined
  /** Whether counts go on when all processes have ended and the service starts again. */
  readonly keep: boolean
  readonly onDisk: boolean
  readonly anyOwner: boolean
}

export function fileError({ path }: Pick<RegistryFile, 'path'>, why: string, cause?: unknown): Error {
  return plainError('ERR_POSTMETER_FILE', `option "file": ${path}: ${why}`, { cause })
}

/** File systems by the type that statfs gives: see statfs(2). */
const IN_MEMORY = [0x0102_1994, 0x8584_58f6]
const FOREIGN: Readonly<Record<number, string>> = {
  26985: 'NFS',
  1702057286: 'FUSE',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB',
  16914839: '9p',
  12805120: 'Ceph',
}
const OTHERS_CAN_WRITE = 0o022

/**
 * Opens the file at the path; undefined if there is none. The caller closes it.
 * @throws Error that says why it must not be used.
 */
export function openFile(file: RegistryFile): number | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file.path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw fileError(file, OPEN_ERRORS[code!] ?? `it cannot be opened (${code})`, cause)
  }
  try {
    checkKind(file, fstatSync(descriptor))
    checkFileSystem(file, pathOf(descriptor))
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  return descriptor
}

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  EACCES:
    'this user may not read and write it: start as the user that made it, or let that one make it with `mode` and `group`',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link',
  ENOTDIR: 'what should be its directory is none',
  ENXIO: 'it is no regular file',
  EROFS: 'the file system is read-only',
}

/** @throws Error if it is not a regular file that this user alone can write to, unless the program allows more. */
export function checkKind(file: RegistryFile, stats: KindOfFile): void {
  const { mode, nlink, uid } = stats
  if (!stats.isFile()) throw fileError(file, 'it is no regular file')
  // 0: it was removed since. Who compares it with the path begins again.
  if (nlink > 1) throw fileError(file, `it has ${nlink} names (hard links)`)
  if (file.anyOwner) return
  const allowed = ' (allow it with `anyOwner: true`)'
  if (uid !== process.geteuid!()) throw fileError(file, `it belongs to another user, of id ${uid}${allowed}`)
  if ((mode & OTHERS_CAN_WRITE & ~file.mode) !== 0)
    throw fileError(
      file,
      `others can write to it: its mode is ${octal(mode)}, not ${octal(file.mode)}${allowed}`,
    )
}

/** What is looked at of a file. */
export type KindOfFile = Pick<Stats, 'mode' | 'nlink' | 'uid' | 'isFile'>

function octal(mode: number): string {
  return `0o${(mode & 0o777).toString(8)}`
}

/** @throws Error if memory must not lie over a file there. */
function checkFileSystem(file: RegistryFile, path: string): void {
  const { type } = statfsSync(path)
  if (IN_MEMORY.includes(type)) return
  const foreign = FOREIGN[type]
  if (foreign !== undefined) throw fileError(file, `it is on ${foreign}, which memory cannot lie over`)
  if (file.onDisk) return
  throw fileError(
    file,
    `it is on a disk (file system ${type.toString(16)}), which would write it out over and over: choose a path on a file ` +
      'system in memory, such as /run or /dev/shm, or allow it with `onDisk: true`',
  )
}

/**
 * A file that no path names, in the directory of the path, with its mode and group. The caller closes it.
 * @throws Error that says why there can be none.
 */
export function namelessFile(file: RegistryFile): number {
  const directory = dirname(file.path)
  const { O_RDWR, O_DIRECTORY } = constants
  let descriptor: number
  try {
    descriptor = openSync(directory, O_RDWR | O_TMPFILE | O_DIRECTORY, file.mode)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw fileError(file, MAKE_ERRORS[code!] ?? `it cannot be made (${code})`, cause)
  }
  try {
    checkFileSystem(file, pathOf(descriptor))
    // Not left to the umask.
    fchmodSync(descriptor, file.mode)
    if (file.group !== undefined) fchownSync(descriptor, process.geteuid!(), file.group)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPERM') throw error
    throw fileError(file, `this user is not in the group of id ${file.group} (option "group")`, error)
  }
}

/** Of x64 and arm64 alike; O_DIRECTORY, which belongs to it, is not. */
const O_TMPFILE = 0o20000000

const MAKE_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not make files in its directory',
  EISDIR: 'its file system is too old (it cannot make a file without a name)',
  ENOENT: 'its directory does not exist',
  ENOSPC: 'its file system is full',
  EDQUOT: "this user's quota of its file system is used up",
  ENOTDIR: 'what should be its directory is none',
  EOPNOTSUPP: 'its file system cannot make a file without a name',
  EROFS: 'the file system is read-only',
}

/** Whether the path names the file that this process has open. */
export function isAt(path: string, descriptor: number): boolean {
  const here = fstatSync(descriptor)
  const there = lstatSync(path, { throwIfNoEntry: false })
  return there !== undefined && there.ino === here.ino && there.dev === here.dev
}
