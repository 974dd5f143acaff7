import type { Log } from '../../common/log.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import type { Tls } from './certificate.js'
import type { TransportName } from './choose.js'
import { type Address, listenText } from './listen.js'

export interface TransportSettings {
  readonly listen: Address
  readonly handler: RequestHandler
  /** How long a reader may take nothing through node:http, ms; 0 for ever. uWebSockets.js has 10 s of its own. */
  readonly stallTimeout: number
  /** Permissions of a Unix socket's file. */
  readonly socketMode?: number
  readonly tls?: Tls | undefined
  /** How long a TLS handshake may take from the connection on, ms; default 10 s. */
  readonly handshakeTimeout?: number
  readonly log?: Log
  /** Once aborted, nothing is opened any more. */
  readonly signal?: AbortSignal
}

/** A listening server of either kind. */
export interface Transport {
  readonly name: TransportName
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly address: Address
  /** Listens no longer, lets what is being sent go on for `grace` ms at most, then cuts every connection. */
  close(grace: number): Promise<void>
  /** Cuts everything at once, synchronously: for a thread that is about to end. */
  destroy(): void
}

/** An address that could not be listened on, with the option, its value and the system's reason. */
export function listenError(listen: Address, cause: unknown): Error {
  const { code, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'permission denied',
    EAFNOSUPPORT: 'this address family is not supported here',
  }
  const told = cause instanceof Error ? cause.message : String(cause)
  const why = code === undefined ? told : `${reasons[code] ?? told} (${syscall ?? 'listen'} ${code})`
  return Object.assign(
    new Error(`option "listen": ${JSON.stringify(listenText(listen))} cannot be used: ${why}`),
    {
      code: code ?? 'ERR_POSTMETER_OPTION',
      cause,
    },
  )
}
