/** @prometheus-io/client adds up Workers by itself: a WorkerRegistry in each thread, as its README has it. */
import client from '@prometheus-io/client'
import { listenHttp } from './http-endpoint.js'
import type { Endpoint, Recorder } from './library.js'
import { type PeerModule, peerRecorder } from './peer-recorder.js'

export function open(): Endpoint {
  const registry = new client.WorkerRegistry()
  return { listen: () => listenHttp(registry.contentType, () => registry.workerMetrics()) }
}

export function recorder(): Recorder {
  // Its construction is what makes this thread answer.
  new client.WorkerRegistry()
  return peerRecorder(client as unknown as PeerModule)
}
