/**
 * A registry's own time, ms since it was made: on a clock that all threads share and that nobody sets. By the wall
 * clock, which is set now and then, idle series would expire early or late.
 */
import type { Arena } from './arena.js'
import { H_STARTED_WORD } from './layout.js'

/** The calling thread's view of it. */
export function uptimeOf(arena: Arena): () => number {
  const offset = monotonic() - arena.f64[H_STARTED_WORD] - performance.now()
  return () => performance.now() + offset
}

/** The system's monotonic clock in ms, the same in all threads. */
export function monotonic(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1000 + nanos / 1e6
}
