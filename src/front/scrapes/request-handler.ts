import { type Log, say } from '../../common/log.js'
import { gzipWhole } from '../../exposition/gzip.js'
import type { Format, ScrapeOptions, Scraper } from '../../exposition/types.js'
import { Connections } from '../request/connections.js'
import { Denials } from '../request/denials.js'
import { inTime, scrapeTimeout } from '../request/headers.js'
import { landingPage } from '../request/landing.js'
import {
  ALWAYS,
  CLOSING,
  decide,
  expositionHeaders,
  type Headers,
  isForwardedByLoopback,
  type Peer,
  type Refusal,
  type RequestHead,
  type Rules,
  refuse,
  type ScrapeRequest,
  untrusted,
} from '../request/request.js'
import { peerBytes, type TrustedHosts } from '../request/trusted-hosts.js'
import { NO_RECORDER, type Recorder } from './recorder.js'
import type { Cut, Reading } from './shared-scrape.js'
import { SharedScrapes } from './shared-scrapes.js'

/** What both transports, and a mounted handler, serve by. */
export interface RequestHandlerSettings {
  readonly scraper: Scraper
  readonly rules: Rules
  readonly selfMetrics: boolean
  readonly log: Log
  /** How long a reader that its transport does not judge may take nothing, ms. uWebSockets.js has 10 s of its own. */
  readonly stallTimeout: number
  /** How long a scrape may take in all, ms. */
  readonly scrapeTimeout: number
  readonly maxConcurrentScrapes: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** How long a scrape waits for its turn, ms. */
  readonly maxWait: number
  /** Private memory for readers that stall, and for those of HTTP/1.0, all together; default 64 MiB. */
  readonly maxCopied?: number
  readonly recorder?: Recorder
  /** Whether all peers come through a Unix socket. */
  readonly local?: boolean
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number
}

/**
 * Opens a scrape; throws a Cut where there is no room. `onCut` hears of one later. `judged` says whether a reader that
 * takes nothing is found by what it was handed (default), or by its transport, which sees more of it.
 */
export type Open = (onCut: (cut: Cut) => void, judged?: boolean) => Reading

/** What a decided request gets: all of it at once, or a scrape to stream. */
export type Answer =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'whole'; readonly headers: Headers; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly headers: Headers; readonly open: Open }

const PAGE: Headers = [
  ['Content-Type', 'text/html; charset=utf-8'],
  // A page without scripts, styles of its own, and nothing from elsewhere.
  ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"],
  ...ALWAYS,
]

/** One request from its first look to the end of its answer. */
export class Exchange {
  bytes = 0
  /** Known once it was looked at. */
  peer: Peer
  #status = 0
  #format: Format | undefined
  readonly #handler: RequestHandler
  readonly #begun: number
  #open = true

  constructor(handler: RequestHandler, begun: number) {
    this.#handler = handler
    this.#begun = begun
  }

  /** What it got; the format stays where it is left out. */
  answered(status: number, format?: Format): void {
    this.#status = status
    this.#format ??= format
  }

  /** It did not get all of it: the reader went away, unless it was cut or the scrape failed. */
  aborted(): void {
    if (this.#status < 500) this.#status = 0
  }

  /** Can be called twice. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#handler.left(this.#begun, this.#status, this.#format, this.bytes)
  }
}

/** What both transports do alike between reading a request and writing an answer. */
export class RequestHandler {
  readonly scrapes: SharedScrapes
  readonly connections: Connections
  readonly #settings: RequestHandlerSettings
  readonly #recorder: Recorder
  readonly #denials: Denials
  readonly #now: () => number
  readonly #idle = new Set<() => void>()
  readonly #unwatch: () => void
  #rules: Rules
  #inFlight = 0
  #closing = false
  #forwardedNoticed = false
  #shedNoticed = false
  #shutNoticed = false

  constructor(settings: RequestHandlerSettings) {
    const { now = () => performance.now(), recorder = NO_RECORDER } = settings
    this.#settings = settings
    this.#rules = settings.rules
    this.#recorder = recorder
    this.#now = now
    this.#denials = new Denials(settings.log, now)
    this.scrapes = new SharedScrapes({ ...settings, now, onCut: reason => recorder.cut(reason) })
    this.connections = new Connections(settings.maxConnections, settings.maxConnectionsPerAddress)
    // Slots are the last thing that readers who stall can take from the others.
    settings.scraper.starving = () => this.scrapes.starved()
    this.#unwatch = recorder.watch({
      inFlight: () => this.#inFlight,
      waiting: () => this.scrapes.waiting,
      running: () => this.scrapes.running,
      connections: () => this.connections.open,
    })
  }

  trust(trusted: TrustedHosts): void {
    this.#rules = { ...this.#rules, trusted }
  }

