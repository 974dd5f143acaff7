import { type Peer, peerName, type Refusal, refuse } from './request.js'

/** Peers that may not read can have one in so many of all connections, so that they cannot keep out peers that may. */
const STRANGERS = 4

/** Counts the connections, in all and from each address. */
export class Connections {
  readonly #most: number
  readonly #mostEach: number
  readonly #each = new Map<string, number>()
  #strangers = 0
  #open = 0
  /** How many there are in all, if the transport hears of each; it may not know whose they all are. */
  total: (() => number) | undefined

  constructor(most: number, mostEach: number) {
    this.#most = most
    this.#mostEach = mostEach
  }

  get open(): number {
    return Math.max(this.#open, this.total?.() ?? 0)
  }

  /**
   * Counts a connection. Returns a function that counts it out, which can be called twice; or why it is refused.
   * `inTotal` says that `total` has it already.
   */
  enter(peer: Peer, trusted: boolean, inTotal = false): (() => void) | Refusal {
    const name = peerName(peer)
    const has = this.#each.get(name) ?? 0
    if (has >= this.#mostEach)
      return full(`there are ${has} connections from ${name} (option "maxConnectionsPerAddress")`)
    if (!inTotal && this.open >= this.#most)
      return full(`there are ${this.open} connections (option "maxConnections")`)
    if (!trusted && this.#strangers >= this.#most / STRANGERS)
      return full('there are too many connections of peers that may not read')
    this.#each.set(name, has + 1)
    this.#open++
    if (!trusted) this.#strangers++
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      this.#open--
      if (!trusted) this.#strangers--
      const left = this.#each.get(name)! - 1
      if (left === 0) this.#each.delete(name)
      else this.#each.set(name, left)
    }
  }
}

function full(why: string): Refusal {
  return refuse(503, 'connections', why, [['Retry-After', '1']])
}
