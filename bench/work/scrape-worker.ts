import { parentPort, workerData } from 'node:worker_threads'
import { getRegistry } from '../../src/index.js'
import { burn } from '../harness/burn.js'

/** What a thread of the scrape server does: record all the while, or loop for as long as a message says. */
export type Role = 'record' | 'burn'

export const RECORDED = 'recorded_total'

if (parentPort) {
  if ((workerData as Role) === 'burn') parentPort.on('message', burn)
  else {
    const recorded = getRegistry('bench').counter({
      name: RECORDED,
      help: 'Recorded by Workers.',
    })
    setInterval(() => {
      for (let at = 0; at < 1000; at++) recorded.inc()
    }, 1)
  }
  parentPort.postMessage('ready')
}
