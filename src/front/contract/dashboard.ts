/** What the dashboard's page and its front say to each other: `dashboard/families.json` and `dashboard/data.json`. */
import type { Buckets } from '../../reading/buckets.js'

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'stateset'

export interface Family {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly unit?: string
  readonly labels: readonly string[]
  readonly series: number
}

export interface HistogramValue {
  readonly count: number
  readonly sum: number | null
  readonly buckets: Buckets
}

export interface SummaryValue {
  readonly count: number
  readonly sum: number | null
  /** Only of a single series: quantiles cannot be added up. */
  readonly quantiles: readonly (readonly [q: number, value: number | null])[]
}

/** A number is null where it is none that JSON has: NaN or infinite. */
export type Value = number | null | HistogramValue | SummaryValue

export interface PanelLine {
  readonly label: string
  readonly series: number
  readonly value: Value
  readonly increase?: number
}

export interface PanelData {
  readonly name: string
  readonly type: FamilyType
  readonly series: number
  readonly total: Value
  /**
   * How much was counted, or observed, since this was asked before, and how long that is ago, as far as the server knows.
   * It is summed up over series, so it is right where some of them have ended.
   */
  readonly increase?: number
  readonly seconds?: number
  readonly by?: string
  readonly lines: readonly PanelLine[]
  /** What is not in the lines, where there are some. */
  readonly others?: { readonly series: number; readonly value: Value; readonly increase?: number }
  /** Whether there were more values of the label than the server holds: others may be greater. */
  readonly partial?: boolean
}

export interface PanelProblem {
  readonly name: string
  readonly problem: string
}

export type PanelAnswer = PanelData | PanelProblem

export interface Answer {
  /** The server's clock, in ms. */
  readonly time: number
  /** When the server's front was started, on that clock: another one may have counted anew. */
  readonly started: number
  /** After how many ms it wants to be asked again. */
  readonly every: number
  /** In the order asked. */
  readonly panels: readonly PanelAnswer[]
}

/** Of one request: more would not be on one screen. */
export const MOST_PANELS = 16
/** Names of a family, and of a label. They are as long as these may be. */
export const FAMILY = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,1023}$/
export const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]{0,1023}$/
/** Lines of a panel: a picture with more could not be read. What is beyond them is in `others`. */
export const MOST_LINES = 10
