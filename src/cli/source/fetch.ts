/** Asks an endpoint as Prometheus does, and says in words what was wrong where there is no exposition. */
import { get as getHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { get as getHttps } from 'node:https'
import { createGunzip } from 'node:zlib'
import { shownOf, socketOf, targetOf, withoutUser } from './address.js'
import { SourceFailure } from './exits.js'
import type { Format } from './format.js'

export interface FetchOptions {
  /** What is asked for; any of them where it is undefined. */
  readonly format: Format | undefined
  /** Milliseconds for the whole answer. */
  readonly timeout: number
  readonly headers: Readonly<Record<string, string>>
  /** How it names itself. */
  readonly agent?: string
  /** Whether a packed answer is asked for; true unless said. */
  readonly gzip?: boolean
}

/** What one request asks for beside. */
export interface Query {
  /** Instead of what the format says. */
  readonly accept?: string
  /** Put behind the query that the address has. */
  readonly parameters?: readonly (readonly [name: string, value: string])[]
}

const TEXT = 'text/plain;version=0.0.4'
const OPENMETRICS = 'application/openmetrics-text;version=1.0.0'
const ACCEPT = { text: TEXT, openmetrics: OPENMETRICS }
const MOST_REDIRECTS = 5
/** Of a refusal's text. */
const MOST_WORDS = 300

export interface Fetched {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly contentType: string | undefined
  /** Whether the end of the body is told. Else the connection was closed there, for whatever reason. */
  readonly isBounded: boolean
}

export async function fetchBody(given: string, options: FetchOptions, query: Query = {}): Promise<Fetched> {
  const signal = AbortSignal.timeout(options.timeout)
  const address = shownOf(given)
  const socketPath = socketOf(given)
  const { url: first, authorization } = targetOf(given)
  const own = authorization === undefined ? options.headers : { authorization, ...options.headers }
  let url = new URL(first)
  let others: Record<string, string> = {}
  for (const [name, value] of query.parameters ?? []) url.searchParams.append(name, value)
  for (let hops = 0; ; hops++) {
    // What is sent along may be a password, and whoever is redirected to is not who it was meant for.
    const headers = isMeant(first, url) ? { ...own, ...others } : others
    const response = await request({ address, url, socketPath }, { ...options, headers }, query, signal)
    const { statusCode = 0 } = response
    const { location, 'content-type': contentType } = response.headers
    const moved = statusCode >= 301 && statusCode <= 308 && statusCode !== 304 ? location : undefined
    if (moved !== undefined) {
      response.destroy()
      if (hops === MOST_REDIRECTS)
        throw new SourceFailure('status', `${address} redirects more than ${MOST_REDIRECTS} times`)
      if (!URL.canParse(moved, url.href))
        throw new SourceFailure('status', `${address} redirects to what is no URL`)
      const next = withoutUser(new URL(moved, url))
      url = next.url
      others = next.authorization === undefined ? {} : { authorization: next.authorization }
      if (!/^https?:$/.test(url.protocol)) throw new SourceFailure('status', `${address} redirects to ${url}`)
      continue
    }
    const chunks = body(response, address, options, signal)
    const { 'content-length': length, 'transfer-encoding': transfer } = response.headers
    const isBounded = length !== undefined || transfer !== undefined
    if (statusCode === 200) return { chunks, contentType, isBounded }
    throw new SourceFailure('status', await refusal(address, statusCode, chunks))
  }
}

/** The same host, and not without TLS what was to go over it. */
function isMeant(first: URL, url: URL): boolean {
  return url.hostname === first.hostname && (url.protocol === first.protocol || url.protocol === 'https:')
}

interface Asked {
  /** As it is shown. */
  readonly address: string
  readonly url: URL
  readonly socketPath: string | undefined
}

function request(
  { address, url, socketPath }: Asked,
  { format, timeout, headers, agent = 'postmeter-check', gzip = true }: FetchOptions,
  { accept }: Query,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    headers: {
      accept: accept ?? (format === undefined ? `${OPENMETRICS},${TEXT};q=0.5,*/*;q=0.1` : ACCEPT[format]),
      'accept-encoding': gzip ? 'gzip' : 'identity',
      'user-agent': agent,
      'x-prometheus-scrape-timeout-seconds': String(timeout / 1000),
      ...headers,
    },
    agent: false,
    signal,
    ...(socketPath === undefined ? {} : { socketPath }),
  }
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp
    get(url, options, resolve).on('error', error => reject(unreachable(address, error, timeout, signal)))
  })
}

