/** What the plugin uses of Haraka, as Haraka 3 has it. */

/** What a hook calls when it is done. Without arguments the next plugin is asked. */
export type Next = (verdict?: number, message?: string) => void

/** `this` in a plugin's functions. */
export interface HarakaPlugin {
  readonly name: string
  readonly config: {
    /** The operator's config folder. */
    readonly overrides_path?: string
    get(name: string, changed: () => void): unknown
  }
  register_hook(hook: string, method: string, priority?: number): void
  haraka_require(module: 'outbound'): Outbound
  logcrit(message: string): void
  logerror(message: string): void
  logwarn(message: string): void
  lognotice(message: string): void
  loginfo(message: string): void
  [method: string]: unknown
}

/** One plugin's entry in a result store. */
export interface Result {
  readonly pass?: readonly unknown[]
  readonly fail?: readonly unknown[]
  readonly err?: readonly unknown[]
  readonly skip?: readonly unknown[]
  readonly [key: string]: unknown
}

export interface ResultStore {
  get(plugin: string): Result | undefined
}

export interface Transaction {
  readonly rcpt_to: readonly unknown[]
  readonly rcpt_count?: Readonly<Record<'accept' | 'tempfail' | 'reject', number>>
  /** What Haraka has answered to the message: `accepted`, `rejected`, `deferred`. */
  readonly msg_status?: string
  readonly data_bytes?: number
  readonly results?: ResultStore
  readonly notes?: Readonly<Record<string, unknown>>
}

export type Respond = (code: unknown, message: unknown, done?: () => void) => unknown

export interface Connection {
  readonly transaction: Transaction | null
  readonly results: ResultStore
  readonly notes: Readonly<Record<string, unknown>>
  readonly tls?: {
    readonly enabled?: boolean
    readonly cipher?: { readonly name?: unknown; readonly version?: unknown }
  }
  respond: Respond
}

/** A file in the outbound queue: a message to recipients of one domain. */
export interface QueueItem {
  readonly filename: string
  readonly todo: {
    readonly domain?: string
    readonly uuid?: string
    readonly rcpt_to: readonly unknown[]
  } | null
}

/** The queue of files that wait for their time. */
export interface TimerQueue {
  add(file: string, ms: number, due: () => void): unknown
  discard(file: string): unknown
}

export interface Outbound {
  readonly temp_fail_queue: TimerQueue
  /** In progress, in the delivery queue (those in progress included), in the temp fail queue: `1/2/3`. */
  get_stats(): string
  stats(): { readonly queue_dir: string }
}

/** The part of Haraka's server that a plugin sees as the global `server`. */
export interface Server {
  readonly cfg?: { readonly main?: { readonly nodes?: unknown } }
}

/** Haraka makes these global before it runs a plugin. */
export interface HarakaGlobals {
  readonly server?: Server
  readonly DENY?: number
  readonly DENYSOFT?: number
  readonly DENYDISCONNECT?: number
  readonly DENYSOFTDISCONNECT?: number
}

export function globals(): HarakaGlobals {
  return globalThis as HarakaGlobals
}
