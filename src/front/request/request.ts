import { show } from '../../common/errors.js'
import { visible } from '../../common/visible.js'
import { CONTENT_TYPES } from '../../exposition/content-types.js'
import { acceptsGzip, negotiate, type Offered } from '../../exposition/negotiation.js'
import { checkPrefix } from '../../exposition/prefix.js'
import type { Format } from '../../exposition/types.js'
import type { AllowedHosts } from './allowed-hosts.js'
import { type Panel, panelsOf } from './panels.js'
import { isLoopback, peerText, type TrustedHosts } from './trusted-hosts.js'

/**
 * Who asks: an address of 4 or 16 bytes; undefined if the system does not report it; or `local` on a Unix socket, where
 * the file's permissions decide who may connect.
 */
export type Peer = ArrayLike<number> | 'local' | undefined

/** The head of a request as a transport read it. Nothing in it is decoded. */
export interface RequestHead {
  readonly method: string
  /** The request target up to the first `?`. */
  readonly path: string
  /** What follows it, without the `?`; '' if nothing does. */
  readonly query: string
  readonly peer: Peer
  /** The host with its port, of a target that has one, or else of the Host header; undefined if neither has. */
  readonly host: string | undefined
  /** What is wrong with its headers, if anything is. */
  readonly wrong?: Refusal | undefined
  readonly authorization: boolean
  /** Whether a header says that the request was forwarded for somebody else. */
  readonly forwarded: boolean
  readonly accept?: string | undefined
  readonly acceptEncoding?: string | undefined
  /** The value of `X-Prometheus-Scrape-Timeout-Seconds`. */
  readonly timeout?: string | undefined
}

export type Headers = readonly (readonly [name: string, value: string])[]

/** A request that gets an exposition. */
export interface ScrapeRequest {
  readonly kind: 'scrape'
  readonly contentType: string
  readonly format: Format
  /** '' for none. */
  readonly prefix: string
  /** The only families that are asked for, by the names of their lines as they are exposed; undefined for all. */
  readonly names: readonly string[] | undefined
  /** Whether the reader accepts gzip, and it is offered. */
  readonly gzip: boolean
}

/** The page for a person. */
export interface Landing {
  readonly kind: 'landing'
}

