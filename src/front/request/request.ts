import { show } from '../../common/errors.js'
import { acceptsGzip, CONTENT_TYPES, negotiate, type Offered } from '../../exposition/negotiation.js'
import { checkPrefix } from '../../exposition/prefix.js'
import type { Format } from '../../exposition/types.js'
import type { AllowedHosts } from './allowed-hosts.js'
import { isLoopback, peerText, type TrustedHosts } from './trusted-hosts.js'

/**
 * Who asks: an address of 4 or 16 bytes, undefined if the system does not tell it, or `local` on a Unix socket, whose
 * file says who may connect.
 */
export type Peer = ArrayLike<number> | 'local' | undefined

/** What a transport read of a request, as it came: nothing in it is decoded. */
export interface RequestHead {
  readonly method: string
  /** The request target up to the first `?`. */
  readonly path: string
  /** What follows it, without the `?`; '' if nothing does. */
  readonly query: string
  readonly peer: Peer
  /** The host that is asked, with its port: of the Host header, or of a target that has one; undefined without any. */
  readonly host: string | undefined
  /** What is wrong with its headers, if anything is. */
  readonly wrong?: Refusal | undefined
  readonly authorization: boolean
  /** Whether a header says that the request was forwarded for somebody else. */
  readonly forwarded: boolean
  readonly accept?: string | undefined
  readonly acceptEncoding?: string | undefined
  /** What `X-Prometheus-Scrape-Timeout-Seconds` says. */
  readonly timeout?: string | undefined
}

export type Headers = readonly (readonly [name: string, value: string])[]

export interface ScrapeRequest {
  readonly kind: 'scrape'
  readonly contentType: string
  readonly format: Format
  /** '' for none. */
  readonly prefix: string
  /** Whether the reader takes gzip, and it is offered. */
  readonly gzip: boolean
}

/** The page for a person. */
export interface Landing {
  readonly kind: 'landing'
}

export interface Refusal {
  readonly kind: 'refuse'
  readonly status: RefusalStatus
  readonly headers: Headers
  /** What it is counted as. */
  readonly denial: Denial
  /** Plain text, ended by a line feed. */
  readonly reason: string
}

export type RefusalStatus = 400 | 403 | 404 | 405 | 408 | 413 | 426 | 431 | 500 | 503
export type Denial =
  | 'untrusted'
  | 'authorization'
  | 'host'
  | 'malformed'
  | 'oversized'
  | 'path'
  | 'method'
  | 'parameter'
  | 'busy'
  | 'connections'
  | 'slow'
  | 'closing'
  | 'version'
  | 'failed'
export type Decision = ScrapeRequest | Landing | Refusal

export const STATUS_LINES: Readonly<Record<RefusalStatus | 200, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  408: '408 Request Timeout',
  413: '413 Content Too Large',
  426: '426 Upgrade Required',
  431: '431 Request Header Fields Too Large',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}

/** After these the connection is ended: it is in no known state, or its peer is not to have more of them. */
const ENDING: ReadonlySet<Denial> = new Set<Denial>([
  'untrusted',
  'malformed',
  'oversized',
  'connections',
  'slow',
  'closing',
])

export const ALWAYS: Headers = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
]

const served = new Map<string, Headers>()

/** The headers of an answer of this type; few types, so that none are made anew. */
export function expositionHeaders(contentType: string, gzip: boolean): Headers {
  const key = `${contentType} ${gzip}`
  let headers = served.get(key)
  if (headers === undefined) {
    headers = [
      ['Content-Type', contentType],
      ...(gzip ? [['Content-Encoding', 'gzip'] as const] : []),
      ['Vary', 'Accept, Accept-Encoding'],
      ...ALWAYS,
    ]
    served.set(key, headers)
  }
  return headers
}

/** How answers are compressed for readers that take gzip. */
export interface Compression {
  /** zlib's level, 1 to 9. */
  readonly level: number
  /** Bytes from which on it is done. */
  readonly threshold: number
}

/** What a front answers, to whom. */
export interface Rules {
  readonly trusted: TrustedHosts
  /** Which hosts may be asked for; any where it is left out. */
  readonly allowedHosts?: AllowedHosts | undefined
  /** Where the text format is; the JSON is at this path with `.json` behind it. */
  readonly path: string
  /** Whether there is a page at `/`. */
  readonly landing: boolean
  readonly offered: Offered
  readonly gzip: Compression | undefined
}

export const DEFAULT_PATH = '/metrics'

/**
 * Decides what a request gets. Pure, and independent of how it came.
 * Who asks is decided first: an untrusted peer learns nothing else, not even which paths there are.
 */
