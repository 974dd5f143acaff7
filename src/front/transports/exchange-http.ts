import type { IncomingMessage, ServerResponse } from 'node:http'
import { privateCopy } from '../../common/private-copy.js'
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
import type { OpenScrape } from '../scrapes/answer.js'
import type { Exchange } from '../scrapes/exchange.js'
import type { Reading } from '../scrapes/reader.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import { follow, isReadNoMore, readNoMore } from './http-connection.js'
import { canReset } from './socket.js'

/** Bytes that are written to the socket at once. They are copied, so that a socket that takes nothing holds no slot. */
const PIECE_BYTES = 256 * 1024
const VERSION = refuse(400, 'malformed', 'this is not HTTP/1.1')
/** Requests of one connection that are answered at once. Each request that is sent ahead of its answer costs memory. */
const MAX_PIPELINED = 64
const PIPELINED = refuse(
  503,
  'connections',
  `there are more than ${MAX_PIPELINED} requests at once on this connection`,
  [['Retry-After', '1']],
)
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i

/**
 * Answers one request of a node:http server. `stallTimeout` is how long the peer may take nothing, ms; 0 for no limit.
 */
export function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  handler: RequestHandler,
  stallTimeout: number,
  target = request.url ?? '',
): void {
  // It was read together with the request that was refused, and whose answer is the last of this connection.
  if (isReadNoMore(request.socket)) {
    request.resume()
    return
  }
  const exchange = handler.begin()
  let streamed: StreamedAnswer | undefined
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
  // A body on GET means nothing. It is read away, or it would be taken for the next request.
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
    // While other answers are under way, node puts the head of such a body before all that waits, so a 100 Continue
    // that waits would stand between head and body. A head that is flushed goes behind it.
    if (request.headers.expect !== undefined) response.flushHeaders()
    // A copy, because the scraper may use its memory again before the socket has taken the body.
    response.end(privateCopy(answer.bytes))
    return
  }
  if (request.method === 'HEAD') {
    setHeaders(response, answer.headers)
    response.end()
    return
  }
  streamed = new StreamedAnswer(request, response, handler, exchange)
  void streamed.run(answer.headers, answer.open)
}

/** An answer that is streamed as it is encoded. */
class StreamedAnswer {
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

  /** Nothing more is written. */
  stop(): void {
    this.#over = true
    this.#reading?.abort()
    this.#wake?.()
  }

  /** The peer has taken something. */
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
   * For HTTP/1.0: encodes all of it first, so that the answer has a length. Without one, a clean end of the connection
   * is the end of the body, so a reader would take a part for the whole: over a Unix socket, over TLS where the reader
   * does not miss TLS's own end, and everywhere when this process dies. An answer that memory does not hold is refused.
   * TCP is an exception, because a reset shows a cut there: then this sends what was encoded, and returns false.
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
      parts.push(privateCopy(chunk.bytes))
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

  /**
   * Whether other code has answered this request, as middleware does that limits the time of all handlers behind it.
   */
  #taken(): boolean {
    return this.#response.writableEnded || (this.#response.headersSent && !this.#begun)
  }

  #begin(headers: Headers): void {
    if (this.#begun) return
    this.#begun = true
    // Set once and never removed: middleware that compresses passes `on` to a stream of its own, but not `off`.
    this.#response.on('drain', () => this.#wake?.())
    setHeaders(this.#response, headers)
  }

  #fail(error: unknown): void {
    // A scrape that was aborted because its reader has gone may reject: there is nobody to answer.
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

  /** Ends the connection so that no reader takes what was sent for the whole. */
  cutOff(): void {
    if (this.#over || this.#response.writableEnded) return
    this.stop()
    const { socket } = this.#response
    // An answer of HTTP/1.0 without a length (only TCP has them) would end cleanly, and look whole: it needs a reset.
    if (this.#request.httpVersion === '1.0' && canReset(socket)) socket?.resetAndDestroy()
    this.#response.destroy()
  }

  /** Resolves when the socket has taken the chunk or the connection is gone; the chunk is released then. */
  async #send(chunk: Chunk): Promise<void> {
    try {
      for (let at = 0; at < chunk.bytes.length && !this.#over && !this.#taken(); at += PIECE_BYTES) {
        // `bytes` is read anew for each piece, because the chunk may have been copied since.
        const piece = privateCopy(chunk.bytes.subarray(at, at + PIECE_BYTES))
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
  // Not request.headers: it has only one of several headers of the same name.
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
    // The parser lets HTTP/0.9 and 2.0 pass, which are other protocols.
    wrong: /^1\.[01]$/.test(request.httpVersion) ? headers.wrong : VERSION,
  }
}

/** A target in origin form. RFC 9112, 3.2.2: a server accepts the absolute form, too. */
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

/** A refusal as bytes, for a socket that has no parser. */
export function rawRefusal(refusal: Refusal): string {
  const headers = refusal.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = Buffer.byteLength(refusal.reason)
  return (
    `HTTP/1.1 ${STATUS_LINES[refusal.status]}\r\n${headers}` +
    `Content-Length: ${length}\r\nConnection: close\r\n\r\n${refusal.reason}`
  )
}
