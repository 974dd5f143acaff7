/** One request and its answer, over one connection. */
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Answer, Failure } from './outcome.js'
import { writeBody } from './write-body.js'

export interface Call {
  readonly url: URL
  readonly agent: Agent
  readonly method: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
}

export interface Exchanged {
  /** What came of an answer. Its body is what came before `failure`, if there is one. */
  readonly answer: Answer | undefined
  /** Why the exchange did not come to its end. */
  readonly failure: Failure | undefined
  /** Whether it failed because the receiver was about to close a kept connection as it was used again. */
  readonly stale: boolean
  /** Bytes of the body that were written. */
  readonly sent: number
}

/** The most that is kept of an answer's body, bytes. */
export const MAX_ANSWER = 64 * 1024

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299
}

/** Never rejects but for what Node says of a call that cannot be made. `stop` ends it, with a Failure as its reason. */
export function exchange(call: Call, stop: AbortSignal): Promise<Exchanged> {
  return new Promise(resolve => new Exchange(call, stop, resolve))
}

class Exchange {
  readonly #stop: AbortSignal
  readonly #resolve: (exchanged: Exchanged) => void
  readonly #request: ClientRequest
  /** Aborts when no more of the body need be sent. */
  readonly #enough = new AbortController()
  readonly #stopped = () => this.#end(this.#stop.reason as Failure)
  #writing: Promise<number>
  #response: IncomingMessage | undefined
  #parts: Buffer[] = []
  #size = 0
  #sentAll = false
  #closed = false
  #ended = false

  constructor(call: Call, stop: AbortSignal, resolve: (exchanged: Exchanged) => void) {
    this.#stop = stop
    this.#resolve = resolve
    const { url, agent, method, headers, body } = call
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
      agent,
      method,
      // The brackets of an IPv6 address belong to the url.
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      path: url.pathname + url.search,
      headers: body instanceof Uint8Array ? { ...headers, 'content-length': String(body.length) } : headers,
    })
    this.#request = request
    request.on('socket', listenForErrors)
    request.on('error', error => this.#end(failureOf(error)))
    request.on('close', () => this.#requestClosed())
    request.on('response', response => this.#answered(response))
    stop.addEventListener('abort', this.#stopped)
    this.#writing = this.#write(body)
    if (stop.aborted) this.#stopped()
  }

  async #write(body: Call['body']): Promise<number> {
    try {
      const { sent, all } = await writeBody(this.#request, body, this.#enough.signal)
      this.#sentAll = all
      return sent
    } catch (error) {
      this.#end({ reason: 'body', why: `the body could not be made: ${(error as Error)?.message ?? error}` })
      return 0
    }
  }

  #answered(response: IncomingMessage): void {
    this.#response = response
    // A receiver that has refused a body need not get the rest of it.
    if (!isSuccess(response.statusCode!)) this.#enough.abort()
    response.on('data', (part: Buffer) => {
      this.#parts.push(part)
      this.#size += part.length
      if (this.#size > MAX_ANSWER) this.#end(undefined)
    })
    response.on('end', () => this.#perhapsDone())
    response.on('error', error => this.#end(failureOf(error)))
  }

  /** A success counts once all was sent: it can be answered before. */
  #perhapsDone(): void {
    const response = this.#response
    if (response?.readableEnded !== true) return
    if (this.#sentAll || !isSuccess(response.statusCode!)) this.#end(undefined)
    else if (this.#closed) this.#end(CLOSED)
  }

  /**
   * Comes after each exchange, also where the connection is kept. The end of an answer can come after it, as what is left
   * of it is still read; and so can word of the last write.
   */
  #requestClosed(): void {
    this.#closed = true
    this.#enough.abort()
    if (this.#response === undefined) this.#end(CLOSED)
    else void this.#writing.then(() => this.#perhapsDone())
  }

  #end(failure: Failure | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#stop.removeEventListener('abort', this.#stopped)
    this.#enough.abort()
    const { statusCode: status, headers } = this.#response ?? {}
    // Only after a whole exchange does another one follow over the connection.
    const whole = failure === undefined && this.#sentAll && this.#size <= MAX_ANSWER
    if (!whole) this.#request.destroy()
    const answer =
      status === undefined
        ? undefined
        : {
            status,
            headers: headers!,
            body: Buffer.concat(this.#parts, Math.min(this.#size, MAX_ANSWER)),
            cut: this.#size > MAX_ANSWER,
          }
    const stale =
      this.#request.reusedSocket && (answer?.status === IDLE || (answer === undefined && isReset(failure)))
    this.#parts = []
    void this.#writing.then(sent => this.#resolve({ answer, failure, stale, sent }))
  }
}

/**
 * Where a receiver resets a connection after its answer, and before it has the body, Node up to 22 closes the request and
 * then has the socket emit an error that nobody listens for. That would end the thread.
 */
function listenForErrors(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore)
}

function ignore(): void {}

/** Request Timeout: on a kept connection it is what some proxies say as they close it, whatever was sent just then. */
const IDLE = 408
const CLOSED: Failure = { reason: 'ECONNRESET', why: 'the connection was closed' }

function isReset(failure: Failure | undefined): boolean {
  return failure !== undefined && ['ECONNRESET', 'EPIPE'].includes(failure.reason)
}

/** An error of a socket, of TLS or of the parser. None of their messages has what was sent in it. */
function failureOf(error: NodeJS.ErrnoException & { errors?: Error[] }): Failure {
  const { code, message, name } = error
  // Where several addresses were tried, each has a message, and the whole has none.
  const text = message || (error.errors ?? []).map(({ message }) => message).join(', ')
  const line = text.split('\n')[0] || code || name
  return { reason: code ?? name, why: code === undefined || line.includes(code) ? line : `${line} (${code})` }
}
