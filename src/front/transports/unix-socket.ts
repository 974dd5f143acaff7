import { rmSync, type Stats, statSync } from 'node:fs'
import { chmod, mkdtemp, rename, rm, rmdir, stat, symlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { maxSocketPath } from './listen.js'

/**
 * Listens on a Unix socket whose file has these permissions from its first moment on. It is made in a folder that
 * nobody else can enter, and then moved. If the path in that folder is too long, the socket is made through a symbolic
 * link. A file that a process has left behind is replaced; a file that a process listens on is not. Returns a function
 * that removes the file, because node would look for it where it was made. It leaves the file if another one has taken
 * its place.
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<() => void> {
  if (await isListening(path)) throw Object.assign(new Error('the socket is in use'), { code: 'EADDRINUSE' })
  const found = await stat(path).catch(() => undefined)
  if (found !== undefined && !found.isSocket())
    throw Object.assign(new Error('there is a file that is no socket'), { code: 'EEXIST' })
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
    const ours = await stat(made)
    await rename(made, path)
    return () => unlink(path, ours)
  } catch (error) {
    server.close()
    await rm(made, { force: true })
    throw error
  } finally {
    await rmdir(closed).catch(() => {})
    if (shortcut !== undefined) await rm(shortcut, { recursive: true, force: true })
  }
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxSocketPath(process.platform)
}

function unlink(path: string, { dev, ino }: Stats): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.dev === dev && found.ino === ino) rmSync(path, { force: true })
}

/** Only these errors mean that no process listens: one whose queue is full, or that may not be reached, still does. */
const FREE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(!FREE.has(error.code ?? '')))
  })
}
