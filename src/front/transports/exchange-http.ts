import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Chunk } from '../../exposition/types.js'
import { HeaderReader } from '../request/headers.js'
import {
  closes,
  type Headers,
  type Refusal,
  type RequestHead,
  refuse,
  STATUS_LINES,
} from '../request/request.js'
import type { Exchange } from '../scrapes/exchange.js'
import type { Reading } from '../scrapes/reader.js'
import type { OpenScrape, RequestHandler } from '../scrapes/request-handler.js'
import { follow, isReadNoMore, readNoMore } from './http-connection.js'
import { canReset } from './socket.js'

/** What is given to the socket at once: a copy, for the slot must not be held by a socket that takes nothing. */
const PIECE_BYTES = 256 * 1024
const VERSION = refuse(400, 'malformed', 'this is not HTTP/1.1')
/** Requests of one connection that are answered at once: what is sent ahead of its answers costs memory here. */
const MAX_PIPELINED = 64
const PIPELINED = refuse(
  503,
  'connections',
  `there are more than ${MAX_PIPELINED} requests at once on this connection`,
  [['Retry-After', '1']],
)
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i

/** Answers one request of a node:http server; `stallTimeout` in ms, 0 for none. */
export function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  handler: RequestHandler,
  stallTimeout: number,
  target = request.url ?? '',
): void {
  // Read together with the one that was refused: its connection ends with that answer.
  if (isReadNoMore(request.socket)) {
    request.resume()
    return
  }
  const exchange = handler.begin()
  let streamed: Streamed | undefined
  const open = follow(request, response, stallTimeout, {
    ended() {
      if (!response.writableFinished) exchange.aborted()
      streamed?.stop()
      exchange.end()
    },
    left: () => streamed?.cutOff(),
    took: () => streamed?.took(),
    stalled: () => handler.stalled(exchange),
  })
  // A body on GET means nothing, and must not be taken for the next request.
  request.resume()
  const head = headOf(request, target, handler)
  const ahead = open > MAX_PIPELINED
  const answer = ahead
    ? handler.refused(handler.refusalFor(PIPELINED, head.peer), head, exchange)
    : handler.answer(head, exchange)
  if (ahead) readNoMore(request.socket)
  if (answer.kind === 'refuse') {
    sendRefusal(response, answer.refusal, exchange)
    return
  }
  if (answer.kind === 'whole') {
    setHeaders(response, answer.headers)
    response.setHeader('Content-Length', answer.bytes.length)
    if (request.method !== 'HEAD') exchange.bytes = answer.bytes.length
    // Node puts the head of a body of bytes before all that waits behind other answers, a 100 Continue too, which
    // would then stand between the two; flushed, it is put behind.
    if (request.headers.expect !== undefined) response.flushHeaders()
    // A copy, for the socket may take it later than the scraper is asked again.
    response.end(Uint8Array.from(answer.bytes))
    return
  }
  if (request.method === 'HEAD') {
    setHeaders(response, answer.headers)
    response.end()
    return
  }
  streamed = new Streamed(request, response, handler, exchange)
  void streamed.run(answer.headers, answer.open)
}

