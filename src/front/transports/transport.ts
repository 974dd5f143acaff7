import { thrown } from '../../common/errors.js'
import type { Log } from '../../common/log.js'
import type { RequestHandler } from '../scrapes/request-handler.js'
import type { Tls } from './certificate.js'
import type { TransportName } from './choose.js'
import { type Address, listenText } from './listen.js'

export interface TransportSettings {
  readonly listen: Address
  readonly handler: RequestHandler
  /** How long a reader may take nothing through node:http, ms; 0 for no limit. uWebSockets.js has 10 s of its own. */
  readonly stallTimeout: number
  /** Permissions of a Unix socket's file. */
  readonly socketMode?: number
  readonly tls?: Tls | undefined
  /** How long a TLS handshake may take, from the beginning of the connection, ms; default 10 s. */
  readonly handshakeTimeout?: number
  readonly log?: Log
  /** Called when it can listen no more, and when it listens again. */
  readonly listens?: (listening: boolean) => void
  /** Once it is aborted, nothing more is opened. */
  readonly signal?: AbortSignal
}

/** A listening server of either kind. */
export interface Transport {
  readonly name: TransportName
  /** Where it listens; with the port that the system chose, if 0 was asked for. */
  readonly address: Address
  /** False if somebody has removed or replaced the file of its Unix socket, without which nobody can connect. */
  inPlace(): boolean
  /** Stops listening, lets answers go on for `grace` ms at most, then cuts every connection. */
  close(grace: number): Promise<void>
  /** Cuts every connection at once, synchronously: for a thread that is about to end. */
  destroy(): void
}

const IN_USE =
  ', perhaps by another process of this program: under node:cluster or PM2, give each worker an address of its own, or ' +
  'serve in one of them; with option "standby" all of them may serve, and one listens; with option "retry" it waits for a ' +
  'process that is about to end'

/** The error for an address that cannot be listened on: it names the option, its value and the system's reason. */
export function listenError(listen: Address, cause: unknown): Error {
  const { code, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    EADDRINUSE: `the ${listen.family === 'unix' ? 'socket' : 'port'} is in use${IN_USE}`,
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'permission denied',
    EAFNOSUPPORT: 'this address family is not supported here',
  }
  const message = cause instanceof Error ? cause.message : thrown(cause)
  const why = code === undefined ? message : `${reasons[code] ?? message} (${syscall ?? 'listen'} ${code})`
  return Object.assign(
    new Error(`option "listen": ${JSON.stringify(listenText(listen))} cannot be used: ${why}`),
    {
      code: code ?? 'ERR_POSTMETER_OPTION',
      cause,
    },
  )
}
