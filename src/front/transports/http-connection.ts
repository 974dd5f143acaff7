/**
 * The answers that are under way on a connection of node:http. Node does not notify an answer that waits behind another
 * one when the connection ends, and does not cut peers that take nothing. The socket's own timeout cannot be used for
 * that, because node uses it for connections that are kept alive.
 *
 * Assumes: one thread. A connection's answers are followed from their beginning.
 * Guarantees: each answer is notified of its end once. A peer is cut only if the system took none of what waits for it
 * at so many checks in a row. Checks are counted instead of time, so that a thread that was held up itself does not
 * blame a peer for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { cutSocket, taken } from './socket.js'

/** What an answer is notified of. */
export interface AnswerListener {
  /** It is over: it was taken whole or cut, or its connection has ended. Called once. */
  ended(): void
  /** The peer sends nothing more: it has gone, or only reads what was sent already. */
  left(): void
  /** The peer has taken something. Called on the answer that is being sent. */
  took(): void
  /** The peer has taken nothing for too long, and is about to be cut. Called on the answer that is being sent. */
  stalled(): void
}

/** How often a connection is checked within `stallTimeout`. */
const CHECKS = 4
/**
 * The longest time between two checks, ms: when readers compete for memory, the checks show which of them takes
 * nothing.
 */
const MAX_PAUSE = 250

class Connection {
  readonly #socket: Socket
  readonly #answers = new Set<AnswerListener>()
  #timer: NodeJS.Timeout | undefined
  /** Whether no more requests of it are answered. */
  readNoMore = false

  constructor(socket: Socket) {
    this.#socket = socket
    // One listener for all answers, because there may be many.
    socket.once('close', () => {
      for (const answer of [...this.#answers]) this.end(answer)
    })
    // Before node's own listener, which ends the socket: a socket that was ended cannot be reset.
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
    const pause = Math.min(MAX_PAUSE, stallTimeout / CHECKS)
    const most = Math.ceil(stallTimeout / pause)
    let before = taken(this.#socket)
    let idle = 0
    return setInterval(() => {
      const now = taken(this.#socket)
      const [sending] = this.#answers
      if (now !== before) sending?.took()
      // If nothing is written, the answer waits for its encoding, which is no fault of the peer.
      idle = now === before && this.#socket.writableLength > 0 ? idle + 1 : 0
      before = now
      if (idle < most) return
      sending?.stalled()
      cutSocket(this.#socket)
    }, pause).unref()
  }
}

const connections = new WeakMap<Socket, Connection>()

/**
 * Reads no more from a connection, whose last answer is under way. Further requests then cost nothing, except those
 * that were read already.
 */
export function readNoMore(socket: Socket): void {
  const connection = connections.get(socket)
  if (connection !== undefined) connection.readNoMore = true
  socket.pause()
}

/** Whether nothing more is read from it. */
export function isReadNoMore(socket: Socket): boolean {
  return connections.get(socket)?.readNoMore ?? false
}

/** Whether an answer is under way on a connection. */
export function isAnswering(socket: Socket): boolean {
  return (connections.get(socket)?.open ?? 0) > 0
}

/**
 * Follows an answer to its end. `stallTimeout` is how long the peer may take nothing, ms; 0 for no limit. Returns how
 * many answers of the connection are under way, with this one.
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
