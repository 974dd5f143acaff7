/**
 * What is being answered on a connection of node:http. Node tells an answer that waits behind another one nothing of
 * the connection's end, and cuts off nobody who takes nothing; of a socket's own timeout it makes use itself, for
 * connections that are kept.
 *
 * Assumes: one thread; a connection's answers are followed from their beginning on.
 * Guarantees: each answer hears of its end once; a peer is cut only when the system took none of what waits for it in
 * so many looks one after the other. Looks are counted, and not time, so that a thread that was held up itself blames
 * nobody for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { cutSocket, taken } from './socket.js'

/** One answer, as its connection sees it. */
export interface AnswerListener {
  /** It is over: taken whole, cut, or its connection has gone. Called once. */
  ended(): void
  /** The peer sends nothing any more: it has gone, or will take what was said already. */
  left(): void
  /** The peer has taken something. Told to the answer that is being sent. */
  took(): void
  /** The peer has taken nothing for too long: the connection is about to be cut. Told to the answer that is being sent. */
  stalled(): void
}

/** A connection is looked at so often in the time that its peer has, */
const LOOKS = 4
/** and at least so often, ms: where readers press on each other, who takes nothing is known by what was seen. */
const MAX_PAUSE = 250

class Connection {
  readonly #socket: Socket
  readonly #answers = new Set<AnswerListener>()
  #timer: NodeJS.Timeout | undefined
  /** What comes from now on is not answered. */
  full = false

  constructor(socket: Socket) {
    this.#socket = socket
    // One listener for all, for there may be many answers.
    socket.once('close', () => {
      for (const answer of [...this.#answers]) this.end(answer)
    })
    // Before node's own, which ends the socket: one that was ended cannot be reset.
    socket.prependOnceListener('end', () => {
      for (const answer of [...this.#answers]) answer.left()
    })
  }

  get open(): number {
    return this.#answers.size
  }

  begin(answer: AnswerListener, stallTimeout: number): number {
    this.#answers.add(answer)
    if (stallTimeout > 0) this.#timer ??= this.#watch(stallTimeout)
    return this.#answers.size
  }

  end(answer: AnswerListener): void {
    if (!this.#answers.delete(answer)) return
    if (this.#answers.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    answer.ended()
  }

  #watch(stallTimeout: number): NodeJS.Timeout {
    const pause = Math.min(MAX_PAUSE, stallTimeout / LOOKS)
    const most = Math.ceil(stallTimeout / pause)
    let before = taken(this.#socket)
    let looks = 0
    return setInterval(() => {
      const now = taken(this.#socket)
      const [sending] = this.#answers
      if (now !== before) sending?.took()
      // What waits for its encoding is no fault of the peer's.
      looks = now === before && this.#socket.writableLength > 0 ? looks + 1 : 0
      before = now
      if (looks < most) return
      sending?.stalled()
      cutSocket(this.#socket)
    }, pause).unref()
  }
}

const connections = new WeakMap<Socket, Connection>()

/**
 * Reads no more from a connection, whose last answer is under way: what is sent on costs nothing from now on, but for
 * what was read already.
 */
export function readNoMore(socket: Socket): void {
  const connection = connections.get(socket)
  if (connection !== undefined) connection.full = true
  socket.pause()
}

/** Whether nothing more is read from it. */
export function isReadNoMore(socket: Socket): boolean {
  return connections.get(socket)?.full ?? false
}

/** Whether something is being answered on a connection. */
export function isAnswering(socket: Socket): boolean {
  return (connections.get(socket)?.open ?? 0) > 0
}

/**
 * Follows an answer to its end; `stallTimeout` is how long the peer may take nothing, ms, 0 for ever. Returns how many
 * answers the connection has open, this one among them.
 */
export function follow(
  { socket }: IncomingMessage,
  response: ServerResponse,
  stallTimeout: number,
  answer: AnswerListener,
): number {
  let connection = connections.get(socket)
  if (connection === undefined) {
    connection = new Connection(socket)
    connections.set(socket, connection)
  }
  response.once('close', () => connection.end(answer))
  return connection.begin(answer, stallTimeout)
}
