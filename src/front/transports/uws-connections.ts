/**
 * The connections of uWebSockets.js, in releases that report them (`app.filter`, from 20.40 on). Others report requests
 * only; then nothing is counted here.
 *
 * Assumes: the report of an end does not say which connection ended, and an open connection keeps one `onAborted`, which
 * the first request on it replaces. A connection that its peer has reset has no address any more.
 * Guarantees: there are never more connections than `maxConnections`. A connection counts for its address until it has
 * been asked on for the first time and that answer is over. A peer that may not read has no other: its first answer ends
 * the connection. A trusted peer may have more idle connections from one address than `maxConnectionsPerAddress`, if it
 * has got an answer on each.
 */
import { type Peer, peerName } from '../request/request.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import type { UwsApp, UwsResponse } from './uws.js'

/** Counts a connection out. Can be called twice. */
type Leave = () => void

export class UwsConnections {
  readonly #handler: RequestHandler
  #open = 0
  #reported = false
  /** Of connections on which nothing has been asked yet, by address; never more than there are such connections. */
  readonly #unasked = new Map<string, Leave[]>()

  constructor(handler: RequestHandler) {
    this.#handler = handler
  }

  /** Whether this release reports connections. */
  get reported(): boolean {
    return this.#reported
  }

  /** Has an app report its connections, if it can. */
  watch(app: UwsApp): void {
    if (app.filter === undefined) return
    this.#reported = true
    this.#handler.connections.total = () => this.#open
    app.filter((response, change) => this.#changed(response, change))
  }

  /**
   * A request has come from this peer. Returns how the connection is counted out, if it is not counted out yet. It may be
   * the entry of another connection from that address, on which nothing has been asked: then that one counts no more.
   */
  asked(peer: Peer): Leave | undefined {
    const name = peerName(peer)
    const unasked = this.#unasked.get(name)
    const leave = unasked?.pop()
    if (unasked?.length === 0) this.#unasked.delete(name)
    return leave
  }

  #changed(response: UwsResponse, change: number): void {
    if (change > 0) this.#opened(response)
    else this.#open--
  }

  #opened(response: UwsResponse): void {
    const handler = this.#handler
    const peer = new Uint8Array(response.getRemoteAddress())
    // Whoever has reset it before it was accepted has no address, and is nobody's connection.
    const entered = peer.length === 0 ? undefined : handler.connections.enter(peer, handler.trusts(peer))
    // Counted first: close() reports its end at once.
    this.#open++
    if (typeof entered !== 'function') {
      if (entered !== undefined) handler.refused(entered, { peer })
      response.close()
      return
    }
    const name = peerName(peer)
    const others = this.#unasked.get(name)
    if (others === undefined) this.#unasked.set(name, [entered])
    else others.push(entered)
    // Not this one's own entry: a request on another connection may have taken it, and left its own.
    response.onAborted(() => this.asked(peer)?.())
  }
}
