/**
 * What is being answered on a connection of node:http. Node tells an answer that waits behind another one nothing of
 * the connection's end, and cuts off nobody who takes nothing; of a socket's own timeout it makes use itself, for
 * connections that are kept.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One answer, as its connection sees it. */
export interface Answering {
  /** It is over: taken whole, cut, or its connection has gone. Called once. */
  ended(): void
  /** The peer sends nothing any more: it has gone, or will take what was said already. */
  left(): void
}

/** A connection that is found to have taken nothing is looked at so often in the time that it has. */
const LOOKS = 4

class Connection {
  readonly #socket: Socket
  readonly #answers = new Set<Answering>()
  #timer: NodeJS.Timeout | undefined

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

  begin(answer: Answering, stallTimeout: number): number {
    this.#answers.add(answer)
    if (stallTimeout > 0) this.#timer ??= this.#watch(stallTimeout)
    return this.#answers.size
  }

  end(answer: Answering): void {
    if (!this.#answers.delete(answer)) return
    if (this.#answers.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    answer.ended()
  }

  #watch(stallTimeout: number): NodeJS.Timeout {
    let waiting = 0
    let looks = 0
    return setInterval(() => {
      const { writableLength } = this.#socket
      looks = writableLength > 0 && writableLength === waiting ? looks + 1 : 0
      waiting = writableLength
      if (looks >= LOOKS) this.#socket.destroy()
    }, stallTimeout / LOOKS).unref()
  }
}

const connections = new WeakMap<Socket, Connection>()

/**
 * Follows an answer to its end; `stallTimeout` is how long the peer may take nothing, ms, 0 for ever. Returns how many
 * answers the connection has open, this one among them.
 */
export function follow(
  { socket }: IncomingMessage,
  response: ServerResponse,
  stallTimeout: number,
  answer: Answering,
): number {
  let connection = connections.get(socket)
  if (connection === undefined) {
    connection = new Connection(socket)
    connections.set(socket, connection)
  }
  response.once('close', () => connection.end(answer))
  return connection.begin(answer, stallTimeout)
}
