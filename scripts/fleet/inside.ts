/** Runs this program anew in a network of its own, and lets Prometheus' pages be seen from without. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { INSIDE, unshared } from './network.js'
import type { Options } from './options.js'

/** Resolves to the exit code of the program inside. Rejects if `listen` cannot be had. */
export async function runInside({ listen }: Options): Promise<number> {
  const door = createServer().listen(listen.port, listen.host)
  await once(door, 'listening')
  const { port } = door.address() as AddressInfo
  const [program, ...args] = [...unshared(), process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn(program!, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [INSIDE]: `${listen.host}:${port}` },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.send('door', door)
  // A listening socket belongs to the network that it was made in; the one inside goes on with it.
  child.once('message', () => door.close())
  const [code, signal] = await once(child, 'exit')
  door.close()
  if (signal !== null) process.stderr.write(`error: ended by ${signal}\n`)
  return code ?? 1
}

/** Inside: the door that was handed in. */
export async function doorFrom(parent: NodeJS.Process): Promise<Server> {
  const door = await new Promise<Server>(resolve => {
    parent.once('message', (_word, handle) => resolve(handle as Server))
  })
  parent.send!('taken')
  return door
}

/** Hands each connection on to an address; what it returns ends them all. */
export function lead(door: Server, to: { readonly host: string; readonly port: number }): () => void {
  const sockets = new Set<Socket>()
  door.on('connection', outer => {
    const inner = connect(to)
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy()).on('close', () => sockets.delete(one))
    }
  })
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}
