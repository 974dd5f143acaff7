import { duration, wholeNumber } from '../common/checks.js'
import { badOption, knownOptions, plainError, typeError } from '../common/errors.js'
import { defaultLog, type Log } from '../common/log.js'
import { clashOf } from '../exposition/clashes.js'
import { checkOpen, checkServable, type Servable } from '../registry/servable.js'
import { LIMITS } from './request/limits.js'
import { ANSWER_OPTIONS, type AnswerOptions, checkAnswerOptions } from './request/options.js'
import { type Front, startFront } from './thread/front.js'
import type { FrontInternals } from './thread/settings.js'
import { readPair, type Tls } from './transports/certificate.js'
import { type Choice, choose, type TransportName } from './transports/choose.js'
import { type Address, parseListen } from './transports/listen.js'

export type { Address, Front, Servable, TransportName }

export interface ServeOptions extends AnswerOptions {
  /**
   * IP address and port, as `127.0.0.1:8000` (default), `[::1]:8000` or, for all of IPv4, `0.0.0.0:8000`.
   * The address is required, and must not be a name. Port 0 lets the system choose. Or a Unix socket, as
   * `unix:/run/metrics.sock`: all may read whom the file's permissions let connect.
   */
  readonly listen?: string
  /**
   * How long to go on trying for an address that another process still holds: ms, or for example `'30s'`; default 0, one
   * attempt. For a restart in which the old process and the new one overlap. `serve` resolves when it listens, and
   * rejects with EADDRINUSE when the time is over.
   */
  readonly retry?: number | string
  /**
   * Whether to stand by while another process has the address; default false. For processes that share a registry: all of
   * them serve with it, and one listens. When that one ends, in whatever way, another one listens within a second of the
   * system's having freed the address; one that is stopped (SIGSTOP) has it still. `serve` resolves at once:
   * `front.listening` says whether it listens, and `log` gets each change (level info, `front-listening` and
   * `front-standby`). A front that stands by looks two to four times a second, by one call of the system, and has the
   * memory of one that listens. What keeps it from taking a free address over is logged once (`front-standby-failed`),
   * and tried again. Not together with `retry` or with port 0.
   */
  readonly standby?: boolean
  /** Permissions of a Unix socket's file; default 0o660. */
  readonly socketMode?: number
  /**
   * Serves HTTPS. Names the files of a certificate (with those between it and a root) and of its key, in PEM. They are
   * read again when they change.
   */
  readonly tls?: Tls
  /** Whether the front keeps the program running, as servers do; default true. */
  readonly ref?: boolean
  /**
   * `auto` (default) uses uWebSockets.js if it is installed, its native part fits this system and `serve` is called in
   * the main thread, else `node:http`. `uws` is an error that says what is missing if that is not so. An event of level
   * info, `front-transport`, says which one is used, and why.
   */
  readonly transport?: 'auto' | TransportName
  /**
   * Connections at once, 8 to 65,536; default 512. Peers that may not read can have a quarter of them. Releases of
   * uWebSockets.js before 20.40 report no connections: only those count that a scrape is streamed to.
   */
  readonly maxConnections?: number
  /**
   * Connections at once from one address, 1 to 65,536; default 128. With uWebSockets.js idle connections of trusted peers
   * do not count once they have got an answer.
   */
  readonly maxConnectionsPerAddress?: number
  /**
   * Whether there is a live page for a person at `/dashboard`; default true. It is served to those who may read, and
   * costs nothing until it is opened.
   */
  readonly dashboard?: boolean
  /** Called with what goes wrong while it serves; default Node's warnings. */
  readonly log?: Log
}

const OPTIONS = [
  ...[
    'listen',
    'retry',
    'standby',
    'socketMode',
    'tls',
    'ref',
    'transport',
    'maxConnections',
    'maxConnectionsPerAddress',
  ],
  ...['dashboard', 'log'],
  ...ANSWER_OPTIONS,
]
const TRANSPORTS = ['auto', 'uws', 'http']

/**
 * Serves a registry over HTTP: `GET /metrics` and `GET /metrics.json`, both with an optional `?prefix=`. It runs in a
 * thread of its own, which answers even while all other threads are blocked. Resolves when it listens, or stands by.
 * Rejects with a TypeError or RangeError that names a wrong option; with an Error that names option "listen" if the system refuses the
 * address (code EADDRINUSE, EACCES…); with an Error that names the registry if it is closed, or is closed meanwhile; with
 * an Error that says so if a limit of address space (`ulimit -v`) leaves less than the 640 MiB that its thread needs.
 * Callable in any thread.
 *
 * Of several registries it serves one exposition, in which no two may have lines of one name: that is an error here,
 * and later the first one's is served alone, which is logged once (`metric-clash`). The first one has the front's own
 * metrics, and ends it when it is closed; another one that is closed is left out from then on.
 */
