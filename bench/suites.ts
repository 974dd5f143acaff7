import { encoding } from './encoding.js'
import { idle } from './idle.js'
import { recording } from './recording.js'
import type { Report } from './report.js'
import { blocked, scrape } from './scrape.js'
import { series } from './series.js'

/** How much each suite does. */
export interface Effort {
  readonly recording: {
    readonly rounds: number
    readonly milliseconds: number
  }
  readonly encoding: {
    readonly size: number
    readonly rounds: number
    readonly milliseconds: number
  }
  readonly scrape: { readonly size: number; readonly rounds: number }
  readonly blocked: {
    readonly size: number
    readonly seconds: number
    readonly perSecond: number
  }
  readonly series: { readonly size: number; readonly rounds: number }
  readonly idle: { readonly rounds: number; readonly seconds: number }
}

export const full: Effort = {
  recording: { rounds: 7, milliseconds: 200 },
  encoding: { size: 200_000, rounds: 7, milliseconds: 300 },
  scrape: { size: 2_162_586, rounds: 9 },
  blocked: { size: 10_000, seconds: 5, perSecond: 40 },
  series: { size: 2_162_586, rounds: 3 },
  idle: { rounds: 3, seconds: 5 },
}

/** Shows that all of it runs; too short for its figures to mean anything. */
export const quick: Effort = {
  recording: { rounds: 1, milliseconds: 5 },
  encoding: { size: 5_000, rounds: 1, milliseconds: 5 },
  scrape: { size: 20_000, rounds: 2 },
  blocked: { size: 1_000, seconds: 0.5, perSecond: 20 },
  series: { size: 20_000, rounds: 1 },
  idle: { rounds: 1, seconds: 0.5 },
}

export const suites: Readonly<Record<string, (effort: Effort) => Promise<Report>>> = {
  recording,
  encoding,
  scrape,
  blocked,
  series,
  idle,
}
