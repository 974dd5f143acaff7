import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
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
import type { Answer, Exchange, RequestHandler } from '../scrapes/request-handler.js'
import type { Cut, Reading } from '../scrapes/shared-scrape.js'
import type { Address } from './listen.js'
import { listenError, type Transport, type TransportSettings } from './transport.js'
import { TurnBudget } from './turn-budget.js'
import type { Uws, UwsRequest, UwsResponse } from './uws.js'
import { type UwsListener, UwsListeners } from './uws-listeners.js'

/**
 * The most that is written inside of a cork: with the headers it fits the cork buffer of 16 KiB. What does not fit
 * is lost when the socket is full at that very moment (releases before 2026, this one among them).
 * https://github.com/uNetworking/uWebSockets.js/issues/1249
 */
const CORKED_BYTES = 15 * 1024
/** The most of one write outside of a cork: what the socket does not take of it uWebSockets.js keeps a copy of. */
const UNCORKED_BYTES = 1024 * 1024
/** Written first when a full socket says that it has room: it tells whether all that was kept back is gone. */
const PROBE_BYTES = 64
/** How much is written before other connections get their turn, if the socket never fills. */
const TURN_BYTES = 4 * 1024 * 1024
/** Chunks fetched ahead, so that a socket that has room again can be filled at once. */
const QUEUE_LENGTH = 2

const NOTHING = new Uint8Array(0)
const AHEAD = refuse(503, 'connections', 'more was sent ahead on this connection than is answered at once')
const PROXIED = refuse(400, 'malformed', 'a PROXY line is not taken here')

/** How often listening is tried where what stands against it has gone meanwhile. */
const ATTEMPTS = 5

/** Loads the native part that choose() found. Throws if this system cannot. */
export function loadUws(native: string): Uws {
  return createRequire(import.meta.url)(native) as Uws
}

/** Listens through uWebSockets.js. Rejects with an Error that names option "listen". */
export async function listenUws(settings: TransportSettings, uws: Uws): Promise<Transport> {
  const { listen, handler } = settings
  let cause: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chosen = listen.port === 0 ? await portOf(listen) : listen.port
    settings.signal?.throwIfAborted()
    // uWebSockets.js does not say why it cannot listen; node:net, asked for the same, does.
    const listeners =
      typeof chosen === 'number' ? listenOnce(uws, handler, { ...listen, port: chosen }) : undefined
    if (listeners !== undefined) return transport(listeners, handler, listen)
    const why = typeof chosen === 'number' ? await portOf({ ...listen, port: chosen }) : chosen
    // The port became free meanwhile, or somebody else took the one that was chosen: once more.
    if (typeof why !== 'number') cause = why
    if (typeof why !== 'number' && listen.port !== 0) break
  }
  throw listenError(listen, cause ?? new Error('uWebSockets.js could not listen there'))
}

function listenOnce(uws: Uws, handler: RequestHandler, address: Address): UwsListeners | undefined {
  const budget = new TurnBudget()
  const listeners = new UwsListeners({
    uws,
    address,
    onRequest: (response, request, listener) =>
      new UwsExchange(response, handler, budget, listener).start(request),
    shed: () => handler.shed(),
    shut: () => handler.shut(),
  })
  if (listeners.listen()) return listeners
  listeners.destroy()
  return undefined
}

/**
 * The port that node:net gets at this address, given up again, or why it gets none. A port chosen by the system
 * is chosen this way: asked for port 0, uWebSockets.js leaves out SO_REUSEADDR, and a front that is started again
 * there would have to wait until the last connections are forgotten.
 */
function portOf({ address, port }: Address): Promise<number | Error> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ host: address, port, exclusive: true }, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

function transport(listeners: UwsListeners, handler: RequestHandler, asked: Address): Transport {
  let closed: Promise<void> | undefined
  listeners.watch()
  return {
    name: 'uws',
    address: { ...asked, port: listeners.port },
    destroy: () => listeners.destroy(),
    close: grace => {
      closed ??= (async () => {
        listeners.stopListening()
        await handler.quiesce(grace)
        listeners.destroy()
      })()
      return closed
    },
  }
}

