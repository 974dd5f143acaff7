import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Chunk } from '../encode/types.js'
import type { Desk, Visit } from './desk.js'
import type { Cut, Reading } from './encoding.js'
import { HeaderReader } from './headers.js'
import { closes, type Headers, type Refusal, type RequestHead, refuse, STATUS_LINES } from './request.js'

/** What is given to the socket at once: a copy, for the slot must not be held by a socket that takes nothing. */
const PIECE_BYTES = 256 * 1024
const VERSION = refuse(400, 'malformed', 'this is not HTTP/1.1')
const ABSOLUTE = /^https?:\/\/[^/?#]*/i

/** Answers one request of a node:http server; `stallTimeout` in ms, 0 for none. */
export function serveHttp(
  request: IncomingMessage,
  response: ServerResponse,
  desk: Desk,
  stallTimeout: number,
  target = request.url ?? '',
): void {
  const visit = desk.visit()
  response.once('close', () => {
    if (!response.writableFinished) visit.answered(0)
    visit.end()
  })
  // A body on GET means nothing, and must not be taken for the next request.
  request.resume()
  const answer = desk.answer(headOf(request, target, desk), visit)
  if (answer.kind === 'refuse') {
    sendRefusal(response, answer.refusal, visit)
    return
  }
  if (answer.kind === 'whole') {
    setHeaders(response, answer.headers)
    response.setHeader('Content-Length', answer.bytes.length)
    const { socket } = response
    if (stallTimeout > 0 && socket !== null) {
      const stalled = () => response.destroy()
      socket.setTimeout(stallTimeout, stalled)
      response.once('finish', () => socket.setTimeout(0, stalled))
    }
    if (request.method !== 'HEAD') visit.bytes = answer.bytes.length
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
  new Streamed(request, response, desk, visit).run(answer.headers, answer.open)
}

/** An answer that is streamed as it is encoded. */
class Streamed {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #desk: Desk
  readonly #visit: Visit
  #reading: Reading | undefined
  #over = false

  constructor(request: IncomingMessage, response: ServerResponse, desk: Desk, visit: Visit) {
    this.#request = request
    this.#response = response
    this.#desk = desk
    this.#visit = visit
    response.once('close', () => {
      this.#over = true
      this.#reading?.abort()
    })
  }

  async run(headers: Headers, open: (onCut: (cut: Cut) => void) => Reading): Promise<void> {
    try {
      this.#reading = open(cut => this.#fail(cut))
      for (;;) {
        const chunk = await this.#reading.next()
        if (this.#over) {
          chunk?.release()
          return
        }
        if (chunk === undefined) break
        if (!this.#response.headersSent) setHeaders(this.#response, headers)
        await this.#send(chunk)
        if (this.#over) return
      }
      if (!this.#response.headersSent) setHeaders(this.#response, headers)
      this.#response.end()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#reading?.abort()
    }
  }

  #fail(error: unknown): void {
    // A scrape that was aborted because its reader went away may reject: nobody is left to be told.
    if (this.#over) return
    this.#over = true
    const refusal = this.#desk.failed(error, this.#visit)
    if (!this.#response.headersSent) {
      sendRefusal(this.#response, refusal, this.#visit)
      return
    }
    // A clean end would be taken for the whole of it: in HTTP/1.0 the end of the connection is one.
    const { socket } = this.#response
    if (this.#request.httpVersion === '1.0' && socket instanceof Socket && socket.remotePort !== undefined)
      socket.resetAndDestroy()
    this.#response.destroy()
  }

  /** Resolves when the socket has taken the chunk or the connection is gone; the chunk is released then. */
  async #send(chunk: Chunk): Promise<void> {
    try {
      for (let at = 0; at < chunk.bytes.length && !this.#over; at += PIECE_BYTES) {
        // Looked up anew for each piece: meanwhile the chunk may have become a copy.
        const piece = Uint8Array.from(chunk.bytes.subarray(at, at + PIECE_BYTES))
        this.#visit.bytes += piece.length
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
      const done = () => {
        this.#response.off('drain', done)
        this.#response.off('close', done)
        resolve()
      }
      this.#response.on('drain', done)
      this.#response.on('close', done)
    })
  }
}

function headOf(request: IncomingMessage, target: string, desk: Desk): RequestHead {
  const headers = new HeaderReader()
  const raw = request.rawHeaders
  // Not request.headers, which has one of several.
  for (let at = 0; at < raw.length; at += 2) headers.add(raw[at]!.toLowerCase(), raw[at + 1]!)
  // RFC 9112, 3.2.2: a server takes the absolute form. Which host is meant does not matter here.
  const url = target.replace(ABSOLUTE, '')
  const mark = url.indexOf('?')
  return {
    method: request.method ?? '',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    peer: desk.peerOf(request.socket),
    authorization: headers.authorization,
    forwarded: headers.forwarded,
    accept: headers.accept,
    acceptEncoding: headers.acceptEncoding,
    timeout: headers.timeout,
    // The parser takes HTTP/0.9 and 2.0 too, which are spoken differently.
    wrong: /^1\.[01]$/.test(request.httpVersion) ? headers.wrong : VERSION,
  }
}

function setHeaders(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of headers) response.setHeader(name, value)
}

function sendRefusal(response: ServerResponse, refusal: Refusal, visit: Visit): void {
  const length = Buffer.byteLength(refusal.reason)
  visit.bytes = length
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
