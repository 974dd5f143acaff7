import type { Lack } from '../../exposition/alongside.js'
import type { Format } from '../../exposition/types.js'
import type { Denial } from '../request/request.js'
import type { CutReason } from './shared-scrapes.js'

/** What can be read off a front at any time, each a number that goes up and down. */
export interface Gauges {
  inFlight(): number
  waiting(): number
  running(): number
  connections(): number
}

/** Where a front counts what it does. Calls are cheap and never throw. */
export interface Recorder {
  /** An answer has ended. `status` is 0 if the reader went away before it was whole. */
  answered(status: number, format: Format | undefined, seconds: number, bytes: number): void
  denied(reason: Denial): void
  cut(reason: CutReason): void
  /** A scrape goes without the text of option `alongside`, or without some of its families. */
  lacks(lack: Lack): void
  /** The front's thread was started again so often since it last was up. Only for a front with a thread of its own. */
  restarted?(times: number): void
  /**
   * Has these gauges read from now on; those of one registry in one thread are added up. Returns a function that
   * removes them.
   */
  watch(gauges: Gauges): () => void
  /** Brings the gauges up to date, before a scrape that may expose them. */
  refresh(): void
  /** Figures for the landing page. */
  figures(): [what: string, value: number][]
}

export const NO_RECORDER: Recorder = {
  answered() {},
  denied() {},
  cut() {},
  lacks() {},
  watch: () => () => {},
  refresh() {},
  figures: () => [],
}
