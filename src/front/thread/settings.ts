/** What a front is started with: what serve() has checked, and what only tests set. */
import type { Log } from '../../common/log.js'
import { LIMITS } from '../request/limits.js'
import type { AnswerOptions, AnswerSettings } from '../request/options.js'
import type { Tls } from '../transports/certificate.js'
import type { Choice } from '../transports/choose.js'
import type { Address } from '../transports/listen.js'
import type { ConnectionLimits } from './protocol.js'

export interface FrontSettings {
  readonly listen: Address
  /** How long the first thread goes on trying for an address in use, ms. */
  readonly retry: number
  /** Whether each of its threads stands by while somebody else has the address. */
  readonly standby: boolean
  readonly answerSettings: AnswerSettings
  readonly alongside?: AnswerOptions['alongside']
  readonly limits: ConnectionLimits
  readonly dashboard: boolean
  readonly socketMode: number
  readonly tls: Tls | undefined
  readonly ref: boolean
  readonly choice: Choice
  readonly fallBack: boolean
  readonly log: Log
}

/** What only tests set. */
export interface FrontInternals {
  readonly scraperModule: string | undefined
  readonly grace: number
  readonly stallTimeout: number
  readonly httpStallTimeout: number
  /** How long a scrape waits for a permit, ms. */
  readonly maxWait: number
  /** How long it waits before it starts a failed thread again, ms: at first, and doubled each time, at most. */
  readonly backoff: readonly [first: number, most: number]
}

export const INTERNALS: FrontInternals = {
  scraperModule: undefined,
  maxWait: LIMITS.maxWait,
  grace: 1000,
  stallTimeout: LIMITS.stallTimeout,
  httpStallTimeout: LIMITS.httpStallTimeout,
  backoff: [100, 30_000],
}
