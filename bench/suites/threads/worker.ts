import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { getRegistry } from '../../../src/index.js'
import { peers } from '../../work/peers.js'

/** A kind of store, or the name of a peer, of which each thread has a registry of its own. */
export type Work =
  | 'bare typed array'
  | 'counter, same series'
  | 'counter, different series'
  | (string & Record<never, never>)

/** What one thread is given. */
export interface Lane {
  readonly work: Work
  readonly thread: number
  readonly size: number
  readonly turns: number
  readonly control: Int32Array
}

/** Raised when all threads may begin; how many have ended. */
export const ROUND = 0
export const DONE = 1

if (!isMainThread) {
  const { work, thread, size, turns, control } = workerData as Lane
  const batch = batchOf(work, thread, size)
  parentPort!.postMessage('ready')
  for (let round = 0; ; round++) {
    while (Atomics.load(control, ROUND) === round) Atomics.wait(control, ROUND, round)
    batch(turns)
    Atomics.add(control, DONE, 1)
    Atomics.notify(control, DONE)
  }
}

function batchOf(work: Work, thread: number, size: number): (turns: number) => void {
  if (work === 'bare typed array') {
    const cells = new Float64Array(size)
    return turns => {
      for (let turn = 0; turn < turns; turn++) for (let at = 0; at < size; at++) cells[at]! += 1
    }
  }
  const names = Array.from({ length: size }, (_, at) =>
    work === 'counter, different series' ? `service-${thread}-${at}` : `service-${at}`,
  )
  const peer = peers[work]
  if (peer !== undefined) {
    const registers = [new peer.Registry()]
    const counter = new peer.Counter({ name: 'c_total', help: 'C.', labelNames: ['service'], registers })
    return increments(names.map(service => counter.labels({ service })))
  }
  const counter = getRegistry('bench').counter({ name: 'c_total', help: 'C.', labelNames: ['service'] })
  return increments(names.map(service => counter.labels({ service })))
}

function increments(children: readonly { inc(): void }[]): (turns: number) => void {
  return turns => {
    for (let turn = 0; turn < turns; turn++) for (const child of children) child.inc()
  }
}