export function decide(head: RequestHead, rules: Rules): Decision {
  const { peer } = head
  if (peer !== 'local' && (peer === undefined || !rules.trusted.hasBytes(peer))) return untrusted(peer)
  if (head.wrong !== undefined) return head.wrong
  // Every browser says which: who does not was not led here by a name.
  const { host } = head
  if (host !== undefined && rules.allowedHosts?.has(host) === false)
    return refuse(403, 'host', `host ${show(host)} is none of those in option "allowedHosts"`)
  if (head.authorization) {
    return refuse(
      403,
      'authorization',
      `HTTP authentication is not permitted: send no Authorization header; who may read is decided ` +
        `by the peer's address (here ${peerName(peer)}) and option "trustedHosts"`,
    )
  }
  const { path } = rules
  const json = head.path !== path && head.path === `${path}.json`
  const landing = head.path === '/' && rules.landing && path !== '/'
  if (!json && !landing && head.path !== path) {
    return refuse(404, 'path', `there is only ${path} and ${path}.json`)
  }
  if (head.method !== 'GET' && head.method !== 'HEAD') {
    return refuse(405, 'method', `method ${show(head.method)} is not allowed here, use GET or HEAD`, [
      ['Allow', 'GET, HEAD'],
    ])
  }
  if (landing) return { kind: 'landing' }
  const prefix = parameter(head.query, 'prefix')
  if (typeof prefix === 'object') return prefix
  const wrong = checkPrefix(prefix ?? '')
  if (wrong !== undefined) return refuse(400, 'parameter', `parameter "prefix": ${show(prefix)} ${wrong}`)
  const gzip = rules.gzip !== undefined && acceptsGzip(head.acceptEncoding)
  if (json) return scrapeRequest('json', CONTENT_TYPES.json, prefix, gzip)
  const override = parameter(head.query, 'format')
  if (typeof override === 'object') return override
  const chosen = negotiate(head.accept, rules.offered, override)
  if ('problem' in chosen) {
    return refuse(400, 'parameter', `parameter "format": ${show(override)} ${chosen.problem}`)
  }
  return scrapeRequest(chosen.format, chosen.contentType, prefix, gzip)
}

function scrapeRequest(
  format: Format,
  contentType: string,
  prefix: string | undefined,
  gzip: boolean,
): ScrapeRequest {
  return {
    kind: 'scrape',
    contentType,
    format,
    prefix: prefix ?? '',
    gzip,
  }
}

/** What everybody is told who may not read, whatever was asked. */
export function untrusted(peer: Peer): Refusal {
  return refuse(
    403,
    'untrusted',
    `peer ${peerName(peer)} may not read this: it is not in option "trustedHosts"`,
  )
}

export function peerName(peer: Peer): string {
  return peer === 'local' ? 'on a Unix socket' : peerText(peer)
}

/** A loopback peer that forwards stands for somebody else, who is then trusted with it. */
export function isForwardedByLoopback({ forwarded, peer }: RequestHead): boolean {
  return forwarded && peer !== undefined && (peer === 'local' || isLoopback(peer))
}

/** What does not stand in a line as what it is: controls, what turns the direction of writing, what is not seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function seen(text: string): string {
  return text.replace(UNSEEN, found =>
    Array.from({ length: found.length }, (_, at) => {
      return `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}

/**
 * A refusal with the headers that all of them have. `reason` is one line of text without its end, in which what a
 * request said may stand: it is sent and logged with what would not be seen in it escaped.
 */
export function refuse(status: RefusalStatus, denial: Denial, reason: string, more: Headers = []): Refusal {
  const headers: Headers = [['Content-Type', 'text/plain; charset=utf-8'], ...ALWAYS, ...more]
  return { kind: 'refuse', status, headers, denial, reason: `${seen(reason)}\n` }
}

export const CLOSING = refuse(503, 'closing', 'this front is closing', [['Retry-After', '1']])

/** Whether the connection is ended after it. */
export function closes({ denial }: Refusal): boolean {
  return ENDING.has(denial)
}

/**
 * A parameter's value; undefined where it is not there or empty. Names are decoded before they are compared
 * (`%70refix` is `prefix` too, and counts when it comes twice), as forms are: `+` is a space. Names that cannot be
 * decoded are others', ignored.
 */
function parameter(query: string, wanted: string): string | undefined | Refusal {
  if (query === '') return undefined
  let found: string | undefined
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    if (name !== wanted && decodeForm(name) !== wanted) continue
    if (found !== undefined) return refuse(400, 'parameter', `parameter "${wanted}" comes twice`)
    found = equals < 0 ? '' : pair.slice(equals + 1)
  }
  if (found === undefined || found === '') return undefined
  const value = decodeForm(found)
  if (value !== undefined) return value
  return refuse(400, 'parameter', `parameter "${wanted}": ${show(found)} is not valid percent-encoding`)
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