/** An answer that is streamed as it is encoded. */
class Streamed {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #handler: RequestHandler
  readonly #exchange: Exchange
  #reading: Reading | undefined
  #over = false
  #begun = false
  #wake: (() => void) | undefined

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    handler: RequestHandler,
    exchange: Exchange,
  ) {
    this.#request = request
    this.#response = response
    this.#handler = handler
    this.#exchange = exchange
  }

  /** Nothing more is to be said. */
  stop(): void {
    this.#over = true
    this.#reading?.abort()
    this.#wake?.()
  }

  took(): void {
    this.#reading?.progress()
  }

  async run(headers: Headers, open: OpenScrape): Promise<void> {
    try {
      this.#reading = open(cut => this.#fail(cut), false)
      if (this.#request.httpVersion === '1.0' && (await this.#whole(headers, this.#reading))) return
      for (;;) {
        const chunk = await this.#reading.next()
        if (this.#over || this.#taken()) {
          chunk?.release()
          return
        }
        if (chunk === undefined) break
        this.#begin(headers)
        await this.#send(chunk)
        if (this.#over || this.#taken()) return
      }
      this.#begin(headers)
      this.#response.end()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#reading?.abort()
    }
  }

  /**
   * Encodes all of it first, so that its length can be told: in HTTP/1.0 a clean end of the connection is one of the
   * body, so that a cut would be taken for the whole, over a Unix socket, over TLS where its own end is not missed, and
   * everywhere when this process dies. What memory does not hold is refused, but for TCP, which has a reset to show a
   * cut with: false then, with what was encoded sent.
   */
  async #whole(headers: Headers, reading: Reading): Promise<boolean> {
    const parts: Uint8Array[] = []
    let length = 0
    for (;;) {
      const chunk = await reading.next()
      if (this.#over || this.#taken()) {
        chunk?.release()
        return true
      }
      if (chunk === undefined) break
      try {
        reading.keep(chunk.bytes.length)
      } catch (error) {
        if (this.#over || !canReset(this.#response.socket)) {
          chunk.release()
          throw error
        }
        this.#begin(headers)
        for (const part of parts) await this.#sendKept(part, reading)
        await this.#send(chunk)
        return false
      }
      parts.push(Uint8Array.from(chunk.bytes))
      length += chunk.bytes.length
      chunk.release()
    }
    this.#begin([...headers, ['Content-Length', String(length)]])
    for (const part of parts) await this.#sendKept(part, reading)
    if (!this.#over && !this.#taken()) this.#response.end()
    return true
  }

  async #sendKept(bytes: Uint8Array, reading: Reading): Promise<void> {
    await this.#send({ bytes, release: () => reading.drop(bytes.length) })
  }

  /** Whether somebody else has answered meanwhile, as middleware does that limits the time of all that it is before. */
  #taken(): boolean {
    return this.#response.writableEnded || (this.#response.headersSent && !this.#begun)
  }

  #begin(headers: Headers): void {
    if (this.#begun) return
    this.#begun = true
    // Once, for middleware that compresses passes `on` to a stream of its own, and `off` to nobody.
    this.#response.on('drain', () => this.#wake?.())
    setHeaders(this.#response, headers)
  }

  #fail(error: unknown): void {
    // A scrape that was aborted because its reader went away may reject: nobody is left to be told.
    if (this.#over) return
    if (this.#taken()) {
      this.stop()
      return
    }
    const refusal = this.#handler.failed(error, this.#exchange, this.#begun)
    if (this.#begun) {
      this.cutOff()
      return
    }
    this.stop()
    sendRefusal(this.#response, refusal, this.#exchange)
  }

  /** Ends the connection so that what was said is not taken for the whole. */
  cutOff(): void {
    if (this.#over || this.#response.writableEnded) return
    this.stop()
    const { socket } = this.#response
    // A clean end would be taken for one of the body where there was no length to tell, which is so over TCP only.
    if (this.#request.httpVersion === '1.0' && canReset(socket)) socket?.resetAndDestroy()
    this.#response.destroy()
  }

  /** Resolves when the socket has taken the chunk or the connection is gone; the chunk is released then. */
  async #send(chunk: Chunk): Promise<void> {
    try {
      for (let at = 0; at < chunk.bytes.length && !this.#over && !this.#taken(); at += PIECE_BYTES) {
        // Looked up anew for each piece: meanwhile the chunk may have become a copy.
        const piece = Uint8Array.from(chunk.bytes.subarray(at, at + PIECE_BYTES))
        this.#exchange.bytes += piece.length
        if (this.#response.write(piece)) continue
        await this.#drained()
        this.#reading?.progress()
      }
    } finally {
      chunk.release()
    }
  }

  #drained(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

function headOf(request: IncomingMessage, target: string, handler: RequestHandler): RequestHead {
  const headers = new HeaderReader()
  const raw = request.rawHeaders
  // Not request.headers, which has one of several.
  for (let at = 0; at < raw.length; at += 2) headers.add(raw[at]!.toLowerCase(), raw[at + 1]!)
  const url = originForm(target)
  const mark = url.indexOf('?')
  return {
    method: request.method ?? '',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    peer: handler.peerOf(request.socket),
    host: ABSOLUTE.exec(target)?.[1] ?? headers.host,
    authorization: headers.authorization,
    forwarded: headers.forwarded,
    accept: headers.accept,
    acceptEncoding: headers.acceptEncoding,
    timeout: headers.timeout,
    // The parser takes HTTP/0.9 and 2.0 too, which are spoken differently.
    wrong: /^1\.[01]$/.test(request.httpVersion) ? headers.wrong : VERSION,
  }
}

/** RFC 9112, 3.2.2: a server takes the absolute form too. */
export function originForm(target: string): string {
  return target.replace(ABSOLUTE, '')
}

function setHeaders(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of headers) response.setHeader(name, value)
}

function sendRefusal(response: ServerResponse, refusal: Refusal, exchange: Exchange): void {
  const length = Buffer.byteLength(refusal.reason)
  exchange.bytes = length
  response.statusCode = refusal.status
  setHeaders(response, refusal.headers)
  if (closes(refusal)) response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', length)
  response.end(refusal.reason)
}

/** A refusal as bytes, for a socket that no parser stands before. */
export function rawRefusal(refusal: Refusal): string {
  const headers = refusal.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = Buffer.byteLength(refusal.reason)
  return (
    `HTTP/1.1 ${STATUS_LINES[refusal.status]}\r\n${headers}` +
    `Content-Length: ${length}\r\nConnection: close\r\n\r\n${refusal.reason}`
  )
}
