/**
 * A registry's own time, ms since it was made: on a clock that all threads share and that nobody sets. By the wall
 * clock, which is set now and then, idle series would expire early or late.
 */
import type { Arena } from './arena.js'
import { H_STARTED_WORD } from './layout.js'

/** The calling thread's view of it. */
export function uptimeOf(arena: Arena): () => number {
  const offset = ahead() - arena.f64[H_STARTED_WORD]
  return () => performance.now() + offset
}

/** How far monotonic() is ahead of the thread's cheaper clock: by the pair of them that nothing came between. */
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
