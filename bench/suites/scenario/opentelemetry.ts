/**
 * OpenTelemetry's SDK knows no threads: each has figures of its own, and the exporter exposes those of the thread that
 * it is in. So producers send what they would record, a few messages at a time, to the main thread, which records it:
 * one endpoint, sums over threads, and nothing that was sent dies with its thread.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, type Worker } from 'node:worker_threads'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { Endpoint, Recorder } from './library.js'
import {
  BUCKETS,
  DELIVERED,
  HELP,
  MESSAGES,
  queueName,
  queuesOf,
  SECONDS,
  SERVICES,
  type Shape,
} from './shape.js'

/** Of pairs: which, and how much. */
interface Sent {
  readonly thread: number
  readonly recordings: Float64Array
}

/** Keys of recordings: services first, then queues. */
const SERVICE_AT = 0
const SECONDS_AT = SERVICES.length
const QUEUES_AT = 2 * SERVICES.length

export function open(shape: Shape): Endpoint {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  })
  const provider = new MeterProvider({
    readers: [exporter],
    views: [
      // The limit by default is 2,000 label sets: all others would be exposed as one.
      { instrumentName: DELIVERED, aggregationCardinalityLimit: 2 * shape.threads * queuesOf(shape) },
    ],
  })
  const meter = provider.getMeter('scenario')
  const delivered = meter.createCounter(DELIVERED, { description: HELP[DELIVERED] })
  const messages = meter.createCounter(MESSAGES, { description: HELP[MESSAGES] })
  const seconds = meter.createHistogram(SECONDS, {
    description: HELP[SECONDS],
    advice: { explicitBucketBoundaries: BUCKETS },
  })
  // Made once, as there is no child that could be held.
  const services = SERVICES.map(service => ({ service }))
  const queues = Array.from({ length: shape.threads }, () => new Map<number, { queue: string }>())

  function take({ thread, recordings }: Sent): void {
    for (let at = 0; at < recordings.length; at += 2) {
      const key = recordings[at]!
      const value = recordings[at + 1]!
      if (key < SECONDS_AT) messages.add(value, services[key])
      else if (key < QUEUES_AT) seconds.record(value, services[key - SECONDS_AT])
      else {
        const id = key - QUEUES_AT
        let attributes = queues[thread]!.get(id)
        if (attributes === undefined) {
          attributes = { queue: queueName(thread, id) }
          queues[thread]!.set(id, attributes)
        }
        delivered.add(value, attributes)
      }
    }
  }

  return {
    watch: (worker: Worker) => {
      worker.on('message', (message: unknown) => {
        if (typeof message === 'object') take(message as Sent)
      })
    },
    // The exporter's own server takes port 0 for its default one.
    listen: () => {
      const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response))
      return new Promise(resolve => {
        server.listen(0, '127.0.0.1', () => {
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)
        })
      })
    },
  }
}

export function recorder(thread: number): Recorder {
  const buffer = new Float64Array(6_000)
  let length = 0
  const flush = () => {
    if (length === 0) return
    const recordings = buffer.slice(0, length)
    length = 0
    parentPort!.postMessage({ thread, recordings } satisfies Sent, [recordings.buffer])
  }
  const send = (key: number, value: number) => {
    buffer[length++] = key
    buffer[length++] = value
    if (length === buffer.length) flush()
  }
  return {
    queue: id => {
      send(QUEUES_AT + id, 0)
      return { inc: () => send(QUEUES_AT + id, 1) }
    },
    // There is no way to take a series out.
    remove: () => {},
    service: at => ({ inc: () => send(SERVICE_AT + at, 1) }),
    seconds: at => ({ observe: value => send(SECONDS_AT + at, value) }),
    flush,
  }
}
