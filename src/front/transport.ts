import type { Scrape, Scraper } from '../encode/types.js'
import type { Log } from '../log.js'
import { say } from '../log.js'
import type { TransportName } from './choose.js'
import type { Address } from './listen.js'
import { listenText } from './listen.js'
import {
  decide,
  isForwardedByLoopback,
  type Refusal,
  type RequestHead,
  refuse,
  type Serve,
} from './request.js'
import type { TrustedHosts } from './trusted-hosts.js'

export interface TransportSettings {
  readonly listen: Address
  readonly trusted: TrustedHosts
  readonly scraper: Scraper
  readonly selfMetrics: boolean
  readonly log: Log
  /** How long a reader may take nothing before it is cut off, in ms. uWebSockets.js has 10 s of its own. */
  readonly stallTimeout: number
  /** Once aborted, nothing is opened any more. */
  readonly signal?: AbortSignal
}

/** A listening server of either kind. */
export interface Transport {
  readonly name: TransportName
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly address: Address
  /** Listens no longer, lets what is being sent go on for `grace` ms at most, then cuts every connection. */
  close(grace: number): Promise<void>
  /** Cuts everything at once, synchronously: for a thread that is about to end. */
  destroy(): void
}

/** What a decided request gets: all of it at once, or a scrape to stream. */
export type Answer =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | {
      readonly kind: 'whole'
      readonly serve: Serve
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'stream'; readonly serve: Serve; open(): Scrape }

/** What both transports do alike between reading a request and writing an answer. */
export class Desk {
  readonly #settings: TransportSettings
  readonly #waiting = new Set<() => void>()
  #inFlight = 0
  #closing = false
  #forwardedNoticed = false

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  answer(head: RequestHead): Answer {
    if (!this.#forwardedNoticed && isForwardedByLoopback(head)) this.#noticeForwarded()
    const decision = decide(head, this.#settings.trusted)
    if (decision.kind === 'refuse') return { kind: 'refuse', refusal: decision }
    if (this.#closing) return { kind: 'refuse', refusal: refuse(503, 'this front is closing') }
    const { format, prefix } = decision
    const options = { format, prefix, selfMetrics: this.#settings.selfMetrics }
    try {
      const bytes = this.#settings.scraper.small(options)
      if (bytes !== undefined) return { kind: 'whole', serve: decision, bytes }
    } catch (error) {
      return { kind: 'refuse', refusal: this.failed(error) }
    }
    return {
      kind: 'stream',
      serve: decision,
      open: () => this.#settings.scraper.open(options),
    }
  }

  /** Logs a scrape that failed; returns what to tell the reader if it was told nothing yet. */
  failed(error: unknown): Refusal {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    say(this.#settings.log, {
      level: 'error',
      code: 'scrape-failed',
      message: `a scrape failed: ${why}`,
    })
    return refuse(500, 'the scrape failed')
  }

  /** Counts an answer as being sent until the function returned is called; that can be called twice. */
  begin(): () => void {
    let open = true
    this.#inFlight++
    return () => {
      if (!open) return
      open = false
      if (--this.#inFlight === 0) for (const wake of [...this.#waiting]) wake()
    }
  }

  /** Refuses what is asked from now on; resolves when nothing is being sent, or after `grace` ms. */
  quiesce(grace: number): Promise<void> {
    this.#closing = true
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, grace)
      this.#waiting.add(wake)
    })
  }

  #noticeForwarded(): void {
    this.#forwardedNoticed = true
    say(this.#settings.log, {
      level: 'warn',
      code: 'forwarded-ignored',
      message:
        'a request came from a loopback address with X-Forwarded-For or Forwarded: these are ignored, so that ' +
        'behind a proxy on this machine everybody is trusted whom the proxy lets through',
    })
  }
}

/** An address that could not be listened on, with the option, its value and the system's reason. */
export function listenError(listen: Address, cause: unknown): Error {
  const { code, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'permission denied',
    EAFNOSUPPORT: 'this address family is not supported here',
  }
  const told = cause instanceof Error ? cause.message : String(cause)
  const why = code === undefined ? told : `${reasons[code] ?? told} (${syscall ?? 'listen'} ${code})`
  return Object.assign(
    new Error(`option "listen": ${JSON.stringify(listenText(listen))} cannot be used: ${why}`),
    {
      ...(code === undefined ? {} : { code }),
      cause,
    },
  )
}
