import { Worker } from 'node:worker_threads'
import { createRegistry } from '../../../src/index.js'
import type { Contender, Contenders } from '../../harness/contender.js'
import { peers } from '../../work/peers.js'
import { DONE, type Lane, ROUND, type Work } from './worker.js'

const COUNTS = [1, 2, 4]
/** What each thread does, and how often over all children in a batch: long beside the 50 µs that a thread takes to wake. */
export const WORKS: Readonly<Record<Work, number>> = {
  'bare typed array': 20_000,
  'counter, same series': 20_000,
  'counter, different series': 20_000,
  ...Object.fromEntries(Object.keys(peers).map(name => [name, 1_000])),
}

export const contenderName = (work: Work, threads: number) =>
  `${work}, ${threads} thread${threads > 1 ? 's' : ''}`

export const contenders: Contenders = Object.fromEntries(
  Object.keys(WORKS).flatMap(work =>
    COUNTS.map(threads => [contenderName(work, threads), (size: number) => inThreads(work, threads, size)]),
  ),
)

/** One call is one increment in any of the threads, from the moment that all may begin until the last has ended. */
async function inThreads(work: Work, threads: number, size: number): Promise<Contender> {
  createRegistry({ name: 'bench' })
  const control = new Int32Array(new SharedArrayBuffer(16))
  const turns = WORKS[work]!
  for (let thread = 0; thread < threads; thread++) {
    const lane: Lane = { work, thread, size, turns, control }
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: lane })
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  }
  return {
    calls: threads * size * turns,
    batch: () => {
      Atomics.store(control, DONE, 0)
      Atomics.add(control, ROUND, 1)
      Atomics.notify(control, ROUND)
      for (let done = 0; done < threads; done = Atomics.load(control, DONE)) Atomics.wait(control, DONE, done)
    },
  }
}
