/** How a receiver is reached: what the program said, checked in the call that said it. */
import { isIP } from 'node:net'
import { duration } from '../../common/checks.js'
import { badOption, knownOptions, typeError } from '../../common/errors.js'
import { type Auth, credentialsOf, secretFile } from './credentials.js'
import { checkHeaders } from './headers.js'
import { shownUrlText } from './shown.js'
import type { Protocol } from './statuses.js'
import { contextsOf, type Tls } from './tls.js'

/**
 * Can be cloned to another thread. It holds what the program gave as text, secrets too, but not what the files hold:
 * the thread that sends reads them.
 *
 * Proxies that the environment names (`HTTP_PROXY`) are not used.
 */
export interface DeliverySettings {
  /** With `http:` or `https:`; it may have a path and a query. */
  readonly url: string
  readonly protocol: Protocol
  /** The program's own. */
  readonly headers: Readonly<Record<string, string>>
  readonly auth: Auth | undefined
  readonly tls: Tls | undefined
  /**
   * Whether redirects with 301, 302, 307 and 308 are followed, with the same method, five at most, and never from https
   * to http. Another origin (scheme, host or port) gets neither `auth` nor `headers` nor the certificate of `tls`.
   */
  readonly redirects: boolean
  /** How long one request may take, from the connection to the answer's end, redirects included, ms. */
  readonly timeout: number
}

/** Options of push() that are about delivery. */
export const DELIVERY_OPTIONS = ['url', 'headers', 'auth', 'tls', 'redirects', 'timeout'] as const

/** As the program may give them. */
export interface DeliveryOptions {
  readonly url?: unknown
  readonly headers?: unknown
  readonly auth?: unknown
  readonly tls?: unknown
  readonly redirects?: unknown
  readonly timeout?: unknown
}

/** What the caller knows. */
export interface DeliveryDefaults {
  readonly protocol: Protocol
  /** Ms, if option `timeout` is left out. */
  readonly timeout: number
  /** Names of headers that the protocol sets, in lower case: the program cannot. */
  readonly headers: readonly string[]
}

/**
 * Checks the options of `call` that are about delivery; the call itself refuses unknown options. Reads the files, so that
 * one that is missing or wrong is known at once.
 * @throws TypeError or RangeError that names the option, and shows no secret.
 */
export function checkDelivery(
  call: string,
  options: DeliveryOptions,
  defaults: DeliveryDefaults,
): DeliverySettings {
  const url = checkUrl(options.url)
  const { redirects } = options
  if (redirects !== undefined && typeof redirects !== 'boolean')
    throw badOption('redirects', redirects, 'is not true or false')
  const auth = options.auth === undefined ? undefined : checkAuth(call, options.auth)
  return {
    url: url.href,
    protocol: defaults.protocol,
    headers: checkHeaders(options.headers, defaults.headers, auth !== undefined),
    auth,
    tls: options.tls === undefined ? undefined : checkTls(call, options.tls, url),
    redirects: redirects ?? false,
    timeout: duration('timeout', options.timeout, defaults.timeout),
  }
}

function checkUrl(value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined)
    throw badUrl(value, 'is not a url such as "https://metrics.example:9090/api/v1/write"')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw badUrl(value, 'begins neither with http: nor with https:')
  if (url.username !== '' || url.password !== '')
    throw badUrl(
      value,
      'has credentials in it (left out here), and urls are logged: give them as option "auth"',
    )
  if (url.hash !== '') throw badUrl(value, 'has a fragment (#), which is never sent')
  return url
}

function badUrl(value: unknown, why: string): TypeError {
  return typeError('ERR_POSTMETER_OPTION', `option "url": ${shownUrlText(value)} ${why}`)
}

function checkAuth(call: string, given: unknown): Auth {
  const known = ['kind', 'username', 'password', 'passwordFile', 'token', 'tokenFile']
  knownOptions(`${call}: option "auth"`, given, known)
  const { kind, ...fields } = given as Record<string, unknown>
  if (kind !== 'basic' && kind !== 'bearer')
    throw badOption('auth.kind', kind, 'is neither "basic" nor "bearer"')
  const [plain, file] = kind === 'basic' ? ['password', 'passwordFile'] : ['token', 'tokenFile']
  const mine = kind === 'basic' ? ['username', plain, file] : [plain, file]
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (!mine.includes(name)) throw badAuth(name, `does not go with kind "${kind}"`)
    // Some receivers want a name without a password, or the other way round.
    if (typeof value !== 'string' || (value === '' && name !== 'username' && name !== 'password'))
      throw badAuth(name, typeof value === 'string' ? 'is empty' : 'is not a text')
  }
  if ((fields[plain!] === undefined) === (fields[file!] === undefined))
    throw badAuth(plain!, `or option "auth.${file}" must be given, and not both`)
  if (
    kind === 'basic' &&
    (fields.username === undefined || /[:\x00-\x1f\x7f]/.test(fields.username as string))
  )
    throw badAuth('username', 'must be given, without colons and control characters')
  // Only what is given, so that it can be told by its fields.
  const auth = Object.fromEntries(
    Object.entries({ kind, ...fields }).filter(([, value]) => value !== undefined),
  ) as Auth
  usable(`auth.${secretFile(auth) === undefined ? plain : file}`, () => credentialsOf(auth))
  return auth
}

/** Its value is not shown. */
function badAuth(name: string, why: string): TypeError {
  return typeError('ERR_POSTMETER_OPTION', `option "auth.${name}" ${why}`)
}

function checkTls(call: string, given: unknown, url: URL): Tls {
  knownOptions(`${call}: option "tls"`, given, ['ca', 'cert', 'key', 'serverName'])
  const fields = Object.entries(given as object).filter(([, value]) => value !== undefined)
  for (const [name, value] of fields)
    if (typeof value !== 'string' || value === '') throw badOption(`tls.${name}`, value, 'is not a text')
  const tls: Tls = Object.fromEntries(fields)
  // TLS knows names only; to check an address, Node compares the url's host.
  if (tls.serverName !== undefined && isIP(tls.serverName) !== 0)
    throw badOption('tls.serverName', tls.serverName, 'is an IP address, and must be a name')
  if (url.protocol === 'http:') throw badUrl(url.href, 'has http: where option "tls" asks for https:')
  if (tls.cert !== undefined && tls.key === undefined)
    throw badOption('tls.key', undefined, 'must go with a cert')
  if (tls.key !== undefined && tls.cert === undefined)
    throw badOption('tls.cert', undefined, 'must go with a key')
  usable('tls', () => contextsOf(tls))
  return tls
}

function usable(option: string, look: () => unknown): void {
  try {
    look()
  } catch (error) {
    const why = (error as Error).message
    throw typeError('ERR_POSTMETER_OPTION', `option "${option}" cannot be used: ${why}`)
  }
}
