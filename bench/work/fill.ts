import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createRegistry, getRegistry, type Registry } from '../../src/index.js'
import { fill, type Kind } from './expositions.js'

interface Order {
  readonly kind: Kind
  readonly lines: number
}

/** So few leave too little on the heap to be worth a thread. */
const FEW = 50_000

/**
 * A registry whose series were all touched by so many threads: each has a shard of its own. The threads are over when
 * this resolves, and what of their handles was on their heaps is gone.
 */
export async function filledRegistry(
  kind: Kind,
  lines: number,
  threads = 1,
): Promise<{ registry: Registry; lines: number }> {
  const registry = createRegistry({ name: 'bench', memory: '3GiB' })
  if (threads === 1 && lines <= FEW) return { registry, lines: fill(registry, kind, lines) }
  const workers: Worker[] = []
  let made = 0
  // One after the other, but all alive to the end: a shard whose thread is over would go to the next.
  for (let n = 0; n < threads; n++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { kind, lines } satisfies Order })
    workers.push(worker)
    made = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  }
  await Promise.all(workers.map(worker => worker.terminate()))
  return { registry, lines: made }
}

if (!isMainThread && parentPort) {
  const { kind, lines } = workerData as Order
  parentPort.postMessage(fill(getRegistry('bench'), kind, lines))
  // Alive until it is ended.
  setInterval(() => {}, 60_000)
}
