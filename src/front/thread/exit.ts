import { isMainThread } from 'node:worker_threads'

/** How long an exit waits for the fronts to let go, in ms, all together. */
const EXIT_WAIT = 2000

/** A front as the end of the process sees it. */
export interface Leaver {
  /** Says that the process is about to exit; must not wait. */
  leave(): void
  /** An Int32 that becomes other than 0 when the front has nothing open any more. */
  readonly ended: Int32Array
}

const leavers = new Set<Leaver>()
let hooked = false

/**
 * Has a front let go of its sockets before the process exits, whatever the reason; returns how to stop that.
 * uWebSockets.js aborts a process that exits while its app is open in a thread.
 */
export function beforeExit(leaver: Leaver): () => void {
  if (!hooked && isMainThread) {
    hooked = true
    // First of all listeners: one that throws would keep us from it, as would one prepended later that throws.
    process.prependListener('exit', leaveAll)
  }
  leavers.add(leaver)
  return () => leavers.delete(leaver)
}

function leaveAll(): void {
  for (const { leave } of leavers) leave()
  const limit = performance.now() + EXIT_WAIT
  for (const { ended } of leavers) Atomics.wait(ended, 0, 0, Math.max(0, limit - performance.now()))
}