/**
 * One request and its answer. `#response` is not touched any more once it is ended or aborted.
 *
 * uWebSockets.js tells of no connection, only of its requests, all those of one read in one go; and it ends a connection
 * on which a further request comes before the answer to the last is whole. So the answer waits for the next turn where
 * nothing may come behind it: after one that closes (of several, uWebSockets.js knows only how the last one ends), and
 * where too many came. And it stays unfinished while the socket is full: nothing piles up for a reader that takes nothing.
 * What was answered in the same read before is lost with a connection that is ended so.
 */
class UwsExchange {
  readonly #response: UwsResponse
  readonly #handler: RequestHandler
  readonly #exchange: Exchange
  readonly #budget: TurnBudget
  readonly #listener: UwsListener
  /** The turn in which it was read. */
  readonly #begun: number
  #refused = false
  #head = false
  #over = false
  #headSent = false
  #reading: Reading | undefined
  /** Takes the reader off the count of connections. */
  #leave: (() => void) | undefined
  /** Chunks not written yet, and how much of the first was. */
  readonly #queue: Chunk[] = []
  #at = 0
  /** Whether the socket did not take all that was written: uWebSockets.js keeps the rest, less than a chunk. */
  #full = false
  /** Whether some of what was kept may be there still, though the socket had room. */
  #unsure = false
  #wake: (() => void) | undefined

  constructor(response: UwsResponse, handler: RequestHandler, budget: TurnBudget, listener: UwsListener) {
    this.#response = response
    this.#handler = handler
    this.#exchange = handler.begin()
    this.#budget = budget
    this.#begun = budget.turn
    this.#listener = listener
    listener.begin()
    // First of all: a handler that returned or threw without it would end the process.
    response.onAborted(() => this.#aborted())
  }

  start(request: UwsRequest): void {
    try {
      const head = headOf(request, this.#response)
      this.#exchange.peer = head.peer
      this.#head = head.method === 'HEAD'
      // Looked at first, so that each request counts.
      const now = this.#budget.take()
      if (now && !asksToClose(request)) this.#answer(head, false)
      else this.#budget.later(() => this.#answer(head, true))
    } catch (error) {
      this.#refuse(this.#handler.failed(error, this.#exchange))
    }
  }

  /** `alone` says that nothing that was read with it comes behind. */
  #answer(head: RequestHead, alone: boolean): void {
    if (this.#over) return
    let answer: Answer
    try {
      answer = this.#handler.answer(head, this.#exchange)
      if (answer.kind === 'stream' && !this.#head) answer = this.#enter() ?? answer
    } catch (error) {
      answer = { kind: 'refuse', refusal: this.#handler.failed(error, this.#exchange) }
    }
    if (answer.kind === 'refuse') {
      const { refusal } = answer
      this.#refused = true
      if (alone || !closes(refusal)) this.#refuse(refusal)
      else
        this.#budget.later(() => {
          if (!this.#over) this.#refuse(refusal)
        })
    } else if (answer.kind === 'whole') this.#whole(200, answer.headers, answer.bytes)
    else if (this.#head) this.#bare(answer.headers)
    else void this.#stream(answer.headers, answer.open)
  }

  /** The reader has gone, or uWebSockets.js has ended the connection. */
  #aborted(): void {
    // In the turn in which it was read nothing else can have ended it.
    if (this.#budget.turn === this.#begun && !this.#refused) {
      const { peer } = this.#exchange
      this.#handler.refused(this.#handler.judge(AHEAD, peer), { peer }, this.#exchange)
    } else this.#exchange.aborted()
    this.#finish()
  }

  /**
   * Connections are counted while something is kept for them: uWebSockets.js does not say when one is opened, and ends
   * those that ask for nothing after 10 s.
   */
  #enter(): Answer | undefined {
    const { peer } = this.#exchange
    const entered = this.#handler.connections.enter(peer, this.#handler.trusts(peer))
    if (typeof entered !== 'function') return this.#handler.refused(entered, { peer }, this.#exchange)
    this.#leave = entered
    return undefined
  }

  async #stream(headers: Headers, open: (onCut: (cut: Cut) => void) => Reading): Promise<void> {
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
        while (this.#queue.length >= QUEUE_LENGTH) await this.#progress()
        if (this.#over) return
      }
      while (this.#full || this.#queue.length > 0) await this.#progress()
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
    // A scrape that was aborted because its reader went away may reject: nobody is left to be told.
    if (this.#over) return
    const refusal = this.#handler.failed(error, this.#exchange, this.#headSent)
    if (!this.#headSent) this.#refuse(refusal)
    else {
      // A clean end would be taken for the whole of it.
      this.#close()
    }
  }

  /** Writes what is queued, in corked pieces, until the socket is full: #writable takes over then. */
  #pump(headers: Headers): void {
    while (!this.#full && this.#queue.length > 0) {
      this.#response.cork(() => {
        this.#writeHead(200, headers)
        this.#full = !this.#writePiece(this.#unsure ? PROBE_BYTES : CORKED_BYTES)
        this.#unsure = false
      })
    }
  }

  /** The socket, which was full, has room. Nothing is corked here: large writes are safe, and fastest. */
  #writable(): boolean {
    this.#reading?.progress()
    // Without a write what was kept back would stay there. An empty cork writes it, and asks to be told again
    // if that did not go whole, but does not say so.
    if (this.#queue.length === 0) {
      this.#unsure = true
      this.#response.cork(() => {})
    } else if (!this.#writePiece(PROBE_BYTES)) return false
    while (this.#queue.length > 0) if (!this.#writePiece(UNCORKED_BYTES)) return false
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
      // What was not taken was copied: a slow reader holds no slot for it.
      this.#queue.shift()
      this.#exchange.bytes += chunk.bytes.length
      this.#at = 0
      chunk.release()
      this.#wake?.()
    }
    return room
  }

  /** Resolves when a chunk was released, the socket has room again, or the exchange is over. */
  #progress(): Promise<void> {
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

  #whole(status: RefusalStatus | 200, headers: Headers, body: Uint8Array): void {
    if (!this.#head) this.#exchange.bytes = body.length
    this.#response.cork(() => {
      this.#writeHead(status, headers)
      if (this.#head) {
        // Without arguments: told of a length, endWithoutBody would leave the answer open for the body.
        this.#response.writeHeader('Content-Length', String(body.length)).endWithoutBody()
        this.#finish()
      } else if (this.#response.tryEnd(body, body.length)[1]) this.#finish()
      else this.#endLater(body)
    })
  }

  /** A whole answer and the end of the connection, also where the socket does not take all of it. */
  #last(status: RefusalStatus, headers: Headers, body: Uint8Array): void {
    if (!this.#head) this.#exchange.bytes = body.length
    this.#response.cork(() => {
      this.#writeHead(status, headers)
      this.#response.writeHeader('Connection', 'close').tryEnd(NOTHING, body.length)
      // Told of more than there is, it is not over for uWebSockets.js, which would go on reading at a full socket.
      if (!this.#head) this.#response.tryEnd(body, body.length + 1)
    })
    this.#close()
  }

