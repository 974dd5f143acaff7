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
import { listenUnix, type SocketFile } from './unix-socket.js'

/** How long idle connections are kept: as long as uWebSockets.js keeps them. Headers may take as long. */
const IDLE_MS = 10_000
/** How long a whole request may take, with its body, which is read away. */
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
    // Set here, so that a flag of the program does not turn it on.
    insecureHTTPParser: false,
    requireHostHeader: false,
  }
  const { tls, handshakeTimeout = LIMITS.handshakeTimeout } = settings
  const server =
    tls === undefined
      ? createServer(options)
      : createSecureServer({ ...options, ...readPair(tls), minVersion: 'TLSv1.2' })
  const handshakes = tls === undefined ? undefined : new Handshakes(server, handler, handshakeTimeout)
  // Node's own closeAllConnections() does not know connections before the end of their TLS handshake.
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (admit(socket, handler, tls !== undefined)) handshakes?.begin(socket)
  })
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    answerHttp(request, response, handler, stallTimeout)
  server.on('request', answer)
  // RFC 9110, 10.1.1: a server may ignore an expectation that it does not know. Node's own answer gives no reason.
  server.on('checkExpectation', answer)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (handshakes?.done(socket as Socket) === false) handshakes.failed(error, socket as Socket)
    else refuseBytes(error, socket, handler)
  })
  // Node hands over the bare socket of a CONNECT, which is always refused.
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
  /** A Unix socket has one. */
  readonly file?: SocketFile
}

async function bind(server: Server, { listen, socketMode = 0o660 }: TransportSettings): Promise<Bound> {
  const { address, port, family } = listen
  if (family === 'unix') return { address: listen, file: await listenUnix(server, address, socketMode) }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { address: { ...listen, port: (server.address() as AddressInfo).port } }
}

function transport(
  server: Server,
  sockets: ReadonlySet<Socket>,
  handler: RequestHandler,
  { address, file }: Bound,
  unfollow: () => void,
): Transport {
  let closed: Promise<void> | undefined
  const destroy = () => {
    if (server.listening) file?.unlink()
    unfollow()
    server.close()
    for (const socket of sockets) {
      // An answer that was sent whole may still be on its way: a reset would discard it.
      if (isAnswering(socket)) cutSocket(socket)
      else socket.destroy()
    }
  }
  return {
    name: 'http',
    address,
    inPlace: () => file?.inPlace() ?? true,
    destroy,
    close: grace => {
      closed ??= (async () => {
        file?.unlink()
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

/** Counts a connection. Returns false if there are too many: then it has ended this one. */
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
 * Connections of TLS whose handshake is under way. Node's own limit on a handshake begins anew with every byte that
 * comes. When it is over, node only emits an error: a socket that cannot be written to yet would then be kept for ever.
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
    // If the thread was held up, it first reads what has come meanwhile.
    const timer = setTimeout(() => setImmediate(() => this.#late(socket)), this.#timeout).unref()
    this.#timers.set(socket, timer)
    socket.once('close', () => this.#end(socket))
  }

  /** Whether the handshake has ended, so that an answer can be sent. */
  done(secure: Socket): boolean {
    return this.#done.has(secure)
  }

  /** A handshake failed: no answer can be sent to the peer, so the refusal is only counted and logged. */
  failed(error: NodeJS.ErrnoException, secure: Socket): void {
    // ECONNRESET: one of the two sides gave up the connection.
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

  /**
   * A handshake has ended. If node does not reveal of which socket, all timers end: better no handshake has a limit
   * than that good connections are destroyed.
   */
  #end(socket: Socket | undefined): void {
    if (socket === undefined) for (const other of [...this.#timers.keys()]) this.#end(other)
    else {
      clearTimeout(this.#timers.get(socket))
      this.#timers.delete(socket)
    }
  }
}

/**
 * Sends a refusal and ends the connection. If the peer does not take the refusal, the connection ends after a while.
 */
function dismiss(socket: Duplex, refusal: Refusal): void {
  const timer = setTimeout(() => socket.destroy(), IDLE_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end(rawRefusal(refusal), () => socket.destroy())
}

/** Refuses bytes that are no request, and ends the connection. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex, handler: RequestHandler): void {
  const http = socket as Socket & { _httpMessage?: ServerResponse | null }
  // A peer would take a refusal that is sent now for the answer to an earlier request, or for more of it.
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

/** The refusal that the peer of this socket gets; counts and logs it. */
function refusedFor(refusal: Refusal, socket: Socket, handler: RequestHandler): Refusal {
  const peer = handler.peerOf(socket)
  const sent = handler.refusalFor(refusal, peer)
  handler.refused(sent, { peer })
  return sent
}
