import { bytesOf, duration, wholeNumber } from '../../common/checks.js'
import { badOption, knownOptions } from '../../common/errors.js'
import type { Offered } from '../../exposition/negotiation.js'
import { AllowedHosts } from './allowed-hosts.js'
import type { Compression } from './request.js'
import { TrustedHosts } from './trusted-hosts.js'

/** Options of both `serve` and `metricsHandler`. */
export interface AnswerOptions {
  /**
   * Addresses and CIDRs that may read; default `127.0.0.1` and `::1`. Only the peer's address counts. Headers of
   * proxies are ignored, so behind a proxy on this machine everybody is trusted.
   */
  readonly trustedHosts?: readonly string[]
  /**
   * Hosts that the Host header may have, as `metrics.example` (with any port), `metrics.example:8000`, `10.0.0.1` or
   * `::1`. Others get 403, on a Unix socket, too. Default any. Set it if browsers run on trusted machines: another site
   * can have its name point to this endpoint, and read the answer as its own (DNS rebinding). A request without a Host
   * header passes, because no browser sends one.
   */
  readonly allowedHosts?: readonly string[]
  /** Whether the library's own `postmeter_` families are served, too; default true. */
  readonly selfMetrics?: boolean
  /**
   * Gives the text of another library, in the text format 0.0.4, which is served behind all else in that format: while a
   * program moves over, say `() => register.metrics()`. It is called for each scrape, in the thread that called `serve`.
   * A scrape waits for it for one second at most, and only when it has sent everything else. Its lines are checked: a
   * family that readers would refuse, or with lines of a name that comes before, is left out. What is late or left out is
   * counted in `postmeter_alongside_lacking_total`, and logged once (`alongside-late`, `alongside-failed`,
   * `alongside-refused`, `metric-clash`). At most 16 Mi characters. Not together with `openMetrics` or `protobuf`.
   */
  readonly alongside?: () => string | Promise<string>
  /**
   * Whether readers that prefer OpenMetrics 1.0 get it; default false, because in it a counter whose name has no
   * `_total` becomes `unknown`, and `le="1"` becomes `le="1.0"`, which is another series to a server that stored the
   * first.
   */
  readonly openMetrics?: boolean
  /** Whether readers that prefer protobuf get it; default false. */
  readonly protobuf?: boolean
  /**
   * Whether counters and histograms show when they were made, in OpenMetrics (`_created`) and protobuf; default false.
   * Prometheus 3 takes it for the time at which they were 0 (`--enable-feature=created-timestamp-zero-ingestion`), and
   * so counts what a series had when it was first scraped. In OpenMetrics it doubles the lines of counters; other readers
   * take `_created` for a metric.
   */
  readonly created?: boolean
  /**
   * How answers are compressed for readers that accept gzip. `level` is 1 (default: the fastest, made for expositions)
   * or 2 to 9 (zlib's: a little smaller, and much slower). `threshold` is the size from which on answers are
   * compressed, in bytes or as `'16KiB'` (default); answers above 64 KiB are always compressed. False for never.
   */
  readonly gzip?: { readonly level?: number; readonly threshold?: number | string } | false
  /**
   * Scrapes of more than 64 KiB that are encoded at once, 1 to 64; default 8. Scrapes of the same format and prefix
   * that begin together count as one. Others wait for one second at most, and are then answered with 503.
   */
  readonly maxConcurrentScrapes?: number
  /**
   * How long a scrape may take in all: ms, or for example `'30s'`; default one minute. If a reader sends how long it
   * waits (`X-Prometheus-Scrape-Timeout-Seconds`), its scrape ends a little before that.
   */
  readonly scrapeTimeout?: number | string
}

export const ANSWER_OPTIONS = [
  ...['trustedHosts', 'allowedHosts', 'selfMetrics', 'openMetrics', 'protobuf', 'created', 'gzip'],
  ...['maxConcurrentScrapes', 'scrapeTimeout', 'alongside'],
]

/** AnswerOptions, checked, with defaults, in a form that can be sent to a thread. */
export interface AnswerSettings {
  readonly trustedHosts: readonly string[]
  readonly allowedHosts: readonly string[] | undefined
  readonly selfMetrics: boolean
  readonly offered: Offered
  readonly created: boolean
  /** Whether there is a function that gives text; it stays in the thread that has it. */
  readonly alongside: boolean
  readonly gzip: Compression | undefined
  readonly maxConcurrentScrapes: number
  readonly scrapeTimeout: number
}

const DEFAULT_TRUSTED = ['127.0.0.1', '::1']

/** @throws TypeError or RangeError that names the option. */
export function checkAnswerOptions(options: AnswerOptions): AnswerSettings {
  const {
    trustedHosts = DEFAULT_TRUSTED,
    allowedHosts,
    selfMetrics = true,
    openMetrics = false,
    protobuf = false,
    created = false,
  } = options
  for (const [name, value] of Object.entries({ selfMetrics, openMetrics, protobuf, created })) {
    if (typeof value !== 'boolean') throw badOption(name, value, 'is not a boolean')
  }
  checkAlongside(options)
  // Parsed here, too, so that a mistake throws in the call that made it.
  new TrustedHosts(trustedHosts)
  allowedHostsOf(allowedHosts)
  return {
    trustedHosts: [...trustedHosts],
    allowedHosts: allowedHosts && [...allowedHosts],
    selfMetrics,
    offered: { openMetrics, protobuf },
    created,
    alongside: options.alongside !== undefined,
    gzip: checkGzip(options.gzip),
    maxConcurrentScrapes: wholeNumber('maxConcurrentScrapes', options.maxConcurrentScrapes, 8, 1, 64),
    scrapeTimeout: duration('scrapeTimeout', options.scrapeTimeout, 60_000),
  }
}

function checkAlongside({ alongside, openMetrics, protobuf }: AnswerOptions): void {
  if (alongside === undefined) return
  if (typeof alongside !== 'function') throw badOption('alongside', alongside, 'is not a function')
  for (const [name, value] of Object.entries({ openMetrics, protobuf }))
    if (value)
      throw badOption(name, value, 'cannot stand beside option "alongside", which gives text 0.0.4 alone')
}

/** @throws as AllowedHosts does. */
export function allowedHostsOf(hosts: readonly string[] | undefined): AllowedHosts | undefined {
  return hosts === undefined ? undefined : new AllowedHosts(hosts)
}

const DEFAULT_THRESHOLD = 16 * 1024

function checkGzip(gzip: AnswerOptions['gzip'] = {}): Compression | undefined {
  if (gzip === false) return undefined
  if (typeof gzip !== 'object' || gzip === null)
    throw badOption('gzip', gzip, 'is neither false nor { level, threshold }')
  knownOptions('gzip', gzip, ['level', 'threshold'])
  const { level, threshold = DEFAULT_THRESHOLD } = gzip
  const bytes = bytesOf(threshold)
  if (bytes === undefined) throw badOption('gzip.threshold', threshold, "is not a size (bytes, or '16KiB')")
  return { level: wholeNumber('gzip.level', level, 1, 1, 9), threshold: bytes }
}
