/**
 * A registry's own time, ms since it was made. It is taken from a clock that all threads share and that nobody sets.
 * The wall clock is set now and then, and idle series would expire early or late by it.
 */
import type { Arena } from './arena.js'
import { H_STARTED_WORD } from './layout.js'

/** The registry's time, as a function for the calling thread. */
export function uptimeOf(arena: Arena): () => number {
  const offset = ahead()
  // Read each time: it changes when a memory begins anew, which a process that only reads lives through.
  return () => performance.now() + offset - arena.f64[H_STARTED_WORD]
}

/**
 * How far monotonic() is ahead of performance.now(), which is cheaper and each thread's own. Of several attempts it
 * takes the one in which the two readings were closest together.
 */
function ahead(): number {
  let between = Number.POSITIVE_INFINITY
  let found = 0
  for (let n = 0; n < 5; n++) {
    const before = performance.now()
    const shared = monotonic()
    const after = performance.now()
    if (after - before >= between) continue
    between = after - before
    found = shared - (before + after) / 2
  }
  return found
}

/** The system's monotonic clock in ms, the same in all threads. */
export function monotonic(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1000 + nanos / 1e6
}
