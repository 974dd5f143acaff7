import { rmSync, type Stats, statSync } from 'node:fs'
import { chmod, mkdtemp, rename, rm, rmdir, stat } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'

/**
 * Listens on a Unix socket whose file has these permissions from the first moment on: it is made where nobody else can
 * reach it, and then moved. A file that a process left behind is replaced; one that somebody listens on is not.
 * Returns how the file is removed, for it is not where node made it: unless it has become another one meanwhile.
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<() => void> {
  if (await isListening(path)) throw Object.assign(new Error('the socket is in use'), { code: 'EADDRINUSE' })
  const found = await stat(path).catch(() => undefined)
  if (found !== undefined && !found.isSocket())
    throw Object.assign(new Error('there is a file that is no socket'), { code: 'EEXIST' })
  const closed = await mkdtemp(join(dirname(path), '.'))
  const made = join(closed, 's')
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(made, () => {
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
  }
}

function unlink(path: string, { dev, ino }: Stats): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.dev === dev && found.ino === ino) rmSync(path, { force: true })
}

/** Only these say that nobody does: a listener whose queue is full, or whom we may not reach, is there all the same. */
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
