/**
 * One request of uWebSockets.js and its answer.
 *
 * Assumes: one thread. uWebSockets.js reports no connection, only its requests, all requests of one read at once. It
 * ends a connection on which a further request comes before the answer to the last one is whole.
 * Guarantees: `#response` is not used once it is ended or aborted. The answer waits for a later turn of the event loop
 * where no request may follow it: after an answer that closes the connection (of several answers, uWebSockets.js knows
 * only how the last one ends), and when too many requests came. The answer stays unfinished while the socket is full,
 * so nothing piles up for a reader that takes nothing. If uWebSockets.js ends the connection for that, the answers to
 * earlier requests of the same read are lost.
 */
import type { Chunk } from '../../exposition/types.js'
import { HeaderReader } from '../request/headers.js'
import {
  closes,
  type Headers,
  type Refusal,
  type RefusalStatus,
  type RequestHead,
  refuse,
  STATUS_LINES,
} from '../request/request.js'
import type { Answer, OpenScrape } from '../scrapes/answer.js'
import type { Exchange } from '../scrapes/exchange.js'
import type { Reading } from '../scrapes/reader.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import type { TurnBudget } from './turn-budget.js'
import type { UwsRequest, UwsResponse } from './uws.js'
import type { UwsConnections } from './uws-connections.js'
import type { UwsListener } from './uws-listeners.js'
import { type UwsRelease, WRITE_BYTES } from './uws-release.js'

/**
 * Written first when a full socket has room: whether the socket takes it shows whether all that was kept is written.
 */
const PROBE_BYTES = 64
/** How much is written before other connections get their turn, if the socket is never full. */
const TURN_BYTES = 4 * 1024 * 1024
/** Chunks that are fetched ahead, so that a socket that has room again can be filled at once. */
const QUEUE_LENGTH = 2

const NOTHING = new Uint8Array(0)
const AHEAD = refuse(503, 'connections', 'more was sent ahead on this connection than is answered at once')
const PROXIED = refuse(400, 'malformed', 'a PROXY line is not taken here')

/** What an exchange needs beside its request. */
export interface UwsSurroundings {
  readonly handler: RequestHandler
  readonly budget: TurnBudget
  /** The one that the request came through. */
  readonly listener: UwsListener
  readonly release: UwsRelease
  readonly connections: UwsConnections
}

/**
 * Answers one request of uWebSockets.js. A peer that has reset its connection meanwhile has no address any more. Then what
 * counts the connection out is not replaced (uws-connections.ts): it could not be found without the address.
 */
export function answerUws(request: UwsRequest, response: UwsResponse, surroundings: UwsSurroundings): void {
  const peer = new Uint8Array(response.getRemoteAddress())
  if (peer.length === 0) response.close()
  else new UwsExchange(response, surroundings).start(request, peer)
}

class UwsExchange {
  readonly #response: UwsResponse
  readonly #handler: RequestHandler
  readonly #exchange: Exchange
  readonly #budget: TurnBudget
  readonly #listener: UwsListener
  readonly #release: UwsRelease
  readonly #connections: UwsConnections
  /** The turn of the event loop in which it was read. */
  readonly #readIn: number
  #refused = false
  #isHead = false
  #over = false
  #headSent = false
  #reading: Reading | undefined
  /** Removes the reader from the count of connections. */
  #leave: (() => void) | undefined
  /** Chunks that are not written yet, and how much of the first one is. */
  readonly #queue: Chunk[] = []
  #at = 0
  /**
   * Whether the socket did not take all that was written. uWebSockets.js keeps the rest, which is less than a chunk.
   */
  #full = false
  /** Whether uWebSockets.js may still keep some of it, although the socket has had room. */
  #maybeKept = false
  #wake: (() => void) | undefined

