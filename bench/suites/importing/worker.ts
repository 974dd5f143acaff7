import { parentPort, workerData } from 'node:worker_threads'

/** What a Worker imports: a library, or nothing. */
export type ImportedName = 'bare' | 'postmeter' | 'prom-client' | '@prometheus-io/client'

interface Counters {
  inc(): void
}

// In ms: what a program waits for before it can go on with its own work.
const began = performance.now()
if (workerData !== 'bare') await record(workerData as ImportedName)
parentPort!.postMessage(performance.now() - began)
// It lives until it is terminated, so that its memory can be measured.
parentPort!.on('message', () => {})

async function record(name: ImportedName): Promise<void> {
  // By name, as a program does: this package finds itself as it is published.
  const library = await import(name)
  const options = { name: 'mail_received_total', help: 'Messages.' }
  const counter: Counters =
    name === 'postmeter' ? library.getRegistry().counter(options) : new library.Counter(options)
  counter.inc()
}
