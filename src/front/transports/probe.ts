/** Tries an address without serving on it. */
import { type AddressInfo, createServer } from 'node:net'
import type { Address } from './listen.js'
import { isListening } from './unix-socket.js'

/** Listens through node:net at this address for a moment; returns the port, or why it gets none. */
export function portOf({ address, port }: Address): Promise<number | Error> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ host: address, port, exclusive: true }, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/**
 * Whether somebody listens there: for fronts that stand by, which ask several times a second for as long as they live. It
 * opens nothing that serving needs, and leaves the listener alone; only that of a Unix socket sees a connection that ends
 * at once. False, too, where the address cannot be used: then listening says why.
 */
export async function isHeld(listen: Address): Promise<boolean> {
  if (listen.family === 'unix') return isListening(listen.address)
  const port = await portOf(listen)
  return typeof port !== 'number' && (port as NodeJS.ErrnoException).code === 'EADDRINUSE'
}