  constructor(response: UwsResponse, surroundings: UwsSurroundings) {
    const { handler, budget, listener, release, connections } = surroundings
    this.#response = response
    this.#handler = handler
    this.#exchange = handler.begin()
    this.#budget = budget
    this.#readIn = budget.turn
    this.#listener = listener
    this.#release = release
    this.#connections = connections
    listener.begin()
    // This comes first: a callback that returns or throws before onAborted is set ends the process.
    response.onAborted(() => this.#aborted())
  }

  start(request: UwsRequest, peer: Uint8Array): void {
    try {
      this.#exchange.peer = peer
      this.#leave = this.#connections.asked(peer)
      const head = headOf(request, this.#response, peer)
      this.#isHead = head.method === 'HEAD'
      // take() comes first, so that each request counts.
      const now = this.#budget.take()
      if (now && !asksToClose(request)) this.#answer(head, false)
      else this.#budget.later(() => this.#answer(head, true))
    } catch (error) {
      this.#sendRefusal(this.#handler.failed(error, this.#exchange))
    }
  }

  /** `alone` says that no request that was read with this one follows it. */
  #answer(head: RequestHead, alone: boolean): void {
    if (this.#over) return
    let answer: Answer
    try {
      answer = this.#handler.answer(head, this.#exchange)
      if (answer.kind === 'stream' && !this.#isHead) answer = this.#countConnection() ?? answer
    } catch (error) {
      answer = { kind: 'refuse', refusal: this.#handler.failed(error, this.#exchange) }
    }
    if (answer.kind === 'refuse') {
      const { refusal } = answer
      this.#refused = true
      if (alone || !closes(refusal)) this.#sendRefusal(refusal)
      else
        this.#budget.later(() => {
          if (!this.#over) this.#sendRefusal(refusal)
        })
    } else if (answer.kind === 'whole') this.#sendWhole(200, answer.headers, answer.bytes)
    else if (this.#isHead) this.#sendHead(answer.headers)
    else void this.#sendStream(answer.headers, answer.open)
  }

  /** The reader has gone, or uWebSockets.js has ended the connection. */
  #aborted(): void {
    // In the turn in which it was read, only a further request can have ended the connection.
    if (this.#budget.turn === this.#readIn && !this.#refused) {
      const { peer } = this.#exchange
      this.#handler.refused(this.#handler.refusalFor(AHEAD, peer), { peer }, this.#exchange)
    } else this.#exchange.aborted()
    this.#finish()
  }

  /** Counts the connection while something is kept for it, unless it has counted since it was opened. */
  #countConnection(): Answer | undefined {
    if (this.#leave !== undefined) return undefined
    const { peer } = this.#exchange
    const entered = this.#handler.connections.enter(
      peer,
      this.#handler.trusts(peer),
      this.#connections.reported,
    )
    if (typeof entered !== 'function') return this.#handler.refused(entered, { peer }, this.#exchange)
    this.#leave = entered
    return undefined
  }

  async #sendStream(headers: Headers, open: OpenScrape): Promise<void> {
    try {
      this.#reading = open(cut => this.#fail(cut))
      this.#response.onWritable(() => this.#writable())
      for (let sinceTurn = 0; ; ) {
        const chunk = await this.#reading.next()
        if (this.#over) return chunk?.release()
        if (chunk === undefined) break
        this.#queue.push(chunk)
        sinceTurn += chunk.bytes.length
        this.#pump(headers)
        if (sinceTurn >= TURN_BYTES) {
          sinceTurn = 0
          await new Promise(setImmediate)
        }
        while (this.#queue.length >= QUEUE_LENGTH) await this.#written()
        if (this.#over) return
      }
      while (this.#full || this.#queue.length > 0) await this.#written()
      if (this.#over) return
      this.#response.cork(() => {
        this.#writeHead(200, headers)
        this.#response.end()
      })
      this.#finish()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    // A scrape that was aborted because its reader has gone may reject: there is nobody to answer.
    if (this.#over) return
    const refusal = this.#handler.failed(error, this.#exchange, this.#headSent)
    if (!this.#headSent) this.#sendRefusal(refusal)
    else {
      // A reader would take a clean end for the end of the whole exposition.
      this.#close()
    }
  }

  /** Writes what is queued, in corked pieces, until the socket is full. Then #writable goes on. */
  #pump(headers: Headers): void {
    while (!this.#full && this.#queue.length > 0) {
      this.#response.cork(() => {
        this.#writeHead(200, headers)
        this.#full = !this.#writePiece(this.#maybeKept ? PROBE_BYTES : this.#release.corkedBytes)
        this.#maybeKept = false
      })
    }
  }

  /** The socket was full and has room now. Nothing is corked here, so large writes are safe, and they are fastest. */
  #writable(): boolean {
    this.#reading?.progress()
    // uWebSockets.js writes what it keeps only with a further write. An empty cork makes it do so. If the socket does
    // not take all of that, this is called again; but the cork does not return whether it did.
    if (this.#queue.length === 0) {
      this.#maybeKept = true
      this.#response.cork(() => {})
    } else if (!this.#writePiece(PROBE_BYTES)) return false
    while (this.#queue.length > 0) if (!this.#writePiece(WRITE_BYTES)) return false
    this.#full = false
    this.#wake?.()
    return true
  }

  /** Writes the next part of the queue's first chunk; false if the socket did not take all of it. */
  #writePiece(length: number): boolean {
    const chunk = this.#queue[0]!
    const room = this.#response.write(chunk.bytes.subarray(this.#at, this.#at + length))
    if (room) this.#reading?.progress()
    this.#at += length
    if (this.#at >= chunk.bytes.length) {
      // uWebSockets.js has copied what the socket did not take: a slow reader holds no slot for it.
      this.#queue.shift()
      this.#exchange.bytes += chunk.bytes.length
      this.#at = 0
      chunk.release()
      this.#wake?.()
    }
    return room
  }

  /** Resolves when a chunk is released, the socket has room again, or the exchange is over. */
  #written(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }

  #writeHead(status: RefusalStatus | 200, headers: Headers): void {
    if (this.#headSent) return
    this.#headSent = true
    this.#response.writeStatus(STATUS_LINES[status])
    for (const [name, value] of headers) this.#response.writeHeader(name, value)
  }

  #sendWhole(status: RefusalStatus | 200, headers: Headers, body: Uint8Array): void {
    if (!this.#isHead) this.#exchange.bytes = body.length
    this.#response.cork(() => {
      this.#writeHead(status, headers)
      if (this.#isHead) {
        // Without arguments: if it is given a length, endWithoutBody leaves the answer open for the body.
        this.#response.writeHeader('Content-Length', String(body.length)).endWithoutBody()
        this.#finish()
      } else if (this.#response.tryEnd(body, body.length)[1]) this.#finish()
      else this.#sendRest(body)
    })
  }

  /** Sends a whole answer and ends the connection, even if the socket does not take all of the answer. */
  #sendLast(status: RefusalStatus, headers: Headers, body: Uint8Array): void {
    this.#exchange.bytes = body.length
    this.#response.cork(() => {
      this.#writeHead(status, headers)
      // At the end the length is one too many, so that the answer is not over for uWebSockets.js: after an answer that
      // is over, it goes on reading even if the socket is full.
      this.#response.writeHeader('Connection', 'close').tryEnd(body.subarray(0, -1), body.length)
      this.#response.tryEnd(body.subarray(-1), body.length + 1)
    })
    this.#close()
  }

