import { isMainThread } from 'node:worker_threads'
import { getRegistry } from '../../../src/index.js'

export const PRODUCED = 'produced_total'

// A thread that records as fast as it can.
if (!isMainThread) {
  const produced = getRegistry('bench').counter({ name: PRODUCED, help: 'Recorded by producers.' })
  const produce = () => {
    const end = performance.now() + 5
    while (performance.now() < end) for (let at = 0; at < 1000; at++) produced.inc()
    setImmediate(produce)
  }
  produce()
}