  #close(): void {
    // What is finished here, onAborted finds done.
    this.#finish()
    this.#response.close()
  }

  /** Writes the rest of a body when the socket has room: of a copy, for the scraper may be asked again first. */
  #endLater(body: Uint8Array): void {
    if (this.#enter() !== undefined) {
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

  /** The answer to HEAD where the length is not known without encoding it all. */
  #bare(headers: Headers): void {
    this.#response.cork(() => {
      this.#writeHead(200, headers)
      this.#response.writeHeader('Transfer-Encoding', 'chunked').endWithoutBody()
    })
    this.#finish()
  }

  #refuse(refusal: Refusal): void {
    const body = Buffer.from(refusal.reason)
    if (closes(refusal)) this.#last(refusal.status, refusal.headers, body)
    else this.#whole(refusal.status, refusal.headers, body)
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

/** As uWebSockets.js tells it, which ends the connection after the answer. */
function asksToClose(request: UwsRequest): boolean {
  return request.getHeader('connection').length === 'close'.length
}

function headOf(request: UwsRequest, response: UwsResponse): RequestHead {
  const headers = new HeaderReader()
  // Not getHeader, which says '' for a header that is empty and for one that is not there, and one of several.
  request.forEach((name, value) => {
    headers.add(name, value)
  })
  return {
    // As it was written: getMethod() would turn it into lower case in place.
    method: request.getCaseSensitiveMethod(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    peer: new Uint8Array(response.getRemoteAddress()),
    host: headers.host,
    authorization: headers.authorization,
    forwarded: headers.forwarded,
    accept: headers.accept,
    acceptEncoding: headers.acceptEncoding,
    timeout: headers.timeout,
    wrong: response.getProxiedRemoteAddress().byteLength > 0 ? PROXIED : headers.wrong,
  }
}
