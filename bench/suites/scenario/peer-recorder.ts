import type { Counter, Histogram, Registry } from 'prom-client'
import type { Recorder } from './library.js'
import { BUCKETS, DELIVERED, HELP, MESSAGES, SECONDS } from './shape.js'

/** prom-client, and what has its interface. */
export interface PeerModule {
  readonly register: Registry
  readonly Counter: typeof Counter
  readonly Histogram: typeof Histogram
}

/** A producer's own registry is the thread's global one, which is what the libraries aggregate by default. */
export function peerRecorder(peer: PeerModule): Recorder {
  const delivered = new peer.Counter({ name: DELIVERED, help: HELP[DELIVERED], labelNames: ['queue'] })
  const messages = new peer.Counter({ name: MESSAGES, help: HELP[MESSAGES], labelNames: ['service'] })
  const seconds = new peer.Histogram({
    name: SECONDS,
    help: HELP[SECONDS],
    labelNames: ['service'],
    buckets: BUCKETS,
  })
  return {
    queue: (_, queue) => {
      const child = delivered.labels({ queue })
      child.inc(0)
      return child
    },
    remove: queue => delivered.remove({ queue }),
    service: (_, service) => messages.labels({ service }),
    seconds: (_, service) => seconds.labels({ service }),
  }
}
