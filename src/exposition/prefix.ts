import { MAX_PREFIX_BYTES } from '../memory/layout.js'

const PREFIX = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/** What is wrong with a prefix of metric names; undefined when nothing is. An empty one means none. */
export function checkPrefix(prefix: unknown): string | undefined {
  if (prefix === '') return undefined
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    return 'is not the beginning of a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)'
  }
  if (prefix.length > MAX_PREFIX_BYTES) return `is longer than ${MAX_PREFIX_BYTES} characters`
  return undefined
}
