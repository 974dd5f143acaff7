import type { Buckets } from '../../../reading/buckets.js'

/** What was ever observed, now and at the look before. */
export interface Observed {
  now: Buckets
  before: Buckets | undefined
}
