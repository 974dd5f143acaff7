/** Bounds of buckets in rows; as prom-client, which checks less than postmeter's own. */
import { plainError } from '../common/errors.js'

/** `count` bounds, `width` apart, beginning with `start`. */
export function linearBuckets(start: number, width: number, count: number): number[] {
  if (count < 1) refuse('Linear buckets needs a positive count')
  return Array.from({ length: count }, (_, n) => start + n * width)
}

/** `count` bounds, each `factor` times the one before, beginning with `start`. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  if (start <= 0) refuse('Exponential buckets needs a positive start')
  if (count < 1) refuse('Exponential buckets needs a positive count')
  if (factor <= 1) refuse('Exponential buckets needs a factor greater than 1')
  let bound = start
  return Array.from({ length: count }, (_, n) => {
    if (n > 0) bound *= factor
    return bound
  })
}

function refuse(why: string): never {
  throw plainError('ERR_POSTMETER_OPTION', why)
}
