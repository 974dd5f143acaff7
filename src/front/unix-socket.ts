import { chmod, mkdtemp, rename, rm, rmdir, stat } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'

/**
 * Listens on a Unix socket whose file has these permissions from the first moment on: it is made where nobody else can
 * reach it, and then moved. A file that a process left behind is replaced; one that somebody listens on is not.
 */
export async function listenUnix(server: Server, path: string, mode: number): Promise<void> {
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
    await rename(made, path)
  } catch (error) {
    server.close()
    await rm(made, { force: true })
    throw error
  } finally {
    await rmdir(closed).catch(() => {})
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
