import { createRegistry, getRegistry, serve } from '../../../src/index.js'
import type { Endpoint, Recorder } from './library.js'
import { BUCKETS, DELIVERED, HELP, MESSAGES, SECONDS, type Shape } from './shape.js'

export function open({ form }: Shape): Endpoint {
  const shared = form === 'processes'
  const registry = createRegistry({ name: 'scenario', memory: '512MiB', shared })
  return {
    listen: async () => (await serve(registry, { listen: '127.0.0.1:0' })).url,
  }
}

export function recorder(): Recorder {
  const registry = getRegistry('scenario')
  const delivered = registry.counter({ name: DELIVERED, help: HELP[DELIVERED], labelNames: ['queue'] })
  const messages = registry.counter({ name: MESSAGES, help: HELP[MESSAGES], labelNames: ['service'] })
  const seconds = registry.histogram({
    name: SECONDS,
    help: HELP[SECONDS],
    labelNames: ['service'],
    buckets: BUCKETS,
  })
  return {
    queue: (_, queue) => delivered.labels({ queue }),
    remove: queue => delivered.remove({ queue }),
    service: (_, service) => messages.labels({ service }),
    seconds: (_, service) => seconds.labels({ service }),
  }
}
