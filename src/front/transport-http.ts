import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { followFiles, readPair } from './certificate.js'
import type { Desk } from './desk.js'
import { rawRefusal, serveHttp } from './exchange-http.js'
import { MAX_HEADER_BYTES } from './headers.js'
import type { Address } from './listen.js'
import { type Denial, type Refusal, refuse } from './request.js'
import { listenError, type Transport, type TransportSettings } from './transport.js'
import { listenUnix } from './unix-socket.js'

/** Idle connections are kept as long as uWebSockets.js keeps them; headers take as long at most. */
const IDLE_MS = 10_000
/** A whole request, with a body that is read away. */
const REQUEST_MS = 20_000

/** Listens through node:http. Rejects with an Error that names option "listen". */
export async function listenHttp(settings: TransportSettings): Promise<Transport> {
  const { desk, stallTimeout } = settings
  const options = {
    keepAliveTimeout: IDLE_MS,
    headersTimeout: IDLE_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Said here, so that flags given to the program do not loosen it.
    insecureHTTPParser: false,
    requireHostHeader: false,
  }
  const { tls } = settings
  const server =
    tls === undefined
      ? createServer(options)
      : createSecureServer({ ...options, ...readPair(tls), minVersion: 'TLSv1.2', handshakeTimeout: IDLE_MS })
  // Not all of them are known to node's own closeAllConnections: not those before the end of a TLS handshake.
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    admit(socket, desk, tls !== undefined)
  })
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    serveHttp(request, response, desk, stallTimeout)
  server.on('request', serve)
  // RFC 9110, 10.1.1: a server may take no notice of what it does not know; node's own answer gives no reason.
  server.on('checkExpectation', serve)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBytes(error, socket, desk))
  // CONNECT is handed over as a bare socket, and never ours to serve.
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => {})
    const method = refuse(405, 'method', 'method "CONNECT" is not allowed here, use GET or HEAD', [
      ['Allow', 'GET, HEAD'],
    ])
    socket.end(rawRefusal(refusedFor(method, request.socket, desk)), () => socket.destroy())
  })
  try {
    const bound = await bind(server, settings)
    const unfollow = tls === undefined ? () => {} : followFiles(server as SecureServer, tls, settings.log!)
    return transport(server, sockets, desk, bound, unfollow)
  } catch (error) {
    throw listenError(settings.listen, error)
  }
}

interface Bound {
  readonly address: Address
  /** Removes a Unix socket's file. */
  unlink(): void
}

async function bind(server: Server, { listen, socketMode = 0o660 }: TransportSettings): Promise<Bound> {
  const { address, port, family } = listen
  if (family === 'unix') return { address: listen, unlink: await listenUnix(server, address, socketMode) }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { address: { ...listen, port: (server.address() as AddressInfo).port }, unlink: () => {} }
}

function transport(
  server: Server,
  sockets: ReadonlySet<Socket>,
  desk: Desk,
  { address, unlink }: Bound,
  unfollow: () => void,
): Transport {
  let closed: Promise<void> | undefined
  const destroy = () => {
    if (server.listening) unlink()
    unfollow()
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    name: 'http',
    address,
    destroy,
    close: grace => {
      closed ??= (async () => {
        unlink()
        const ended = new Promise<void>(resolve => server.close(() => resolve()))
        server.closeIdleConnections()
        await desk.quiesce(grace)
        destroy()
        await ended
      })()
      return closed
    },
  }
}

/** Counts a connection, or ends it at once. */
function admit(socket: Socket, desk: Desk, tls: boolean): void {
  const peer = desk.peerOf(socket)
  const entered = desk.connections.enter(peer, desk.trusts(peer))
  if (typeof entered === 'function') {
    socket.once('close', entered)
    return
  }
  desk.refused(entered, { peer })
  if (tls) socket.destroy()
  else socket.end(rawRefusal(desk.judge(entered, peer)), () => socket.destroy())
}

/** Bytes that are no request: told so, and the connection ended. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex, desk: Desk): void {
  const http = socket as Socket & { _httpMessage?: ServerResponse | null }
  // What is said now would be taken for the answer to the request before, or for more of it.
  const answering = http._httpMessage !== undefined && http._httpMessage !== null
  if (!socket.writable || error.code === 'ECONNRESET' || answering) {
    socket.destroy()
    return
  }
  const reasons: Record<string, [400 | 408 | 431, Denial, string]> = {
    HPE_HEADER_OVERFLOW: [431, 'oversized', `the headers are longer than ${MAX_HEADER_BYTES} bytes`],
    ERR_HTTP_REQUEST_TIMEOUT: [408, 'slow', 'the request took too long to come'],
  }
  const [status, denial, why] = reasons[error.code ?? ''] ?? [400, 'malformed', 'this is not HTTP/1.1']
  const refusal = refusedFor(refuse(status, denial, why), http, desk)
  socket.end(rawRefusal(refusal), () => socket.destroy())
}

/** What is told to this peer: one that may not read learns nothing else. */
function refusedFor(refusal: Refusal, socket: Socket, desk: Desk): Refusal {
  const peer = desk.peerOf(socket)
  const told = desk.judge(refusal, peer)
  desk.refused(told, { peer })
  return told
}
