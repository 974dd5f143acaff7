import { parentPort, workerData } from 'node:worker_threads'
import { getRegistry } from '../../../src/index.js'

// Touches the first series that the main thread made, so that what a further thread costs can be measured.
const counter = getRegistry('bench').counter({
  name: 'c_total',
  help: 'C.',
  labelNames: ['queue'],
  expireAfter: '10m',
})
for (let n = 0; n < workerData; n++) counter.labels(`queue-${n}.domain.example`).inc()
parentPort!.postMessage('done')
