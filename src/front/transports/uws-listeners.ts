/**
 * The apps of uWebSockets.js that accept connections. uWebSockets.js accepts all connections, reports none before it
 * asks for something (before 20.40, see uws-connections.ts), and ends those that ask for nothing after 8 to 12 s.
 * Meanwhile they can take every file descriptor of the program, and then uWebSockets.js asks the system for the next
 * connection without a pause. It can end only all connections of one app together.
 *
 * So when descriptors run short, a listener at which nothing is being answered is closed with all its connections, and
 * listens again. While something is being answered there, a second listener takes its place.
 *
 * Assumes: only the thread that made it calls it.
 */
import { softLimit } from '../../common/system.js'
import { type DescriptorState, descriptorState } from './file-descriptors.js'
import type { Address } from './listen.js'
import type { Uws, UwsApp, UwsListenSocket, UwsRequest, UwsResponse } from './uws.js'

/** How often descriptors are checked, ms. */
const CHECK_EVERY = 250
/**
 * How often where the number of connections is bounded, ms: then it is the rest of the program that takes descriptors.
 * Each check wakes the thread, which costs more than the check does.
 */
const CHECK_BOUNDED_EVERY = 1000
/**
 * How often they are checked after they ran short, ms, because they may be taken again at once; and for how long, ms.
 */
const WARY_EVERY = 20
const WARY = 2000
/**
 * How long a listener that was replaced stays for the answers that are under way there, ms, if no descriptor is left.
 */
const DRAIN = 1000
/** If ending connections did not help, other code holds the descriptors: when it is tried again, ms. */
const PAUSE = 10_000

export interface UwsListenersSettings {
  readonly uws: Uws
  readonly address: Address
  readonly onRequest: (response: UwsResponse, request: UwsRequest, listener: UwsListener) => void
  /** Called with each app before it listens. */
  readonly watch?: (app: UwsApp) => void
  /** Whether the number of connections is bounded, once an app has been watched. */
  readonly bounded?: () => boolean
  /** Called when connections were ended because descriptors ran short. */
  shed(): void
  /** Called when it could not listen again after that. It keeps trying. */
  shut(): void
  /** Called when it can listen no more, and when it listens again. */
  listens?(listening: boolean): void
  readonly state?: () => DescriptorState
  readonly now?: () => number
}

/** One app. The answers that are under way are counted, so that none is cut without need. */
export class UwsListener {
  readonly app: UwsApp
  socket: UwsListenSocket | undefined
  #answering = 0
  #left: (() => void) | undefined

  constructor({ uws, onRequest, watch }: UwsListenersSettings) {
    this.app = uws.App()
    watch?.(this.app)
    this.app.any('/*', (response, request) => onRequest(response, request, this))
  }

  /** Whether an answer is under way. */
  get busy(): boolean {
    return this.#answering > 0
  }

  begin(): void {
    this.#answering++
  }

  end(): void {
    if (--this.#answering === 0) this.#left?.()
  }

  /** Ends all its connections, and stops listening. */
  close(): void {
    this.#left = undefined
    this.socket = undefined
    this.app.close()
  }

  /** Closes as soon as no answer is under way, but never from within a call of `onRequest`. */
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
  /** The one that was replaced last: its answers may be under way. */
  #other: UwsListener | undefined
  #drainsSince = Number.NEGATIVE_INFINITY
  #notBefore = Number.NEGATIVE_INFINITY
  #waryUntil = Number.NEGATIVE_INFINITY
  #watch: NodeJS.Timeout | undefined
  #open = true
  #told = true

  constructor(settings: UwsListenersSettings) {
    const { state, now = () => performance.now() } = settings
    this.#settings = settings
    const limit = softLimit('open files')
    this.#state = state ?? (() => descriptorState(limit))
    this.#now = now
    this.#listener = new UwsListener(settings)
  }

  /** Listens; returns whether it could. */
  listen(): boolean {
    const { uws, address } = this.#settings
    const listener = this.#listener
    // Without the flag, a second process could listen on the same port, and get every other connection.
    listener.app.listen(address.address, address.port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, listening => {
      if (listening) listener.socket = listening
    })
    return listener.socket !== undefined
  }

  /** Checks the descriptors from now on. */
  watch(): void {
    const every = this.#settings.bounded?.() ? CHECK_BOUNDED_EVERY : CHECK_EVERY
    const wait = this.#now() < this.#waryUntil ? WARY_EVERY : every
    this.#watch = setTimeout(() => {
      this.watch()
      this.check()
    }, wait).unref()
  }

  get port(): number {
    return this.#settings.uws.us_socket_local_port(this.#listener.socket!)
  }

  /** Ends connections if descriptors run short, and listens again if it had to stop. */
  check(): void {
    this.#check()
    const listening = this.#listener.socket !== undefined
    if (listening !== this.#told) this.#settings.listens?.(listening)
    this.#told = listening
  }

  #check(): void {
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
    // If none is left, more connections have come since the last time. They are ended at once, because uWebSockets.js
    // would ask the system for the next connection without a pause.
    if (state === 'enough' || (state === 'short' && now < this.#notBefore)) return
    const drains = this.#other?.busy === true
    if (!this.#listener.busy) this.#listener.close()
    else if (drains) return
    else this.#drain(now)
    this.#settings.shed()
    this.#waryUntil = now + WARY
    state = this.#state()
    if (state !== 'enough') this.#notBefore = now + (this.#other?.busy ? DRAIN : PAUSE)
    // Without a descriptor, uWebSockets.js would try to accept the next connection again and again.
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

  /** Replaces a listener that is busy. */
  #drain(now: number): void {
    const listener = this.#listener
    this.#stop(listener)
    listener.closeWhenLeft()
    this.#other?.close()
    this.#listener = this.#other ?? new UwsListener(this.#settings)
    this.#other = listener
    this.#drainsSince = now
  }
}
