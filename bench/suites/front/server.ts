import { Worker } from 'node:worker_threads'
import { createRegistry, serve } from '../../../src/index.js'
import { answerQuestions } from '../../harness/child.js'
import type { Serving } from '../../work/scrape-server.js'
import { servedBy } from '../../work/served.js'
import { PRODUCED } from './producer.js'

// Run as `server.js SERIES PRODUCERS`; it answers any question with how much the producers have recorded.
const [size, producers] = process.argv.slice(2).map(Number) as [number, number]
const registry = createRegistry({ name: 'bench', memory: '1GiB' })
const gauge = registry.gauge({
  name: 'scheduled_count',
  help: 'Messages that wait in a queue.',
  labelNames: ['queue'],
})
for (let at = 0; at < size; at++) {
  gauge.labels({ queue: `tenant-${at % 100}.example:domain-${String(at).padStart(7, '0')}.example` }).set(at)
}
for (let at = 0; at < producers; at++) new Worker(new URL('./producer.js', import.meta.url))
const front = await serve(registry, {
  listen: '127.0.0.1:0',
  // Whom the flood comes from may not read.
  trustedHosts: ['127.0.0.1'],
  log: () => {},
})
const { url, transport } = front
const serving: Serving = { url, transport, served: servedBy(transport) }
answerQuestions<unknown>(serving, () => registry.value(PRODUCED) ?? 0)
