/**
 * Where connections come in through uWebSockets.js. It accepts all that there are, tells of none before it asks for
 * something, and ends those that ask for nothing after 8 to 12 s: meanwhile they can take every file descriptor of the
 * program, and then it asks the system for the next one without a pause. Only all connections of one app can be ended.
 *
 * So where descriptors run short, the app of a listener at which nothing is being answered is closed, with all that wait
 * there, and listens again. Where something is, another listener listens in its place until that is done.
 * The one thread that made it calls it.
 */
import { type DescriptorState, descriptorLimit, descriptorState } from './file-descriptors.js'
import type { Address } from './listen.js'
import type { Uws, UwsApp, UwsListenSocket, UwsRequest, UwsResponse } from './uws.js'

/** How often it is looked whether descriptors run short, ms; and how often where they just did: they may be taken again. */
const LOOK = 250
const LOOK_AGAIN = 20
/** For so long, ms. */
const WARY = 2000
/** How long a listener stays for what is being answered there, ms. */
const DRAIN = 1000
/** Where ending connections did not help, others have the descriptors: when it is tried again, ms. */
const PAUSE = 10_000

export interface UwsListenersSettings {
  readonly uws: Uws
  readonly address: Address
  readonly onRequest: (response: UwsResponse, request: UwsRequest, listener: UwsListener) => void
  /** Connections were ended for want of descriptors. */
  shed(): void
  /** It could not listen again after that; it is tried on. */
  shut(): void
  readonly state?: () => DescriptorState
  readonly now?: () => number
}

/** One app. Its answers are counted, so that none is cut off without need. */
export class UwsListener {
  readonly app: UwsApp
  socket: UwsListenSocket | undefined
  #answering = 0
  #left: (() => void) | undefined

  constructor(uws: Uws, onRequest: UwsListenersSettings['onRequest']) {
    this.app = uws.App()
    this.app.any('/*', (response, request) => onRequest(response, request, this))
  }

  get busy(): boolean {
    return this.#answering > 0
  }

  begin(): void {
    this.#answering++
  }

  end(): void {
    if (--this.#answering === 0) this.#left?.()
  }

  /** Ends all connections, and listening. */
  close(): void {
    this.#left = undefined
    this.socket = undefined
    this.app.close()
  }

  /** As soon as nothing is being answered, but not from within a request's handler. */
  closeWhenLeft(): void {
    this.#left = () => {
      setImmediate(() => {
        if (this.#left !== undefined && !this.busy) this.close()
      })
    }
  }
}

export class UwsListeners {
  readonly #settings: UwsListenersSettings
  readonly #state: () => DescriptorState
  readonly #now: () => number
  #listener: UwsListener
  #other: UwsListener | undefined
  #drainsSince = Number.NEGATIVE_INFINITY
  #notBefore = Number.NEGATIVE_INFINITY
  #waryUntil = Number.NEGATIVE_INFINITY
  #watch: NodeJS.Timeout | undefined
  #open = true

  constructor(settings: UwsListenersSettings) {
    const { uws, onRequest, state, now = () => performance.now() } = settings
    this.#settings = settings
    const limit = descriptorLimit()
    this.#state = state ?? (() => descriptorState(limit))
    this.#now = now
    this.#listener = new UwsListener(uws, onRequest)
  }

  /** Whether it can listen. */
  listen(): boolean {
    const { uws, address } = this.#settings
    const listener = this.#listener
    // Without the flag a second process could listen on the same port, and take every other connection.
    listener.app.listen(address.address, address.port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, listening => {
      if (listening) listener.socket = listening
    })
    return listener.socket !== undefined
  }

  /** From now on looks after the descriptors. */
  watch(): void {
    const wait = this.#now() < this.#waryUntil ? LOOK_AGAIN : LOOK
    this.#watch = setTimeout(() => {
      this.watch()
      this.look()
    }, wait).unref()
  }

  get port(): number {
    return this.#settings.uws.us_socket_local_port(this.#listener.socket!)
  }

  /** Makes room where descriptors run short, and listens again where that was given up. */
  look(): void {
    const now = this.#now()
    let state = this.#state()
    if (state === 'out' && this.#other?.busy && now - this.#drainsSince >= DRAIN) {
      this.#other.close()
      state = this.#state()
    }
    if (this.#listener.socket === undefined) {
      if (state !== 'out') this.#listenAgain()
      return
    }
    // With none left, more have come since: they are ended at once, or the system is asked for the next without a pause.
    if (state === 'enough' || (state === 'short' && now < this.#notBefore)) return
    const drains = this.#other?.busy === true
    if (!this.#listener.busy) this.#listener.close()
    else if (drains) return
    else this.#drain(now)
    this.#settings.shed()
    this.#waryUntil = now + WARY
    state = this.#state()
    if (state !== 'enough') this.#notBefore = now + (this.#other?.busy ? DRAIN : PAUSE)
    // Whom there is no descriptor for would be tried for again and again.
    if (state !== 'out') this.#listenAgain()
  }

  stopListening(): void {
    clearTimeout(this.#watch)
    this.#stop(this.#listener)
  }

  destroy(): void {
    this.stopListening()
    if (!this.#open) return
    this.#open = false
    this.#listener.close()
    this.#other?.close()
  }

  #stop(listener: UwsListener): void {
    if (listener.socket !== undefined) this.#settings.uws.us_listen_socket_close(listener.socket)
    listener.socket = undefined
  }

  #listenAgain(): void {
    if (!this.listen()) this.#settings.shut()
  }

  /** Puts another listener in the place of one that is busy. */
  #drain(now: number): void {
    const { uws, onRequest } = this.#settings
    const listener = this.#listener
    this.#stop(listener)
    listener.closeWhenLeft()
    this.#other?.close()
    this.#listener = this.#other ?? new UwsListener(uws, onRequest)
    this.#other = listener
    this.#drainsSince = now
  }
}