  /** The same for HEAD. Where an answer without bytes is over, uWebSockets.js ends the connection when all is sent. */
  #sendLastHead(status: RefusalStatus, headers: Headers, length: number): void {
    const release = this.#release
    const byItself = release.emptyEnds
    this.#response.cork(() => {
      this.#writeHead(status, headers)
      if (byItself) this.#response.endWithoutBody(length, true)
      else release.emptyEnds = this.#response.writeHeader('Connection', 'close').tryEnd(NOTHING, length)[1]
    })
    // An answer that is over cannot be used to close.
    if (release.emptyEnds) this.#finish()
    else this.#close()
  }

  #close(): void {
    // close() calls onAborted, which must find the exchange finished.
    this.#finish()
    this.#response.close()
  }

  /** Writes the rest of a body when the socket has room. It is copied, because the scraper may use its memory first. */
  #sendRest(body: Uint8Array): void {
    if (this.#countConnection() !== undefined) {
      this.#close()
      return
    }
    const start = this.#response.getWriteOffset()
    const rest = body.slice(start)
    this.#response.onWritable(offset => {
      const [ok, done] = this.#response.tryEnd(rest.subarray(offset - start), body.length)
      if (done) this.#finish()
      return ok
    })
  }

  /** The answer to HEAD if only encoding the whole exposition would give its length. */
  #sendHead(headers: Headers): void {
    this.#response.cork(() => {
      this.#writeHead(200, headers)
      this.#response.writeHeader('Transfer-Encoding', 'chunked').endWithoutBody()
    })
    this.#finish()
  }

  #sendRefusal(refusal: Refusal): void {
    const body = Buffer.from(refusal.reason)
    if (!closes(refusal)) this.#sendWhole(refusal.status, refusal.headers, body)
    else if (this.#isHead) this.#sendLastHead(refusal.status, refusal.headers, body.length)
    else this.#sendLast(refusal.status, refusal.headers, body)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#full = false
    for (const chunk of this.#queue.splice(0)) chunk.release()
    this.#reading?.abort()
    this.#wake?.()
    this.#leave?.()
    this.#exchange.end()
    this.#listener.end()
  }
}

/** Whether uWebSockets.js ends the connection after the answer. It looks at the length of the header alone. */
function asksToClose(request: UwsRequest): boolean {
  return request.getHeader('connection').length === 'close'.length
}

function headOf(request: UwsRequest, response: UwsResponse, peer: Uint8Array): RequestHead {
  const headers = new HeaderReader()
  // Not getHeader: it returns '' both for an empty header and for none, and only one of several.
  request.forEach((name, value) => {
    headers.add(name, value)
  })
  return {
    // The method as it was written: getMethod() would turn it into lower case in place.
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    peer,
    host: headers.host,
    authorization: headers.authorization,
    forwarded: headers.forwarded,
    accept: headers.accept,
    acceptEncoding: headers.acceptEncoding,
    timeout: headers.timeout,
    wrong: response.getProxiedRemoteAddress().byteLength > 0 ? PROXIED : headers.wrong,
  }
}
