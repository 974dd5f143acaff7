import type { Format } from '../encode/types.js'
import { show } from '../errors.js'
import { isLoopback, peerText, type TrustedHosts } from './trusted-hosts.js'

/** What a transport read of a request, as it came: nothing in it is decoded. */
export interface RequestHead {
  readonly method: string
  /** The request target up to the first `?`. */
  readonly path: string
  /** What follows it, without the `?`; '' if nothing does. */
  readonly query: string
  /** The peer's address, 4 or 16 bytes; undefined if the system does not tell it. */
  readonly peer: ArrayLike<number> | undefined
  readonly authorization: boolean
  /** Whether a header says that the request was forwarded for somebody else. */
  readonly forwarded: boolean
}

export type Headers = readonly (readonly [name: string, value: string])[]

export interface Serve {
  readonly kind: 'serve'
  readonly status: 200
  readonly headers: Headers
  readonly format: Format
  /** '' for none. */
  readonly prefix: string
}

export interface Refusal {
  readonly kind: 'refuse'
  readonly status: RefusalStatus
  readonly headers: Headers
  /** Plain text, ended by a line feed; nothing of the request stands in it unescaped. */
  readonly reason: string
}

export type RefusalStatus = 400 | 403 | 404 | 405 | 500 | 503
export type Decision = Serve | Refusal

export const STATUS_LINES: Readonly<Record<RefusalStatus | 200, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}

const PATHS: ReadonlyMap<string, Format> = new Map([
  ['/metrics', 'text'],
  ['/metrics.json', 'json'],
])

const ALWAYS: Headers = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
]

const SERVED: Readonly<Record<Format, Headers>> = {
  text: [['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'], ...ALWAYS],
  json: [['Content-Type', 'application/json; charset=utf-8'], ...ALWAYS],
}

const PREFIX = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const MAX_PREFIX_LENGTH = 64

/**
 * Decides what a request gets. Pure, and independent of how it came.
 * Who asks is decided first: an untrusted peer learns nothing else, not even which paths there are.
 */
export function decide(head: RequestHead, trusted: TrustedHosts): Decision {
  if (head.peer === undefined || !trusted.hasBytes(head.peer)) {
    return refuse(403, `peer ${peerText(head.peer)} may not read this: it is not in option "trustedHosts"`)
  }
  if (head.authorization) {
    return refuse(
      403,
      `HTTP authentication is not permitted: send no Authorization header; who may read is decided ` +
        `by the peer's address (here ${peerText(head.peer)}) and option "trustedHosts"`,
    )
  }
  const format = PATHS.get(head.path)
  if (format === undefined) return refuse(404, `there is only ${[...PATHS.keys()].join(' and ')}`)
  if (head.method !== 'GET' && head.method !== 'HEAD') {
    return refuse(405, `method ${show(head.method)} is not allowed here, use GET or HEAD`, [
      ['Allow', 'GET, HEAD'],
    ])
  }
  const prefix = readPrefix(head.query)
  if (typeof prefix !== 'string') return prefix
  return {
    kind: 'serve',
    status: 200,
    headers: SERVED[format],
    format,
    prefix,
  }
}

/** A loopback peer that forwards stands for somebody else, who is then trusted with it. */
export function isForwardedByLoopback(head: RequestHead): boolean {
  return head.forwarded && head.peer !== undefined && isLoopback(head.peer)
}

/** A refusal with the headers that all of them have. `reason` is one line of text without its end. */
export function refuse(status: RefusalStatus, reason: string, more: Headers = []): Refusal {
  const headers: Headers = [['Content-Type', 'text/plain; charset=utf-8'], ...ALWAYS, ...more]
  return { kind: 'refuse', status, headers, reason: `${reason}\n` }
}

/**
 * The one parameter there is. Names are decoded before they are compared (`%70refix` is `prefix` too, and
 * counts when it comes twice), as forms are: `+` is a space. Names that cannot be decoded are others', ignored.
 */
function readPrefix(query: string): string | Refusal {
  let found: string | undefined
  if (query === '') return ''
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    if (name !== 'prefix' && decodeForm(name) !== 'prefix') continue
    if (found !== undefined) return refuse(400, 'parameter "prefix" comes twice')
    found = equals < 0 ? '' : pair.slice(equals + 1)
  }
  if (found === undefined || found === '') return ''
  const prefix = decodeForm(found)
  if (prefix === undefined) {
    return refuse(400, `parameter "prefix": ${show(found)} is not valid percent-encoding`)
  }
  if (!PREFIX.test(prefix)) {
    return refuse(400, `parameter "prefix": ${show(prefix)} is not the beginning of a metric name`)
  }
  if (prefix.length > MAX_PREFIX_LENGTH) {
    return refuse(400, `parameter "prefix": ${show(prefix)} is longer than ${MAX_PREFIX_LENGTH} characters`)
  }
  return prefix
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
