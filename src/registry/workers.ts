/**
 * Ends of Workers. One listener on the process, and one on each Worker, for all registries of a thread: Node warns of a
 * leak from the eleventh on.
 *
 * A program may take our 'exit' listener away together with its own (worker.removeAllListeners()). So a Worker's end is
 * also seen by its id, which is -1 from then on: whenever this thread starts another Worker, and on the registries'
 * timers.
 */
import type { Worker } from 'node:worker_threads'

const starts = new Set<(worker: Worker) => void>()
/** Workers that have not ended, and what is to be called when they have. */
const running = new Map<Worker, Set<() => void>>()

/** Calls back for each Worker that this thread starts from now on; returns a function that takes the callback back. */
export function onWorker(callback: (worker: Worker) => void): () => void {
  if (starts.size === 0) process.on('worker', started)
  starts.add(callback)
  return () => {
    starts.delete(callback)
    if (starts.size === 0) process.off('worker', started)
  }
}

/** Calls back when a Worker has ended. Returns a function that takes the callback back. */
export function onWorkerEnd(worker: Worker, callback: () => void): () => void {
  const callbacks = running.get(worker) ?? listen(worker)
  callbacks.add(callback)
  return () => callbacks.delete(callback)
}

/** A function of its own: a listener made in onWorkerEnd would keep that call's callback for as long as the Worker runs. */
function listen(worker: Worker): Set<() => void> {
  const callbacks = new Set<() => void>()
  running.set(worker, callbacks)
  worker.once('exit', () => ended(worker))
  return callbacks
}

/** Looks for Workers that have ended without a listener of ours to hear of it. Costs a call for each that runs. */
export function lookForEnds(): void {
  for (const worker of running.keys()) if (worker.threadId === -1) ended(worker)
}

function ended(worker: Worker): void {
  const callbacks = running.get(worker) ?? []
  running.delete(worker)
  for (const one of callbacks) one()
}

function started(worker: Worker): void {
  // What the ended had is for the one that begins.
  lookForEnds()
  for (const callback of starts) callback(worker)
}
