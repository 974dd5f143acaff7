import type { LogEvent } from '../../common/log.js'
import type { Given } from '../../exposition/alongside.js'
import type { RegistryHandle } from '../../memory/handle.js'
import type { AnswerSettings } from '../request/options.js'
import type { Tls } from '../transports/certificate.js'
import type { Choice, TransportName } from '../transports/choose.js'
import type { Address } from '../transports/listen.js'

export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/** What the front's thread is started with. */
export interface FrontData {
  readonly handle: RegistryHandle
  /** Registries whose families come behind those of the first. */
  readonly beside: readonly RegistryHandle[]
  readonly listen: Address
  /** How long it goes on trying for an address in use, ms. */
  readonly retry: number
  /** Whether it stands by while somebody else has the address. */
  readonly standby: boolean
  /** How often a thread of the front was started again since one was last up. */
  readonly restarts: number
  /** How long it waits between two attempts, ms: at first, and doubled each time, at most. */
  readonly backoff: readonly [first: number, most: number]
  readonly answerSettings: AnswerSettings
  readonly limits: ConnectionLimits
  /** Whether it has a page at /dashboard. */
  readonly dashboard: boolean
  readonly socketMode: number
  readonly tls: Tls | undefined
  readonly choice: Choice
  /** Whether node:http is used if the native part does not load. */
  readonly fallBack: boolean
  /** A module that tests put in the place of scraper-module.ts. It exports createScraper(handle), and createRecorder(handle) if it counts. */
  readonly scraperModule: string | undefined
  /** How long answers may go on when the front is closed, ms. */
  readonly grace: number
  readonly stallTimeout: number
  readonly httpStallTimeout: number
  readonly maxWait: number
  /** Nobody terminates the thread: the main thread started it, and waits for `ended` before it exits. */
  readonly inOrder: boolean
  /** One Int32: 0 until the thread has nothing open, then 1. */
  readonly ended: SharedArrayBuffer
}

export type ToFront =
  | { readonly type: 'close' }
  /** Which registries come behind the first from now on. */
  | { readonly type: 'beside'; readonly handles: readonly RegistryHandle[] }
  /** Who may read from now on. Answered by `trusting` with the same number. */
  | { readonly type: 'trust'; readonly hosts: readonly string[]; readonly number: number }
  /** The text that was asked for under this number. */
  | { readonly type: 'text'; readonly number: number; readonly given: Given }
  /** The process is about to exit: close everything at once, then set `ended`. */
  | { readonly type: 'exit' }

export type FromFront =
  /** It listens now, or stands by: sent each time that this changes, and first of all when it has begun. */
  | {
      readonly type: 'listening' | 'standby'
      readonly address: Address
      readonly transport: TransportName
    }
  /** Not an Error, because a message between threads loses its properties. */
  | {
      readonly type: 'refused'
      readonly message: string
      readonly code?: string
    }
  | { readonly type: 'trusting'; readonly number: number }
  /** Asks for the text of option `alongside`. Answered by `text` with the same number. */
  | { readonly type: 'ask'; readonly number: number }
  | { readonly type: 'log'; readonly event: LogEvent }
  /** The thread ends because of an uncaught error, after it has closed everything. */
  | { readonly type: 'failed'; readonly why: string }
