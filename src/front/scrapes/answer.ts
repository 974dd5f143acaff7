import type { Headers, Refusal } from '../request/request.js'
import type { Cut } from './cut.js'
import type { Reading } from './reader.js'

/**
 * Opens a scrape. Throws a Cut if too many readers wait; calls `onCut` if the reader is cut later. `judged` says who
 * finds a reader that takes nothing: the shared scrapes, by what they handed to it (default), or with false its
 * transport, which sees more of the peer.
 */
export type OpenScrape = (onCut: (cut: Cut) => void, judged?: boolean) => Reading

/** The answer to a request: a refusal, a whole body, or a scrape to stream. */
export type Answer =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'whole'; readonly headers: Headers; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly headers: Headers; readonly open: OpenScrape }
