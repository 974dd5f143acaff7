import { KINDS, type Kind } from '../work/expositions.js'

/** How much each suite does. */
export interface Effort {
  readonly recording: {
    readonly children: number
    /** Of each contender. */
    readonly processes: number
    readonly rounds: number
    readonly milliseconds: number
  }
  readonly threads: {
    readonly children: number
    readonly counts: readonly number[]
    readonly peers: boolean
  }
  readonly encoding: {
    readonly kinds: readonly Kind[]
    readonly size: number
    readonly rounds: number
    readonly milliseconds: number
  }
  /** Lines of the body that is compressed whole. */
  readonly compression: { readonly whole: number }
  /** All sizes, or some. */
  readonly sizes: {
    readonly some?: readonly number[]
    readonly rounds: number
    readonly milliseconds: number
  }
  readonly folding: {
    readonly size: number
    readonly rounds: number
    readonly milliseconds: number
  }
  readonly scrape: { readonly size: number; readonly rounds: number }
  /** Series of all threads together. */
  readonly gathering: { readonly series: number; readonly threads: number; readonly rounds: number }
  readonly blocked: {
    readonly size: number
    readonly seconds: number
    readonly perSecond: number
  }
  /** Rounds by turns, while the service runs and while it is stopped. */
  readonly outside: { readonly series: number; readonly rounds: number }
  readonly series: { readonly size: number; readonly rounds: number }
  readonly front: {
    readonly small: number
    readonly large: number
    readonly seconds: number
    readonly rounds: number
  }
  readonly pushing: {
    readonly series: number
    /** Series of the comparison with OpenTelemetry's exporter. */
    readonly compared: number
    readonly rounds: number
    /** ms that the program records beside a push. */
    readonly recording: number
  }
  readonly quiet: { readonly size: number; readonly rounds: number; readonly seconds: number }
  /** Seconds until a program has settled, and that it is looked at. */
  readonly idle: { readonly rounds: number; readonly settle: number; readonly seconds: number }
  /** Workers in each process. */
  readonly importing: { readonly rounds: number; readonly workers: number }
  /** Lines of the file. */
  readonly checking: { readonly size: number; readonly rounds: number }
  /** Seconds that a page is left open. */
  readonly dashboard: { readonly series: number; readonly rounds: number; readonly seconds: number }
  /** Lines of the endpoint. */
  readonly watching: { readonly size: number; readonly looks: number; readonly rounds: number }
  readonly scenario: {
    readonly series: number
    readonly seconds: number
    /** Seconds that a thread is blocked, and ms between scrapes. */
    readonly blocked: number
    readonly every: number
  }
}

export const full: Effort = {
  recording: { children: 128, processes: 3, rounds: 5, milliseconds: 200 },
  threads: { children: 128, counts: [1, 2, 4], peers: true },
  encoding: { kinds: KINDS, size: 200_000, rounds: 7, milliseconds: 200 },
  compression: { whole: 2_162_586 },
  sizes: { rounds: 5, milliseconds: 100 },
  folding: { size: 1_000_000, rounds: 7, milliseconds: 200 },
  scrape: { size: 2_162_586, rounds: 9 },
  gathering: { series: 20_000, threads: 4, rounds: 15 },
  blocked: { size: 10_000, seconds: 5, perSecond: 40 },
  outside: { series: 500_000, rounds: 15 },
  series: { size: 2_162_586, rounds: 3 },
  front: { small: 200, large: 100_000, seconds: 4, rounds: 25 },
  pushing: { series: 2_162_586, compared: 100_000, rounds: 5, recording: 1_000 },
  quiet: { size: 100_000, rounds: 5, seconds: 3 },
  idle: { rounds: 3, settle: 20, seconds: 10 },
  importing: { rounds: 3, workers: 12 },
  checking: { size: 2_000_000, rounds: 5 },
  dashboard: { series: 100_000, rounds: 5, seconds: 20 },
  watching: { size: 100_000, looks: 20, rounds: 3 },
  scenario: { series: 100_000, seconds: 60, blocked: 5, every: 1_000 },
}

/** Shows that all of it runs; too short for its figures to mean anything. */
export const quick: Effort = {
  recording: { children: 8, processes: 1, rounds: 1, milliseconds: 1 },
  threads: { children: 4, counts: [1, 2], peers: false },
  encoding: { kinds: ['counters', 'histograms'], size: 5_000, rounds: 1, milliseconds: 5 },
  compression: { whole: 20_000 },
  sizes: { some: [1_000], rounds: 1, milliseconds: 5 },
  folding: { size: 5_000, rounds: 1, milliseconds: 5 },
  scrape: { size: 20_000, rounds: 2 },
  gathering: { series: 500, threads: 2, rounds: 2 },
  blocked: { size: 1_000, seconds: 0.5, perSecond: 20 },
  outside: { series: 2_000, rounds: 2 },
  series: { size: 20_000, rounds: 1 },
  front: { small: 20, large: 5_000, seconds: 0.5, rounds: 3 },
  pushing: { series: 2_000, compared: 500, rounds: 1, recording: 20 },
  quiet: { size: 2_000, rounds: 1, seconds: 0.1 },
  idle: { rounds: 1, settle: 0.5, seconds: 0.5 },
  importing: { rounds: 1, workers: 2 },
  checking: { size: 20_000, rounds: 1 },
  dashboard: { series: 2_000, rounds: 1, seconds: 3 },
  watching: { size: 2_000, looks: 2, rounds: 1 },
  scenario: { series: 2_000, seconds: 2, blocked: 0.3, every: 200 },
}
