/**
 * The ends of Workers. All registries of a thread share one listener on the process, and one on each Worker, because
 * Node warns of a leak from the eleventh on.
 *
 * A program may remove our 'exit' listener together with its own (worker.removeAllListeners()). So the end of a Worker
 * is also detected by its id, which is -1 from then on: whenever this thread starts another Worker, and on the
 * registries' timers.
 */
import type { Worker } from 'node:worker_threads'

/** Whether this thread has started any while there was a registry. */
let some = false
const starts = new Set<(worker: Worker) => void>()
/** Workers that have not ended, and the callbacks for their ends. */
const running = new Map<Worker, Set<() => void>>()

/** Calls back for each Worker that this thread starts from now on. Returns a function that removes the callback. */
export function onWorker(callback: (worker: Worker) => void): () => void {
  if (starts.size === 0) process.on('worker', started)
  starts.add(callback)
  return () => {
    starts.delete(callback)
    if (starts.size === 0) process.off('worker', started)
  }
}

/** Whether this thread has started Workers that can find its registries. */
export function hasStarted(): boolean {
  return some
}

/** Calls back when a Worker has ended. Returns a function that removes the callback. */
export function onWorkerEnd(worker: Worker, callback: () => void): () => void {
  const callbacks = running.get(worker) ?? listen(worker)
  callbacks.add(callback)
  return () => callbacks.delete(callback)
}

/**
 * It is a function of its own, because a listener made in onWorkerEnd would keep that call's callback for as long as
 * the Worker runs.
 */
function listen(worker: Worker): Set<() => void> {
  const callbacks = new Set<() => void>()
  running.set(worker, callbacks)
  worker.once('exit', () => ended(worker))
  return callbacks
}

/**
 * Finds Workers that have ended and whose end no listener of ours was called for. Costs one call for each Worker that
 * runs.
 */
export function lookForEnds(): void {
  for (const worker of running.keys()) if (worker.threadId === -1) ended(worker)
}

function ended(worker: Worker): void {
  const callbacks = running.get(worker) ?? []
  running.delete(worker)
  for (const one of callbacks) one()
}

function started(worker: Worker): void {
  some = true
  // The new Worker can have what ended Workers had.
  lookForEnds()
  for (const callback of starts) callback(worker)
}