async function* body(
  response: IncomingMessage,
  address: string,
  { timeout }: FetchOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const gzip = encoding === 'gzip' || encoding === 'x-gzip'
  if (!gzip && encoding !== 'identity' && encoding !== '') {
    response.destroy()
    const what = JSON.stringify(encoding.slice(0, 80))
    throw new SourceFailure('foreign', `${address} packs its body as ${what}, which it was not asked for`)
  }
  let bytes = 0
  response.on('data', ({ length }: Buffer) => {
    bytes += length
  })
  response.pause()
  const plain = gzip ? response.pipe(createGunzip()) : response
  if (gzip) response.on('error', error => plain.destroy(error))
  try {
    yield* plain as AsyncIterable<Uint8Array>
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_') && response.complete)
      throw new SourceFailure(
        'foreign',
        `the gzip of ${address} cannot be unpacked: ${(error as Error).message}`,
      )
    if (signal.aborted) throw unreachable(address, error as Error, timeout, signal)
    throw new SourceFailure(
      'unreachable',
      `${address} broke off behind ${bytes} bytes: the body is not whole`,
    )
  } finally {
    // Whoever has enough of what is unpacked leaves the connection open else, and the process waits for it.
    response.destroy()
  }
}

function unreachable(address: string, error: Error, timeout: number, signal: AbortSignal): SourceFailure {
  const { code, message } = error as NodeJS.ErrnoException
  const why: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'refuses connections: nothing listens there',
    ENOTFOUND: 'has no such host',
    EAI_AGAIN: 'has a host that cannot be looked up now',
    ECONNRESET: 'closed the connection without an answer',
    EHOSTUNREACH: 'cannot be reached: there is no route to it',
    ENETUNREACH: 'cannot be reached: there is no route to it',
    ENOENT: 'is no socket: there is no such file',
    EACCES: 'may not be connected to by this user',
    EPROTO: 'does not speak TLS: try http://',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate of its own: NODE_EXTRA_CA_CERTS=FILE trusts it',
    SELF_SIGNED_CERT_IN_CHAIN:
      'has a certificate of an authority of its own: NODE_EXTRA_CA_CERTS=FILE trusts it',
    HPE_INVALID_CONSTANT: 'does not answer with HTTP: perhaps it is https://',
  }
  const told = signal.aborted ? `did not answer within ${timeout / 1000} s` : why[code ?? '']
  return new SourceFailure(
    'unreachable',
    told === undefined ? `${address}: ${message || code}` : `${address} ${told}`,
  )
}

/** What a status means for whoever looks, with what the endpoint says itself. */
async function refusal(address: string, status: number, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  try {
    for await (const chunk of chunks) {
      text += Buffer.from(chunk).toString()
      if (text.length >= MOST_WORDS) break
    }
  } catch {
    // The status says enough.
  }
  const said = /^\s*</.test(text) ? '' : text.trim().split('\n')[0]!.slice(0, MOST_WORDS)
  const hint = hintOf(status, text)
  return [`${address} answers ${status}`, hint, said === '' ? undefined : JSON.stringify(said)]
    .filter(Boolean)
    .join(': ')
}

function hintOf(status: number, text: string): string | undefined {
  // postmeter's own refusals say what to do.
  if (text.includes('it is not in option "trustedHosts"'))
    return 'the address of this machine is not on its trusted list'
  if (/option "\w+"/.test(text)) return undefined
  if (status === 401 || status === 403) return 'it wants another address, or credentials: --header'
  return status === 404 ? 'nothing is there: is the path /metrics?' : undefined
}
