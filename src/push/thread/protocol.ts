/** What a push's thread and the program say to each other. */
import type { LogEvent } from '../../common/log.js'
import type { RegistryHandle } from '../../memory/handle.js'
import type { PushSettings } from '../options/options.js'

export interface PushData {
  readonly handle: RegistryHandle
  readonly settings: PushSettings
  /** Nobody terminates the thread but close(): the main thread started it. */
  readonly inOrder: boolean
  /** Which series an earlier thread has told of, if there was one. */
  readonly told: SharedArrayBuffer | undefined
}

export type ToPush =
  /** Push now. Answered by `pushed` with the same number. */
  | { readonly type: 'push'; readonly number: number }
  /** Push once more, withdraw, and end. */
  | { readonly type: 'close' }

export type FromPush =
  | { readonly type: 'begun'; readonly told: SharedArrayBuffer }
  /** `whole`: the receiver has taken all of it. */
  | { readonly type: 'pushed'; readonly number: number; readonly whole: boolean }
  | { readonly type: 'log'; readonly event: LogEvent }
  /** The thread ends because of an uncaught error. */
  | { readonly type: 'failed'; readonly why: string }
