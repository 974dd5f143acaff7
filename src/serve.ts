import { badOption, knownOptions } from './errors.js'
import { type Choice, choose, type TransportName } from './front/choose.js'
import { type Front, type FrontInternals, startFront } from './front/front.js'
import { parseListen } from './front/listen.js'
import type { Servable } from './front/servable.js'
import { TrustedHosts } from './front/trusted-hosts.js'
import { defaultLog, type Log } from './log.js'

export type { Address } from './front/listen.js'
export type { Front, Servable, TransportName }

export interface ServeOptions {
  /**
   * IP address and port, as `127.0.0.1:8000` (default), `[::1]:8000` or, for all of IPv4, `0.0.0.0:8000`.
   * The address is not left out, and not a name. Port 0 lets the system choose.
   */
  readonly listen?: string
  /**
   * Addresses and CIDRs that may read; default `127.0.0.1` and `::1`. The peer's address alone is looked at:
   * headers of proxies are ignored, so that behind a proxy on this machine everybody is trusted.
   */
  readonly trustedHosts?: readonly string[]
  /** Whether the front keeps the program running, as servers do; default true. */
  readonly ref?: boolean
  /**
   * `auto` (default) takes uWebSockets.js where its native part fits and `serve` is called in the main thread,
   * `node:http` elsewhere; `uws` is an error where that is not so.
   */
  readonly transport?: 'auto' | TransportName
  /** Whether the library's own `postmeter_` families are served too; default true. */
  readonly selfMetrics?: boolean
  /** Told of what goes wrong while it serves; default Node's warnings. */
  readonly log?: Log
}

const OPTIONS = ['listen', 'trustedHosts', 'ref', 'transport', 'selfMetrics', 'log'] as const
const TRANSPORTS = ['auto', 'uws', 'http']

/**
 * Serves a registry over HTTP: `GET /metrics` and `GET /metrics.json`, both with an optional `?prefix=`, from a
 * thread of its own that needs no other thread's help.
 * Resolves when it listens. Rejects with a TypeError or RangeError that names a wrong option, or with an Error that
 * names option "listen" if the system refuses the address. Callable in any thread.
 */
export function serve(registry: Servable, options: ServeOptions = {}): Promise<Front> {
  return serveWith(registry, options, {})
}

/** serve() with what only tests set. */
export async function serveWith(
  registry: Servable,
  options: ServeOptions,
  internals: Partial<FrontInternals>,
): Promise<Front> {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('serve: the options are not an object')
  knownOptions('serve', options, OPTIONS)
  const { listen = '127.0.0.1:8000', trustedHosts = ['127.0.0.1', '::1'], log = defaultLog } = options
  const { transport = 'auto', ref = true, selfMetrics = true } = options
  if (typeof ref !== 'boolean') throw badOption('ref', ref, 'is not a boolean')
  if (typeof selfMetrics !== 'boolean') throw badOption('selfMetrics', selfMetrics, 'is not a boolean')
  if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
  if (!TRANSPORTS.includes(transport)) {
    throw badOption('transport', transport, `is none of ${TRANSPORTS.join(', ')}`)
  }
  const address = parseListen(listen)
  // Parsed here too, for a mistake is told best where it was made.
  new TrustedHosts(trustedHosts)
  return startFront(
    registry,
    {
      listen: address,
      trustedHosts: [...trustedHosts],
      selfMetrics,
      ref,
      choice: choiceOf(transport),
      fallBack: transport === 'auto',
      log,
    },
    internals,
  )
}

function choiceOf(transport: 'auto' | TransportName): Choice {
  if (transport === 'http') return { transport: 'http', why: 'it was asked for' }
  const choice = choose()
  if (transport === 'uws' && choice.transport !== 'uws') {
    throw badOption('transport', transport, `is impossible here: ${choice.why}`)
  }
  return choice
}
