import { isMainThread } from 'node:worker_threads'

/** How long an exit waits for all fronts together to close their sockets, ms. */
const EXIT_WAIT = 2000

/** A front that must close its sockets before the process exits. */
export interface ExitingFront {
  /** Notifies the front's thread that the process is about to exit. Must not wait. */
  leave(): void
  /** One Int32: not 0 once the front has nothing open. */
  readonly ended: Int32Array
}

const fronts = new Set<ExitingFront>()
let hooked = false

/**
 * Has a front close its sockets before the process exits, whatever the reason. Returns a function that cancels this.
 * uWebSockets.js aborts a process that exits while its app is open in a thread.
 */
export function beforeExit(front: ExitingFront): () => void {
  if (!hooked && isMainThread) {
    hooked = true
    // Before all other listeners, because one that throws would keep this one from running. One that is prepended later
    // and throws still does.
    process.prependListener('exit', leaveAll)
    process.on('removeListener', comeBack)
  }
  fronts.add(front)
  return () => fronts.delete(front)
}

/**
 * Programs remove all listeners to leave without a word (Haraka does when it daemonizes). Comes back behind the others:
 * removeAllListeners() works its way to the front, and would take this for one of them and leave one of theirs.
 */
function comeBack(_event: string | symbol, listener: unknown): void {
  if (listener === leaveAll) process.on('exit', leaveAll)
}

function leaveAll(): void {
  for (const { leave } of fronts) leave()
  const limit = performance.now() + EXIT_WAIT
  for (const { ended } of fronts) Atomics.wait(ended, 0, 0, Math.max(0, limit - performance.now()))
}
