import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Chunk, Scrape } from '../encode/types.js'
import type { Address } from './listen.js'
import { type Refusal, type RequestHead, STATUS_LINES } from './request.js'
import { Desk, listenError, type Transport, type TransportSettings } from './transport.js'
import { peerBytes } from './trusted-hosts.js'

/** Idle connections are kept as long as uWebSockets.js keeps them. */
const KEEP_ALIVE_MS = 10_000
const MAX_HEADER_BYTES = 16 * 1024

/** Listens through node:http. Rejects with an Error that names option "listen". */
export function listenHttp(settings: TransportSettings): Promise<Transport> {
  const desk = new Desk(settings)
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Said here, so that flags given to the program do not loosen it.
    insecureHTTPParser: false,
  })
  server.on('request', (request, response) => serveHttp(request, response, desk, settings.stallTimeout))
  // CONNECT is handed over as a bare socket, and never ours to serve.
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const answer = desk.answer(headOf(request))
    if (answer.kind === 'refuse') socket.end(rawRefusal(answer.refusal))
    else socket.destroy()
  })
  return new Promise((resolve, reject) => {
    const { address, port, family } = settings.listen
    const refused = (error: Error) => reject(listenError(settings.listen, error))
    server.once('error', refused)
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', refused)
      const bound = {
        address,
        port: (server.address() as AddressInfo).port,
        family,
      }
      resolve(transport(server, desk, bound))
    })
  })
}

function transport(server: Server, desk: Desk, address: Address): Transport {
  let closed: Promise<void> | undefined
  const destroy = () => {
    server.close()
    server.closeAllConnections()
  }
  return {
    name: 'http',
    address,
    destroy,
    close: grace => {
      closed ??= (async () => {
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

/** Answers one request of a node:http server; `stallTimeout` in ms, 0 for none. */
export function serveHttp(
  request: IncomingMessage,
  response: ServerResponse,
  desk: Desk,
  stallTimeout: number,
): void {
  const answer = desk.answer(headOf(request))
  if (answer.kind === 'refuse') {
    sendRefusal(response, answer.refusal)
    return
  }
  for (const [name, value] of answer.serve.headers) response.setHeader(name, value)
  if (answer.kind === 'whole') {
    response.setHeader('Content-Length', answer.bytes.length)
    const done = desk.begin()
    response.once('close', done)
    // A copy, for the socket may take it later than the scraper is asked again.
    response.end(Uint8Array.from(answer.bytes))
    return
  }
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const done = desk.begin()
  void stream(response, answer.open, desk, stallTimeout).finally(done)
}

async function stream(
  response: ServerResponse,
  open: () => Scrape,
  desk: Desk,
  stallTimeout: number,
): Promise<void> {
  let scrape: Scrape | undefined
  const closed = new Promise<void>(resolve => {
    response.once('close', () => {
      scrape?.abort()
      resolve()
    })
  })
  try {
    scrape = open()
    for (;;) {
      const chunk = await scrape.next()
      if (chunk === undefined) break
      await sendChunk(response, chunk, closed, stallTimeout)
      if (response.destroyed) return
    }
    response.end()
    await Promise.race([closed, new Promise(resolve => response.once('finish', resolve))])
  } catch (error) {
    // A scrape that was aborted because its reader went away may reject: nobody is left to be told.
    if (response.destroyed) return
    const refusal = desk.failed(error)
    // A clean end would be taken for the whole of it.
    if (response.headersSent) response.destroy()
    else sendRefusal(response, refusal)
  } finally {
    scrape?.abort()
  }
}

/** Resolves when the system has taken the chunk or the connection is gone; the chunk is released then. */
async function sendChunk(
  response: ServerResponse,
  chunk: Chunk,
  closed: Promise<void>,
  stallTimeout: number,
): Promise<void> {
  try {
    if (response.destroyed) return
    const socket = response.socket
    const stalled = () => response.destroy()
    socket?.setTimeout(stallTimeout, stalled)
    await Promise.race([closed, new Promise<unknown>(resolve => response.write(chunk.bytes, resolve))])
    socket?.setTimeout(0, stalled)
  } finally {
    chunk.release()
  }
}

function headOf(request: IncomingMessage): RequestHead {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  const { authorization, forwarded } = request.headers
  return {
    method: request.method ?? '',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    peer: peerBytes(request.socket.remoteAddress),
    authorization: authorization !== undefined,
    forwarded: forwarded !== undefined || request.headers['x-forwarded-for'] !== undefined,
  }
}

function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = refusal.status
  for (const [name, value] of refusal.headers) response.setHeader(name, value)
  if (refusal.status === 503) response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', Buffer.byteLength(refusal.reason))
  response.end(refusal.reason)
}

function rawRefusal(refusal: Refusal): string {
  const headers = refusal.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = Buffer.byteLength(refusal.reason)
  return (
    `HTTP/1.1 ${STATUS_LINES[refusal.status]}\r\n${headers}` +
    `Content-Length: ${length}\r\nConnection: close\r\n\r\n${refusal.reason}`
  )
}
