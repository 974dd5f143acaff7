/**
 * prom-client adds up processes of a cluster; for Workers its users have to write the messages themselves. This is
 * what its cluster module does, message for message and with its timeout, but that a Worker that has ended is no
 * longer waited for.
 */
import { parentPort, type Worker } from 'node:worker_threads'
import client from 'prom-client'
import { listenHttp } from './http-endpoint.js'
import type { Endpoint, Recorder } from './library.js'
import { peerRecorder } from './peer-recorder.js'

/** As in prom-client's cluster module, ms. */
const TIMEOUT = 5_000

interface Asked {
  readonly ask: number
}
interface Reply {
  readonly to: number
  readonly metrics?: object[]
  readonly error?: string
}

interface Pending {
  readonly waiting: Set<Worker>
  readonly metrics: object[][]
  readonly resolve: (metrics: object[][]) => void
  readonly reject: (error: Error) => void
}

export function open(): Endpoint {
  const workers = new Set<Worker>()
  const requests = new Map<number, Pending>()
  let last = 0

  function answered(worker: Worker, { to, metrics, error }: Reply): void {
    const request = requests.get(to)
    if (request === undefined) return
    if (error !== undefined) request.reject(new Error(error))
    if (metrics !== undefined) request.metrics.push(metrics)
    request.waiting.delete(worker)
    if (request.waiting.size === 0) request.resolve(request.metrics)
  }

  async function metrics(): Promise<string> {
    const id = ++last
    let timer: NodeJS.Timeout | undefined
    try {
      const all = await new Promise<object[][]>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error('Operation timed out.')), TIMEOUT)
        requests.set(id, { waiting: new Set(workers), metrics: [], resolve, reject })
        for (const worker of workers) worker.postMessage({ ask: id } satisfies Asked)
      })
      return await client.AggregatorRegistry.aggregate(all).metrics()
    } finally {
      clearTimeout(timer)
      requests.delete(id)
    }
  }

  return {
    watch: worker => {
      workers.add(worker)
      worker.on('message', (message: unknown) => {
        if (typeof message === 'object') answered(worker, message as Reply)
      })
      worker.once('exit', () => {
        workers.delete(worker)
        for (const to of requests.keys()) answered(worker, { to })
      })
    },
    listen: () => listenHttp(client.register.contentType, metrics),
  }
}

export function recorder(): Recorder {
  parentPort!.on('message', async (message: unknown) => {
    if (typeof message !== 'object') return
    const to = (message as Asked).ask
    try {
      const metrics = await client.register.getMetricsAsJSON()
      parentPort!.postMessage({ to, metrics } satisfies Reply)
    } catch (error) {
      parentPort!.postMessage({ to, error: String(error) } satisfies Reply)
    }
  })
  return peerRecorder(client)
}
