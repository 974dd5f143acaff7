/** What is sent to a receiver, and what comes of it. */
import type { IncomingHttpHeaders } from 'node:http'

/** What a receiver answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most 64 KiB of it. */
  readonly body: Uint8Array
  /** Whether the body was longer. */
  readonly cut: boolean
}

export interface PushRequest {
  readonly method: string
  /** Appended to the url's path, percent-encoded; begins with a slash. The url's query stays behind it. */
  readonly path?: string
  /** The program's own headers come over these. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Bytes, which must not change until send() has resolved; they are not copied. Or parts, each of which must not change
   * until the next one is asked for: they are sent chunked, and iterated anew for each attempt. What can be iterated only
   * once, as a generator's object, is sent only once.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** Says what is wrong with the answer to a push that succeeded by its status; undefined if nothing is. */
  accepts?(answer: Answer): string | undefined
  /** What an answer says of a failure, for the log. Without it, that is the first line of a text. */
  explain?(answer: Answer): string | undefined
}

/** What went wrong. */
export interface Failure {
  /** Of a bounded number: `status-503`, a code of the system or of TLS (`ECONNREFUSED`), or a word. */
  readonly reason: string
  /** A sentence for the log: it names no credentials, no value of a header and no value of the url's query. */
  readonly why: string
}

/** The signal aborted, or the Sender was closed. */
export const GIVEN_UP: Failure = { reason: 'aborted', why: 'the push was given up' }

export type Outcome =
  | ({
      readonly kind: 'delivered'
      /** From the connection to the answer's end. */
      readonly seconds: number
      /** Bytes of the body. */
      readonly sent: number
    } & Answer)
  /** The receiver will never take this body. */
  | ({ readonly kind: 'refused'; readonly status: number | undefined; readonly answer?: Answer } & Failure)
  /** It may take it later; not before `after` ms if it said so. */
  | ({
      readonly kind: 'later'
      readonly status: number | undefined
      readonly after?: number
      readonly answer?: Answer
    } & Failure)
