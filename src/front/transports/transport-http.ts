import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { MAX_HEADER_BYTES } from '../request/headers.js'
import { LIMITS } from '../request/limits.js'
import { type Denial, type Refusal, refuse } from '../request/request.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import { followFiles, readPair } from './certificate.js'
import { answerHttp, rawRefusal } from './exchange-http.js'
import { isAnswering } from './http-connection.js'
import type { Address } from './listen.js'
import { cutSocket, underTls } from './socket.js'
import { listenError, type Transport, type TransportSettings } from './transport.js'
import { listenUnix } from './unix-socket.js'

/** Idle connections are kept as long as uWebSockets.js keeps them; headers take as long at most. */
const IDLE_MS = 10_000
/** A whole request, with a body that is read away. */
const REQUEST_MS = 20_000

/** Listens through node:http. Rejects with an Error that names option "listen". */
export async function listenHttp(settings: TransportSettings): Promise<Transport> {
  const { handler, stallTimeout } = settings
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
  const { tls, handshakeTimeout = LIMITS.handshakeTimeout } = settings
  const server =
    tls === undefined
      ? createServer(options)
      : createSecureServer({ ...options, ...readPair(tls), minVersion: 'TLSv1.2' })
  const handshakes = tls === undefined ? undefined : new Handshakes(server, handler, handshakeTimeout)
  // Not all of them are known to node's own closeAllConnections: not those before the end of a TLS handshake.
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (admit(socket, handler, tls !== undefined)) handshakes?.begin(socket)
  })
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    answerHttp(request, response, handler, stallTimeout)
  server.on('request', serve)
  // RFC 9110, 10.1.1: a server may take no notice of what it does not know; node's own answer gives no reason.
  server.on('checkExpectation', serve)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (handshakes?.done(socket as Socket) === false) handshakes.failed(error, socket as Socket)
    else refuseBytes(error, socket, handler)
  })
  // CONNECT is handed over as a bare socket, and never ours to serve.
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => {})
    const method = refuse(405, 'method', 'method "CONNECT" is not allowed here, use GET or HEAD', [
      ['Allow', 'GET, HEAD'],
    ])
    dismiss(socket, refusedFor(method, request.socket, handler))
  })
  try {
    const bound = await bind(server, settings)
    const unfollow = tls === undefined ? () => {} : followFiles(server as SecureServer, tls, settings.log!)
    return transport(server, sockets, handler, bound, unfollow)
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
  handler: RequestHandler,
  { address, unlink }: Bound,
  unfollow: () => void,
): Transport {
  let closed: Promise<void> | undefined
  const destroy = () => {
    if (server.listening) unlink()
    unfollow()
    server.close()
    for (const socket of sockets) {
      // What was answered whole may be on its way still: a reset would take it back.
      if (isAnswering(socket)) cutSocket(socket)
      else socket.destroy()
    }
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
        await handler.quiesce(grace)
        destroy()
        await ended
      })()
      return closed
    },
  }
}

/** Counts a connection, or ends it at once: false then. */
function admit(socket: Socket, handler: RequestHandler, tls: boolean): boolean {
  const peer = handler.peerOf(socket)
  const entered = handler.connections.enter(peer, handler.trusts(peer))
  if (typeof entered === 'function') {
    socket.once('close', entered)
    return true
  }
  handler.refused(entered, { peer })
  if (tls) socket.destroy()
  else dismiss(socket, handler.refusalFor(entered, peer))
  return false
}

/**
 * Connections of TLS that have not ended their handshake. Node's own limit begins anew with every byte that comes, and
 * tells of the end by an error only, upon which a socket that cannot be written to yet would be kept for ever.
 */
class Handshakes {
  readonly #timers = new Map<Socket, NodeJS.Timeout>()
  readonly #done = new WeakSet<Socket>()
  readonly #handler: RequestHandler
  readonly #timeout: number

  constructor(server: Server, handler: RequestHandler, timeout: number) {
    this.#handler = handler
    this.#timeout = timeout
    server.on('secureConnection', (secure: TLSSocket) => {
      this.#done.add(secure)
      this.#end(underTls(secure))
    })
  }

  begin(socket: Socket): void {
    // What had come when the thread was held up is read first.
    const timer = setTimeout(() => setImmediate(() => this.#late(socket)), this.#timeout).unref()
    this.#timers.set(socket, timer)
    socket.once('close', () => this.#end(socket))
  }

  /** Whether a connection of TLS has come so far that its peer can be told something. */
  done(secure: Socket): boolean {
    return this.#done.has(secure)
  }

  /** Nothing can be told to its peer, and somebody may want to know here. */
  failed(error: NodeJS.ErrnoException, secure: Socket): void {
    // Whom this end or the other gave up.
    if (error.code !== 'ECONNRESET') {
      const why = `the TLS handshake failed: ${error.code ?? error.message}`
      refusedFor(refuse(400, 'malformed', why), secure, this.#handler)
    }
    secure.destroy()
  }

  #late(socket: Socket): void {
    if (!this.#timers.has(socket)) return
    refusedFor(
      refuse(408, 'slow', `there was no TLS handshake in ${this.#timeout} ms`),
      socket,
      this.#handler,
    )
    socket.destroy()
  }

  /** Which socket it was must be known: rather none of them has a limit than all of them lose what they have. */
  #end(socket: Socket | undefined): void {
    if (socket === undefined) for (const other of [...this.#timers.keys()]) this.#end(other)
    else {
      clearTimeout(this.#timers.get(socket))
      this.#timers.delete(socket)
    }
  }
}

/** Tells a peer why, and ends its connection; if it does not even take that, after a while. */
function dismiss(socket: Duplex, refusal: Refusal): void {
  const timer = setTimeout(() => socket.destroy(), IDLE_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end(rawRefusal(refusal), () => socket.destroy())
}

/** Bytes that are no request: told so, and the connection ended. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex, handler: RequestHandler): void {
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
  dismiss(socket, refusedFor(refuse(status, denial, why), http, handler))
}

/** What is told to this peer: one that may not read learns nothing else. */
function refusedFor(refusal: Refusal, socket: Socket, handler: RequestHandler): Refusal {
  const peer = handler.peerOf(socket)
  const told = handler.refusalFor(refusal, peer)
  handler.refused(told, { peer })
  return told
}
