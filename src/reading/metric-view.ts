/** What of a family stands before its series. */
export interface FamilyHead {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly unit: string
}

export type FamilyType = 'counter' | 'gauge' | 'summary' | 'untyped' | 'histogram'

/** Labels of a series, as places of `bytes`: their UTF-8. */
export interface LabelsView {
  length: number
  readonly nameFrom: number[]
  readonly nameTo: number[]
  readonly valueFrom: number[]
  readonly valueTo: number[]
}

/** Buckets of one sign of a native histogram, not cumulative; or pairs of whatever a field says. */
export interface SparseBuckets {
  length: number
  readonly indexes: number[]
  readonly counts: number[]
}

/** One series. A reader has one of them and writes each series over the one before: copy what is to stay. */
export interface MetricView {
  bytes: Buffer
  readonly labels: LabelsView
  /** Of a counter, gauge, or one of no type. */
  value: number
  /** When it began, ms since the epoch; NaN where that is not told. */
  created: number
  /** Of a histogram or summary. */
  count: number
  sum: number
  /** Classic buckets, cumulative and without +Inf's; of a summary quantiles and their values. */
  length: number
  readonly bounds: number[]
  readonly counts: number[]
  /** Whether it has native buckets. */
  native: boolean
  schema: number
  zeroThreshold: number
  zeroCount: number
  readonly positive: SparseBuckets
  readonly negative: SparseBuckets
}
