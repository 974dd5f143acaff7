import { isDamage, thrown } from '../../common/errors.js'
import { type Log, logEvent } from '../../common/log.js'
import { gzipWhole } from '../../exposition/gzip.js'
import type { ScrapeOptions, Scraper } from '../../exposition/types.js'
import { Connections } from '../request/connections.js'
import { Denials } from '../request/denials.js'
import { inTime, scrapeTimeout } from '../request/headers.js'
import { landingPage } from '../request/landing.js'
import {
  ALWAYS,
  CLOSING,
  type DashboardRequest,
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
import type { Answer } from './answer.js'
import { Cut } from './cut.js'
import { Dashboard } from './dashboard.js'
import { Exchange } from './exchange.js'
import { NO_RECORDER, type Recorder } from './recorder.js'
import { SharedScrapes } from './shared-scrapes.js'

/** What a front, or a handler that is mounted in another server, answers by. */
export interface RequestHandlerSettings {
  readonly scraper: Scraper
  readonly rules: Rules
  readonly selfMetrics: boolean
  /** Default false. */
  readonly created?: boolean
  readonly log: Log
  /**
   * How long a reader may take nothing, ms, unless its transport judges that. uWebSockets.js has a limit of 10 s of its
   * own.
   */
  readonly stallTimeout: number
  /** How long a scrape may take in all, ms. */
  readonly scrapeTimeout: number
  readonly maxConcurrentScrapes: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** How long a scrape waits for a permit, ms. */
  readonly maxWait: number
  /** Private memory for all readers that stall, and for all of HTTP/1.0, bytes; default 64 MiB. */
  readonly maxCopied?: number
  readonly recorder?: Recorder
  /** Whether all peers come through a Unix socket. */
  readonly local?: boolean
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number
}

const PAGE: Headers = [
  ['Content-Type', 'text/html; charset=utf-8'],
  // The page has no scripts, its own styles, and loads nothing.
  ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"],
  ...ALWAYS,
]

/** What both transports do alike between reading a request and writing an answer. */
export class RequestHandler {
  readonly scrapes: SharedScrapes
  readonly connections: Connections
  readonly #settings: RequestHandlerSettings
  readonly #recorder: Recorder
  readonly #denials: Denials
  readonly #now: () => number
  readonly #dashboard: Dashboard
  readonly #idle = new Set<() => void>()
  readonly #unwatch: () => void
  #rules: Rules
  #inFlight = 0
  #closing = false
  #forwardedNoticed = false
  #shedNoticed = false
  #shutNoticed = false
  /** What was said of a damaged memory. */
  readonly #damages = new Set<string>()

  constructor(settings: RequestHandlerSettings) {
    const { now = () => performance.now(), recorder = NO_RECORDER } = settings
    this.#settings = settings
    this.#rules = settings.rules
    this.#recorder = recorder
    this.#now = now
    this.#denials = new Denials(settings.log, now)
    this.scrapes = new SharedScrapes({ ...settings, now, onCut: reason => recorder.cut(reason) })
    this.#dashboard = new Dashboard({
      ...{
        scraper: settings.scraper,
        selfMetrics: settings.selfMetrics,
        scrapeTimeout: settings.scrapeTimeout,
      },
      ...{ scrapes: this.scrapes, gzip: settings.rules.gzip, now },
      refresh: () => recorder.refresh(),
    })
    this.connections = new Connections(settings.maxConnections, settings.maxConnectionsPerAddress)
    // When slots are lacking, readers that stall must give theirs back.
    settings.scraper.starving = () => this.scrapes.starved()
    this.#unwatch = recorder.watch({
      inFlight: () => this.#inFlight,
      waiting: () => this.scrapes.waiting,
      running: () => this.scrapes.running,
      connections: () => this.connections.open,
    })
  }

  /** Who may read from now on. */
  trust(trusted: TrustedHosts): void {
    this.#rules = { ...this.#rules, trusted }
  }

  /** Begins an exchange. The caller ends it whatever becomes of the request. */
  begin(): Exchange {
    this.#inFlight++
    return new Exchange(this.#now(), this.#ended)
  }

  /** Decides what a request gets. */
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
    if (decision.kind === 'dashboard') return this.#answerDashboard(decision, exchange)
    return this.#scrape(decision, head, exchange)
  }

  #answerDashboard(request: DashboardRequest, exchange: Exchange): Answer {
    exchange.answered(200)
    try {
      return this.#dashboard.answer(request)
    } catch (error) {
      return { kind: 'refuse', refusal: this.failed(error, exchange) }
    }
  }

  #scrape(request: ScrapeRequest, head: RequestHead, exchange: Exchange): Answer {
    const { format, prefix, contentType, names } = request
    const { selfMetrics, created = false } = this.#settings
    const more = { ...(created && { created }), ...(names !== undefined && { names }) }
    const options: ScrapeOptions = { format, prefix, selfMetrics, ...more }
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
    const key = JSON.stringify([format, prefix, gzip?.level, names])
    const asking = gzip === undefined ? options : { ...options, gzip: { level: gzip.level } }
    return {
      kind: 'stream',
      headers: expositionHeaders(contentType, gzip !== undefined),
      open: (onCut, judged) => this.scrapes.open(key, () => scraper.open(asking), deadline, onCut, judged),
    }
  }

  /** Who is at the other end of a connection of node:http. */
  peerOf(socket: { readonly remoteAddress?: string | undefined }): Peer {
    return this.#settings.local ? 'local' : peerBytes(socket.remoteAddress)
  }

  /** Whether this peer may read, by its address. */
  trusts(peer: Peer): boolean {
    return peer === 'local' || (peer !== undefined && this.#rules.trusted.hasBytes(peer))
  }

  /** The refusal that this peer gets: a peer that may not read learns only that. */
  refusalFor(refusal: Refusal, peer: Peer): Refusal {
    return this.trusts(peer) ? refusal : untrusted(peer)
  }

  /** A transport cuts a reader that has taken nothing for too long. */
  stalled(exchange: Exchange): void {
    exchange.answered(503)
    this.#recorder.cut('stalled')
  }

  /** Counts a refusal, and logs it for an operator, seldom enough. */
  refused(refusal: Refusal, head: Pick<RequestHead, 'peer'>, exchange?: Exchange): Answer {
    exchange?.answered(refusal.status)
    this.#recorder.denied(refusal.denial)
    this.#denials.note(refusal, head.peer)
    return { kind: 'refuse', refusal }
  }

  /**
   * Returns the refusal for a reader whose scrape was cut or has failed. Logs and counts a failure. `begun` says that a
   * part of the answer was sent: then the refusal cannot be sent, and a cut does not count as a refusal.
   */
  failed(error: unknown, exchange: Exchange, begun = false): Refusal {
    if (error instanceof Cut) {
      const { refusal } = error
      if (begun) exchange.answered(refusal.status)
      else this.refused(refusal, exchange, exchange)
      return refusal
    }
    this.#noticeFailure(error)
    exchange.answered(500)
    this.#recorder.denied('failed')
    return refuse(500, 'failed', 'the scrape failed')
  }

  /** A damaged memory fails each scrape from now on: it is said once for each kind of damage. */
  #noticeFailure(error: unknown): void {
    const kind = isDamage(error) ? error.message : undefined
    if (kind !== undefined && this.#damages.has(kind)) return
    if (kind !== undefined) this.#damages.add(kind)
    const why = kind ?? ((error instanceof Error && error.stack) || thrown(error))
    logEvent(this.#settings.log, {
      level: 'error',
      code: kind === undefined ? 'scrape-failed' : 'memory-damaged',
      message: `a scrape failed: ${why}`,
    })
  }

  /** Connections that asked for nothing were ended because file descriptors ran short. Counted once for all of them. */
  shed(): void {
    this.#recorder.denied('connections')
    if (this.#shedNoticed) return
    this.#shedNoticed = true
    logEvent(this.#settings.log, {
      level: 'warn',
      code: 'front-descriptors',
      message:
        'the process runs short of file descriptors (ulimit -n): the front has ended its connections that asked for ' +
        'nothing, and will do so whenever it must',
    })
  }

  /** The front could not listen again on its address: nobody can connect. */
  shut(): void {
    if (this.#shutNoticed) return
    this.#shutNoticed = true
    logEvent(this.#settings.log, {
      level: 'error',
      code: 'front-shut',
      message: 'the front could not listen again after it ran short of file descriptors, and keeps trying',
    })
  }

  readonly #ended = ({ begun, status, format, bytes }: Exchange): void => {
    this.#recorder.answered(status, format, (this.#now() - begun) / 1000, bytes)
    if (--this.#inFlight === 0) for (const wake of [...this.#idle]) wake()
  }

  /**
   * Refuses all requests from now on. Resolves when nothing is being sent, or after `grace` ms, when it has cut the
   * readers that are left.
   */
  quiesce(grace: number): Promise<void> {
    this.#closing = true
    // They may have to wait for longer than anybody waits for a front to close.
    this.#dashboard.close()
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

  /** As quiesce; then its gauges no longer count for this thread. */
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
    logEvent(this.#settings.log, {
      level: 'warn',
      code: 'forwarded-ignored',
      message:
        'a request from a loopback address has X-Forwarded-For or Forwarded: the front ignores these headers, so ' +
        'behind a proxy on this machine it trusts everybody whom the proxy lets through',
    })
  }
}