/** A part of the dashboard: its files, the list of families, or figures of some of them. */
export interface DashboardRequest {
  readonly kind: 'dashboard'
  /** `folder` is the page, too, with a slash behind its name. */
  readonly part: 'page' | 'folder' | 'script' | 'style' | 'families' | 'data'
  /** Of data alone. */
  readonly panels: readonly Panel[]
  /** Whether the reader accepts gzip, and it is offered. */
  readonly gzip: boolean
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
export type Decision = ScrapeRequest | Landing | DashboardRequest | Refusal

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

/** Denials that end the connection: its state is unknown, or its peer must not keep it. */
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

/** The headers of an answer of this type. They are made once, because there are few types. */
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

/** How answers are compressed for readers that accept gzip. */
export interface Compression {
  /** zlib's level, 1 to 9. */
  readonly level: number
  /** The size from which on answers are compressed, bytes. */
  readonly threshold: number
}

/** What a front serves, and to whom. */
export interface Rules {
  readonly trusted: TrustedHosts
  /** Which hosts may be asked for; any if it is left out. */
  readonly allowedHosts?: AllowedHosts | undefined
  /** Where the text format is; the JSON is at this path with `.json` behind it. */
  readonly path: string
  /** Whether there is a page at `/`. */
  readonly landing: boolean
  /** Whether there is a dashboard; default false. */
  readonly dashboard?: boolean
  readonly offered: Offered
  readonly gzip: Compression | undefined
}

export const DEFAULT_PATH = '/metrics'
export const DASHBOARD_PATH = '/dashboard'
const DASHBOARD: ReadonlyMap<string, DashboardRequest['part']> = new Map([
  [DASHBOARD_PATH, 'page'],
  [`${DASHBOARD_PATH}/`, 'folder'],
  [`${DASHBOARD_PATH}/app.js`, 'script'],
  [`${DASHBOARD_PATH}/app.css`, 'style'],
  [`${DASHBOARD_PATH}/families.json`, 'families'],
  [`${DASHBOARD_PATH}/data.json`, 'data'],
])

/**
 * Decides what a request gets. Pure, and independent of the transport.
 * The peer is checked first, so that an untrusted peer learns nothing else, not even which paths there are.
 */
export function decide(head: RequestHead, rules: Rules): Decision {
  const { peer } = head
  if (peer !== 'local' && (peer === undefined || !rules.trusted.hasBytes(peer))) return untrusted(peer)
  if (head.wrong !== undefined) return head.wrong
  // Every browser sends the host. A request without one was not led here by another site's name.
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
  const part = rules.dashboard === true && head.path !== path ? DASHBOARD.get(head.path) : undefined
  if (!json && !landing && part === undefined && head.path !== path) {
    const all =
      rules.dashboard === true ? `${path}, ${path}.json and ${DASHBOARD_PATH}` : `${path} and ${path}.json`
    return refuse(404, 'path', `there is only ${all}`)
  }
  if (head.method !== 'GET' && head.method !== 'HEAD') {
    return refuse(405, 'method', `method ${show(head.method)} is not allowed here, use GET or HEAD`, [
      ['Allow', 'GET, HEAD'],
    ])
  }
  if (landing) return { kind: 'landing' }
  const gzip = rules.gzip !== undefined && acceptsGzip(head.acceptEncoding)
  if (part !== undefined) return dashboard(part, head.query, gzip)
  const prefix = parameter(head.query, 'prefix')
  if (typeof prefix === 'object') return prefix
  const wrong = checkPrefix(prefix ?? '')
  if (wrong !== undefined) return refuse(400, 'parameter', `parameter "prefix": ${show(prefix)} ${wrong}`)
  const names = parameters(head.query, 'name[]')
  if ('kind' in names) return names
  const asked = { prefix: prefix ?? '', names: names.length === 0 ? undefined : names, gzip }
  if (json) return { kind: 'scrape', format: 'json', contentType: CONTENT_TYPES.json, ...asked }
  const override = parameter(head.query, 'format')
  if (typeof override === 'object') return override
  const chosen = negotiate(head.accept, rules.offered, override)
  if ('problem' in chosen) {
    return refuse(400, 'parameter', `parameter "format": ${show(override)} ${chosen.problem}`)
  }
  return { kind: 'scrape', format: chosen.format, contentType: chosen.contentType, ...asked }
}

function dashboard(part: DashboardRequest['part'], query: string, gzip: boolean): DashboardRequest | Refusal {
  if (part !== 'data') return { kind: 'dashboard', part, panels: [], gzip }
  const asked = parameters(query, 'panel')
  if ('kind' in asked) return asked
  const panels = panelsOf(asked)
  if (typeof panels === 'string') return refuse(400, 'parameter', `parameter "panel": ${panels}`)
  return { kind: 'dashboard', part, panels, gzip }
}

/** What a peer that may not read gets, whatever it asks for. */
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

/** Whether a loopback peer forwards the request for another peer, which is then trusted as the loopback peer is. */
export function isForwardedByLoopback({ forwarded, peer }: RequestHead): boolean {
  return forwarded && peer !== undefined && (peer === 'local' || isLoopback(peer))
}

/**
 * A refusal with the headers that all of them have. `reason` is one line of text without a line feed. It may quote the
 * request, so characters that would change how it looks are escaped before it is sent and logged.
 */
export function refuse(status: RefusalStatus, denial: Denial, reason: string, more: Headers = []): Refusal {
  const headers: Headers = [['Content-Type', 'text/plain; charset=utf-8'], ...ALWAYS, ...more]
  return { kind: 'refuse', status, headers, denial, reason: `${visible(reason)}\n` }
}

export const CLOSING = refuse(503, 'closing', 'this front is closing', [['Retry-After', '1']])

/** Whether the connection is ended after this refusal. */
export function closes({ denial }: Refusal): boolean {
  return ENDING.has(denial)
}

/** The value of a parameter that comes once; undefined if it is missing or empty. */
function parameter(query: string, wanted: string): string | undefined | Refusal {
  const found = parameters(query, wanted)
  if ('kind' in found) return found
  if (found.length > 1) return refuse(400, 'parameter', `parameter "${wanted}" comes twice`)
  return found[0] === '' ? undefined : found[0]
}

/**
 * All values of a parameter. Names are decoded before they are compared, so `%70refix` is `prefix`, too. They are
 * decoded as forms are: `+` is a space. A name that cannot be decoded is ignored as another parameter's.
 */
function parameters(query: string, wanted: string): string[] | Refusal {
  const found: string[] = []
  if (query === '') return found
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    if (name !== wanted && decodeForm(name) !== wanted) continue
    const text = equals < 0 ? '' : pair.slice(equals + 1)
    const value = decodeForm(text)
    if (value === undefined)
      return refuse(400, 'parameter', `parameter "${wanted}": ${show(text)} is not valid percent-encoding`)
    found.push(value)
  }
  return found
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