  /** Begins the answer to a request; to be ended whatever becomes of it. */
  begin(): Exchange {
    this.#inFlight++
    return new Exchange(this, this.#now())
  }

  answer(head: RequestHead, exchange: Exchange): Answer {
    exchange.peer = head.peer
    if (!this.#forwardedNoticed && isForwardedByLoopback(head)) this.#noticeForwarded()
    const decision = decide(head, this.#rules)
    if (decision.kind === 'refuse') return this.refused(decision, head, exchange)
    if (this.#closing) return this.refused(CLOSING, head, exchange)
    if (decision.kind === 'landing') {
      exchange.answered(200)
      return { kind: 'whole', headers: PAGE, bytes: Buffer.from(landingPage(this.#rules, this.#figures())) }
    }
    return this.#scrape(decision, head, exchange)
  }

  #scrape(request: ScrapeRequest, head: RequestHead, exchange: Exchange): Answer {
    const { format, prefix, contentType } = request
    const options: ScrapeOptions = { format, prefix, selfMetrics: this.#settings.selfMetrics }
    const { scraper, rules } = this.#settings
    const gzip = request.gzip ? rules.gzip : undefined
    exchange.answered(200, format)
    if (options.selfMetrics) this.#recorder.refresh()
    try {
      const bytes = scraper.small(options)
      if (bytes !== undefined) {
        const compressed = gzip !== undefined && bytes.length >= gzip.threshold
        const headers = expositionHeaders(contentType, compressed)
        return { kind: 'whole', headers, bytes: compressed ? gzipWhole(bytes, gzip.level) : bytes }
      }
    } catch (error) {
      return { kind: 'refuse', refusal: this.failed(error, exchange) }
    }
    const asked = scrapeTimeout(head.timeout)
    const most = this.#settings.scrapeTimeout
    const deadline = this.#now() + (asked === undefined ? most : Math.min(most, inTime(asked)))
    const key = `${format} ${prefix} ${gzip?.level ?? ''}`
    const asking = gzip === undefined ? options : { ...options, gzip: { level: gzip.level } }
    return {
      kind: 'stream',
      headers: expositionHeaders(contentType, gzip !== undefined),
      open: (onCut, judged) => this.scrapes.open(key, () => scraper.open(asking), deadline, onCut, judged),
    }
  }

  /** Who is at the other end of a connection of node's. */
  peerOf(socket: { readonly remoteAddress?: string | undefined }): Peer {
    return this.#settings.local ? 'local' : peerBytes(socket.remoteAddress)
  }

  /** Whether this peer may read, by its address. */
  trusts(peer: Peer): boolean {
    return peer === 'local' || (peer !== undefined && this.#rules.trusted.hasBytes(peer))
  }

  /** What a refusal is for this peer: one that may not read learns nothing else. */
  judge(refusal: Refusal, peer: Peer): Refusal {
    return this.trusts(peer) ? refusal : untrusted(peer)
  }

  /** A reader is cut by its transport, for it has taken nothing for too long. */
  stalled(exchange: Exchange): void {
    exchange.answered(503)
    this.#recorder.cut('stalled')
  }

  /** Counts a refusal, and logs what an operator may want to know. */
  refused(refusal: Refusal, head: Pick<RequestHead, 'peer'>, exchange?: Exchange): Answer {
    exchange?.answered(refusal.status)
    this.#recorder.denied(refusal.denial)
    this.#denials.note(refusal, head.peer)
    return { kind: 'refuse', refusal }
  }

  /**
   * What to tell a reader of a Cut, or of a scrape that failed, which is logged; `begun` says that it has got a part of
   * its answer, and can be told nothing else.
   */
  failed(error: unknown, exchange: Exchange, begun = false): Refusal {
    const refusal = refusalOf(error)
    if (refusal !== undefined) {
      if (begun) exchange.answered(refusal.status)
      else this.refused(refusal, exchange, exchange)
      return refusal
    }
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    say(this.#settings.log, {
      level: 'error',
      code: 'scrape-failed',
      message: `a scrape failed: ${why}`,
    })
    exchange.answered(500)
    this.#recorder.denied('failed')
    return refuse(500, 'failed', 'the scrape failed')
  }

  /** Connections that asked for nothing were ended, for want of file descriptors: counted once for all of them. */
  shed(): void {
    this.#recorder.denied('connections')
    if (this.#shedNoticed) return
    this.#shedNoticed = true
    say(this.#settings.log, {
      level: 'warn',
      code: 'front-descriptors',
      message:
        'the process runs short of file descriptors (ulimit -n): the front has ended its connections that asked for ' +
        'nothing, and does so from now on whenever it must',
    })
  }

  /** Nobody can connect: the address could not be listened on again. */
  shut(): void {
    if (this.#shutNoticed) return
    this.#shutNoticed = true
    say(this.#settings.log, {
      level: 'error',
      code: 'front-shut',
      message: 'the front could not listen again after it ran short of file descriptors, and tries on',
    })
  }

  /** @internal called by Exchange.end */
  left(begun: number, status: number, format: Format | undefined, bytes: number): void {
    this.#recorder.answered(status, format, (this.#now() - begun) / 1000, bytes)
    if (--this.#inFlight === 0) for (const wake of [...this.#idle]) wake()
  }

  /** Refuses what is asked from now on; resolves when nothing is being sent, after `grace` ms at most: then who still reads is cut. */
  quiesce(grace: number): Promise<void> {
    this.#closing = true
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#idle.delete(wake)
        resolve()
      }
      const timer = setTimeout(() => {
        this.scrapes.close()
        wake()
      }, grace)
      this.#idle.add(wake)
    })
  }

  /** As quiesce; its gauges are none of its thread's any more then. */
  async end(grace: number): Promise<void> {
    await this.quiesce(grace)
    this.#unwatch()
  }

  #figures(): [what: string, value: number][] {
    return [
      ['requests being answered', this.#inFlight],
      ['scrapes being encoded', this.scrapes.running],
      ['readers that wait for a permit to scrape', this.scrapes.waiting],
      ...this.#recorder.figures(),
    ]
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

function refusalOf(error: unknown): Refusal | undefined {
  if (typeof error !== 'object' || error === null || !('refusal' in error)) return undefined
  return (error as Cut).refusal
}
