/** Receivers of pushes, and what sends to them. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { LogEvent } from '../../../src/common/log.js'
import type { PushRequest } from '../../../src/push/delivery/outcome.js'
import { Sender } from '../../../src/push/delivery/sender.js'
import { checkDelivery, type DeliveryOptions } from '../../../src/push/delivery/settings.js'
import type { Protocol } from '../../../src/push/delivery/statuses.js'
import { realTools, type Tools } from '../../../src/push/delivery/tools.js'

type Teardown = Pick<Test, 'teardown'>

/** Resolves to the port. Closes the server, and what is connected to it, when the test ends. */
export async function listening(t: Teardown, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

/** Its origin. */
export async function receiver(t: Teardown, answer: RequestListener, host = '127.0.0.1'): Promise<string> {
  const port = await listening(t, createServer(answer), host)
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export async function tlsReceiver(
  t: Teardown,
  options: ServerOptions,
  answer: RequestListener,
): Promise<string> {
  const server = createTlsServer(options, answer)
  server.on('tlsClientError', () => {})
  return `https://127.0.0.1:${await listening(t, server)}`
}

/** A receiver that speaks no HTTP of its own accord. */
export async function rawReceiver(t: Teardown, connected: (socket: Socket) => void): Promise<string> {
  return `http://127.0.0.1:${await listening(t, createRawServer(connected))}`
}

export interface Kit {
  readonly sender: Sender
  readonly events: LogEvent[]
}

/** A Sender as push() makes it: its settings have gone to another thread. */
export function senderTo(
  t: Teardown,
  url: string,
  options: DeliveryOptions & { protocol?: Protocol } = {},
  tools: Partial<Tools> = {},
): Kit {
  const events: LogEvent[] = []
  const { protocol = 'pushgateway', ...given } = options
  const defaults = { protocol, timeout: 60_000, headers: [] }
  const settings = structuredClone(checkDelivery('push', { url, ...given }, defaults))
  const sender = new Sender(settings, { ...realTools(event => events.push(event)), ...tools })
  t.teardown(() => sender.close())
  return { sender, events }
}

export const never: AbortSignal = new AbortController().signal

export function post(body?: PushRequest['body'], more: Partial<PushRequest> = {}): PushRequest {
  return { method: 'POST', headers: { 'content-type': 'text/plain' }, body, ...more }
}

/** A url at which nobody listens. */
export async function nobody(): Promise<string> {
  const server = createRawServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** All that a request brings. */
export async function bytesOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts)
}

export async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  return (await bytesOf(request)).toString()
}
