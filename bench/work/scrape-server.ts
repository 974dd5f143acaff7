import { Worker } from 'node:worker_threads'
import type { TransportName } from '../../src/front/transports/choose.js'
import { createRegistry, serve } from '../../src/index.js'
import { burn } from '../harness/burn.js'
import { answerQuestions } from '../harness/child.js'
import type { Role } from './scrape-worker.js'
import { servedBy } from './served.js'

/** Keeps a thread busy for so many milliseconds: the main thread, or one that has nothing to do with the rest. */
export interface Burn {
  readonly thread: 'main' | 'other'
  readonly milliseconds: number
}

export interface Serving {
  readonly url: string
  readonly transport: TransportName
  /** The transport, and of which release. */
  readonly served: string
}

// Run as `scrape-server.js SERIES WORKERS TRANSPORT`.
const [size, workers] = process.argv.slice(2, 4).map(Number) as [number, number]
const wanted = process.argv[4] as TransportName | 'auto'
const registry = createRegistry({ name: 'bench', memory: '3GiB' })
const gauge = registry.gauge({
  name: 'scheduled_count',
  help: 'Messages that wait in a queue.',
  labelNames: ['queue'],
})
for (let at = 0; at < size; at++) {
  gauge
    .labels({
      queue: `tenant-${at % 100}.example:domain-${String(at).padStart(7, '0')}.example`,
    })
    .set(at)
}
for (let at = 0; at < workers; at++) await startWorker('record')
const other = workers > 0 ? await startWorker('burn') : undefined
const front = await serve(registry, { listen: '127.0.0.1:0', transport: wanted })
const { url, transport } = front
const serving: Serving = { url, transport, served: servedBy(transport) }
answerQuestions<Burn>(serving, ({ thread, milliseconds }) => {
  if (thread === 'other') other!.postMessage(milliseconds)
  // Once the answer, that it begins, is on its way.
  else setTimeout(burn, 10, milliseconds)
})

function startWorker(role: Role): Promise<Worker> {
  const worker = new Worker(new URL('./scrape-worker.js', import.meta.url), {
    workerData: role,
  })
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker))
    worker.on('error', reject)
  })
}
