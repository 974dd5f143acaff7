/**
 * One listener on the process, and one on each Worker, for all registries of a thread: Node warns of a leak from the
 * eleventh on.
 */
import type { Worker } from 'node:worker_threads'

const starts = new Set<(worker: Worker) => void>()
const ends = new WeakMap<Worker, Set<() => void>>()

/** Calls back for each Worker that this thread starts from now on; returns a function that takes the callback back. */
export function onWorker(callback: (worker: Worker) => void): () => void {
  if (starts.size === 0) process.on('worker', tellOfStart)
  starts.add(callback)
  return () => {
    starts.delete(callback)
    if (starts.size === 0) process.off('worker', tellOfStart)
  }
}

/** Calls back when a Worker has ended. */
export function onWorkerEnd(worker: Worker, callback: () => void): void {
  let callbacks = ends.get(worker)
  if (callbacks === undefined) {
    callbacks = new Set()
    ends.set(worker, callbacks)
    const all = callbacks
    worker.once('exit', () => {
      for (const one of all) one()
    })
  }
  callbacks.add(callback)
}

function tellOfStart(worker: Worker): void {
  for (const callback of starts) callback(worker)
}
