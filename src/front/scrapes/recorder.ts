import type { Format } from '../../exposition/types.js'
import type { Denial } from '../request/request.js'
import type { CutReason } from './shared-scrapes.js'

/** What can be read off a front at any time. */
export interface Gauges {
  inFlight(): number
  waiting(): number
  running(): number
  connections(): number
}

/** Where a front counts what it does. Its calls are cheap and throw nothing. */
export interface Recorder {
  /** An answer has ended; `status` is 0 where nothing was said. */
  answered(status: number, format: Format | undefined, seconds: number, bytes: number): void
  denied(reason: Denial): void
  cut(reason: CutReason): void
  /** Says where gauges are read from; all of one registry in one thread add up. Returns how they are taken out. */
  watch(gauges: Gauges): () => void
  /** Brings the gauges up to date: a scrape that may tell them begins. */
  refresh(): void
  /** Figures for the page that a person sees. */
  figures(): [what: string, value: number][]
}

export const NO_RECORDER: Recorder = {
  answered() {},
  denied() {},
  cut() {},
  watch: () => () => {},
  refresh() {},
  figures: () => [],
}