export function serve(registry: Servable | readonly Servable[], options: ServeOptions = {}): Promise<Front> {
  return serveWith(registry, options, {})
}

/** serve() with settings for tests. */
export async function serveWith(
  registry: Servable | readonly Servable[],
  options: ServeOptions,
  internals: Partial<FrontInternals>,
): Promise<Front> {
  const [first, ...others] = checkServables(registry)
  if (typeof options !== 'object' || options === null)
    throw typeError('ERR_POSTMETER_OPTION', 'serve: the options are not an object')
  knownOptions('serve', options, OPTIONS)
  const {
    listen = '127.0.0.1:8000',
    transport = 'auto',
    ref = true,
    dashboard = true,
    log = defaultLog,
  } = options
  if (typeof ref !== 'boolean') throw badOption('ref', ref, 'is not a boolean')
  if (typeof dashboard !== 'boolean') throw badOption('dashboard', dashboard, 'is not a boolean')
  if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
  if (!TRANSPORTS.includes(transport)) {
    throw badOption('transport', transport, `is none of ${TRANSPORTS.join(', ')}`)
  }
  const address = parseListen(listen)
  const retry = options.retry === 0 ? 0 : duration('retry', options.retry, 0, ', or 0')
  const plain = address.family !== 'unix' && options.tls === undefined
  const answerSettings = checkAnswerOptions(options)
  const limits = {
    maxConnections: wholeNumber('maxConnections', options.maxConnections, LIMITS.maxConnections, 8, 65_536),
    maxConnectionsPerAddress: wholeNumber(
      'maxConnectionsPerAddress',
      options.maxConnectionsPerAddress,
      LIMITS.maxConnectionsPerAddress,
      1,
      65_536,
    ),
  }
  return startFront(
    first,
    others,
    {
      listen: address,
      retry,
      standby: checkStandby(options.standby, address, retry),
      answerSettings,
      alongside: options.alongside,
      limits,
      dashboard,
      ref,
      socketMode: wholeNumber('socketMode', options.socketMode, 0o660, 0, 0o777),
      tls: checkTls(options.tls),
      choice: choiceOf(transport, plain),
      fallBack: transport === 'auto',
      log,
    },
    internals,
  )
}

/** @throws if one of them is no registry, or closed, or they cannot have one endpoint. */
function checkServables(given: Servable | readonly Servable[]): [first: Servable, ...others: Servable[]] {
  const all = Array.isArray(given) ? (given as readonly Servable[]) : [given as Servable]
  const [first, ...others] = all
  if (all.length === 0) throw typeError('ERR_POSTMETER_CALL', 'serve: the list of registries is empty')
  for (const one of all) {
    checkServable('serve', one)
    checkOpen('serve', one)
  }
  if (new Set(all.map(({ handle }) => handle.id)).size < all.length)
    throw typeError('ERR_POSTMETER_CALL', 'serve: a registry is in the list twice')
  if (others.length === 0) return [first as Servable]
  const clash = clashOf(all.map(({ handle }) => handle))
  if (clash !== undefined) throw plainError('ERR_POSTMETER_CONFLICT', `serve: ${clash}`)
  return [first as Servable, ...others]
}

function checkStandby(standby: unknown, { family, port }: Address, retry: number): boolean {
  if (standby === undefined || standby === false) return false
  if (standby !== true) throw badOption('standby', standby, 'is not a boolean')
  if (retry > 0)
    throw badOption('standby', standby, 'cannot stand beside option "retry", as it tries for ever')
  if (family !== 'unix' && port === 0)
    throw badOption('standby', standby, 'needs one port for all processes, and option "listen" has port 0')
  return true
}

function checkTls(tls: unknown): Tls | undefined {
  if (tls === undefined) return undefined
  if (typeof tls !== 'object' || tls === null) throw badOption('tls', tls, 'is not { cert, key }')
  knownOptions('serve: tls', tls, ['cert', 'key'])
  const { cert, key } = tls as Partial<Tls>
  if (typeof cert !== 'string' || typeof key !== 'string')
    throw badOption('tls', tls, 'does not name two files, cert and key')
  readPair({ cert, key })
  return { cert, key }
}

/** `plain` is TCP without TLS. node:http serves the rest, as it can take a new certificate while it runs. */
function choiceOf(transport: 'auto' | TransportName, plain: boolean): Choice {
  if (transport === 'http') return { transport: 'http', why: 'it was asked for' }
  const choice: Choice = plain
    ? choose()
    : { transport: 'http', why: 'TLS and Unix sockets are served by node:http' }
  if (transport === 'uws' && choice.transport !== 'uws') {
    throw badOption('transport', transport, `is impossible here: ${choice.why}`)
  }
  return choice
}
