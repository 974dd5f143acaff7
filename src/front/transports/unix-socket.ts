import { type BigIntStats, linkSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs'
import { chmod, mkdtemp, rm, rmdir, symlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { maxSocketPath } from './listen.js'

/** The file of a Unix socket that this process listens on. */
export interface SocketFile {
  /** Whether it is still there. Without it nobody can connect. */
  inPlace(): boolean
  /**
   * Removes it, because node would look for it where it was made. It leaves the file if another one has taken its
   * place.
   */
  unlink(): void
}

/**
 * Listens on a Unix socket whose file has these permissions from its first moment on. It is made in a folder that
 * nobody else can enter, and then put in its place. If the path in that folder is too long, the socket is made through a
 * symbolic link. A file that a process has left behind is replaced; a file that a process listens on is not.
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<SocketFile> {
  const left = await leftBehind(path)
  const closed = await mkdtemp(join(dirname(path), '.'))
  const made = join(closed, 's')
  let shortcut: string | undefined
  try {
    let at = made
    if (isTooLong(made)) {
      shortcut = await mkdtemp(join(tmpdir(), 'pm-'))
      at = join(shortcut, 'd', 's')
      if (isTooLong(at)) throw new Error(`the path is too long beside that of ${tmpdir()}`)
      await symlink(closed, join(shortcut, 'd'))
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, () => {
        server.off('error', reject)
        resolve()
      })
    })
    await chmod(made, mode)
    const ours = statOf(made)!
    put(made, path, left)
    const inPlace = () => isFile(statOf(path), ours)
    return { inPlace, unlink: () => inPlace() && rmSync(path, { force: true }) }
  } catch (error) {
    server.close()
    throw error
  } finally {
    await rm(made, { force: true })
    await rmdir(closed).catch(() => {})
    if (shortcut !== undefined) await rm(shortcut, { recursive: true, force: true })
  }
}

/** The file that a process has left behind there; undefined if there is none. Throws if it is in use, or no socket. */
async function leftBehind(path: string): Promise<BigIntStats | undefined> {
  const found = statOf(path)
  if (await isListening(path)) throw inUse()
  // Of a symbolic link, what it leads to is looked at, and the link is replaced.
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === false)
    throw Object.assign(new Error('there is a file that is no socket'), { code: 'EEXIST' })
  return found
}

/**
 * Moves a socket to its place, in the place of the file that was left behind there. Others may have found the same at the
 * same moment, as several processes that wait for an address do: one of them gets it, the others find it in use. Nothing
 * here waits. Three processes that meet in the microsecond in which a live socket was taken for a dead one and is put
 * back could still lose that one: its front sees that, if it can stand by (`inPlace`).
 */
function put(made: string, path: string, left: BigIntStats | undefined): void {
  if (left !== undefined && isSame(statOf(path), left)) {
    const old = `${made}-old`
    const moved = moveAway(path, old)
    try {
      if (moved && !isSame(statOf(old), left)) {
        linkOrInUse(old, path)
        throw inUse()
      }
    } finally {
      rmSync(old, { force: true })
    }
  }
  linkOrInUse(made, path)
}

/** Returns whether the file was there: another process may have moved it first. */
function moveAway(path: string, to: string): boolean {
  try {
    renameSync(path, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return false
  }
}

function linkOrInUse(made: string, path: string): void {
  try {
    linkSync(made, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw inUse()
    // A file system without links.
    renameSync(made, path)
  }
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

/** Whether it is the same file, unchanged: numbers of files are used again. */
function isSame(found: BigIntStats | undefined, other: BigIntStats): boolean {
  return isFile(found, other) && found!.mtimeNs === other.mtimeNs
}

function isFile(found: BigIntStats | undefined, { dev, ino }: BigIntStats): boolean {
  return found?.dev === dev && found.ino === ino
}

function inUse(): Error {
  return Object.assign(new Error('the socket is in use'), { code: 'EADDRINUSE' })
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxSocketPath(process.platform)
}

/** Only these errors mean that no process listens: one whose queue is full, or that may not be reached, still does. */
const FREE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

/** Whether a process listens on a Unix socket. Connects to it for a moment. */
export function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(!FREE.has(error.code ?? '')))
  })
}
