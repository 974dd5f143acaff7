import type { LogEvent } from '../log.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { Choice, TransportName } from './choose.js'
import type { Address } from './listen.js'

/** What the front's thread is started with. */
export interface FrontData {
  readonly handle: RegistryHandle
  readonly listen: Address
  readonly trustedHosts: readonly string[]
  readonly selfMetrics: boolean
  readonly choice: Choice
  /** Whether node:http may take its place if the native part does not load. */
  readonly fallBack: boolean
  /** The module that exports createScraper(handle). */
  readonly scraperModule: string
  /** ms that what is being sent has to finish in when the front is closed. */
  readonly grace: number
  readonly stallTimeout: number
  /** One Int32: 0 until the thread has nothing open any more, then 1. */
  readonly ended: SharedArrayBuffer
}

export type ToFront =
  | { readonly type: 'close' }
  /** The process is about to exit: let go of everything at once, and say so in `ended`. */
  | { readonly type: 'exit' }

export type FromFront =
  | {
      readonly type: 'listening'
      readonly address: Address
      readonly transport: TransportName
    }
  /** An Error's own properties would not survive the way. */
  | {
      readonly type: 'refused'
      readonly message: string
      readonly code?: string
    }
  | { readonly type: 'log'; readonly event: LogEvent }
  /** An uncaught error ended it, in order. */
  | { readonly type: 'failed'; readonly why: string }
