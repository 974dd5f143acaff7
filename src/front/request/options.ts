import { bytesOf, duration, wholeNumber } from '../../common/checks.js'
import { badOption, knownOptions } from '../../common/errors.js'
import type { Offered } from '../../exposition/negotiation.js'
import { AllowedHosts } from './allowed-hosts.js'
import type { Compression } from './request.js'
import { TrustedHosts } from './trusted-hosts.js'

/** What `serve` and `metricsHandler` both take. */
export interface AnswerOptions {
  /**
   * Addresses and CIDRs that may read; default `127.0.0.1` and `::1`. The peer's address alone is looked at:
   * headers of proxies are ignored, so that behind a proxy on this machine everybody is trusted.
   */
  readonly trustedHosts?: readonly string[]
  /**
   * Hosts that may be asked for in the Host header, as `metrics.example` (with any port), `metrics.example:8000`,
   * `10.0.0.1` or `::1`; others get 403, on a Unix socket too. Default any. To be set where browsers run on trusted
   * machines: somebody else's site can have its name point here, and read the answer as its own (DNS rebinding).
   * Requests without a Host header pass, for no browser sends one.
   */
  readonly allowedHosts?: readonly string[]
  /** Whether the library's own `postmeter_` families are served too; default true. */
  readonly selfMetrics?: boolean
  /**
   * Whether readers that prefer OpenMetrics 1.0 get it; default false, for under it counters whose name has no `_total`
   * become `unknown`, and `le="1"` becomes `le="1.0"`, another series to a server that stored the first.
   */
  readonly openMetrics?: boolean
  /** Whether readers that prefer protobuf get it; default false. */
  readonly protobuf?: boolean
  /**
   * How answers are compressed for readers that take gzip: `level` 1 (default, fastest: made for expositions) or 2 to 9
   * (zlib's: smaller by a little, and slower by far), from `threshold` on, in bytes or as `'16KiB'` (default); what is larger than 64 KiB is compressed whatever it says. False for never.
   */
  readonly gzip?: { readonly level?: number; readonly threshold?: number | string } | false
  /**
   * Scrapes of more than 64 KiB that are encoded at once, 1 to 64; default 8. Those of the same format and prefix that
   * begin together count as one. Others wait for a second, and are then answered 503.
   */
  readonly maxConcurrentScrapes?: number
  /**
   * How long a scrape may take in all: ms, or for example `'30s'`; default one minute. A reader that says how long it
   * waits (`X-Prometheus-Scrape-Timeout-Seconds`) is given up on a little before that.
   */
  readonly scrapeTimeout?: number | string
}

export const ANSWER_OPTIONS = [
  ...['trustedHosts', 'allowedHosts', 'selfMetrics', 'openMetrics', 'protobuf', 'gzip'],
  ...['maxConcurrentScrapes', 'scrapeTimeout'],
]

/** The same, checked, complete, and fit to be sent to a thread. */
export interface AnswerSettings {
  readonly trustedHosts: readonly string[]
  readonly allowedHosts: readonly string[] | undefined
  readonly selfMetrics: boolean
  readonly offered: Offered
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
  } = options
  for (const [name, value] of Object.entries({ selfMetrics, openMetrics, protobuf })) {
    if (typeof value !== 'boolean') throw badOption(name, value, 'is not a boolean')
  }
  // Parsed here too, for a mistake is told best where it was made.
  new TrustedHosts(trustedHosts)
  allowedHostsOf(allowedHosts)
  return {
    trustedHosts: [...trustedHosts],
    allowedHosts: allowedHosts && [...allowedHosts],
    selfMetrics,
    offered: { openMetrics, protobuf },
    gzip: checkGzip(options.gzip),
    maxConcurrentScrapes: wholeNumber('maxConcurrentScrapes', options.maxConcurrentScrapes, 8, 1, 64),
    scrapeTimeout: duration('scrapeTimeout', options.scrapeTimeout, 60_000),
  }
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
