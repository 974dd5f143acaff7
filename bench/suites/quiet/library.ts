import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { createRegistry, getRegistry, serve } from '../../../src/index.js'
import { fill, type Maker } from '../../work/expositions.js'
import { peers } from '../../work/peers.js'

export const OWN = 'postmeter'
export const LIBRARIES = [OWN, ...Object.keys(peers)]
/** Calls that `record` makes. */
export const RECORDED = 100
const HELD = 64

interface Family<C> {
  labels(labels: { service: string }): C
}

interface Recording extends Maker {
  counter(options: Parameters<Maker['counter']>[0]): ReturnType<Maker['counter']> & Family<{ inc(): void }>
  histogram(
    options: Parameters<Maker['histogram']>[0],
  ): ReturnType<Maker['histogram']> & Family<{ observe(value: number): void }>
}

/** A library in one thread: of the others', each thread has one of its own. */
export interface Library {
  /** Serves so many series; gives the URL. */
  serve(series: number): Promise<string>
  /** Makes some calls of the kinds that a program makes: held counters and histograms, and look-ups. */
  record(): void
}

/** In the main thread, and then in any Worker. */
export function openLibrary(name: string, main: boolean): Library {
  if (name === OWN) {
    const registry = main ? createRegistry({ name: 'bench', memory: '1GiB' }) : getRegistry('bench')
    return {
      record: recorder(registry),
      serve: async series => {
        fill(registry, 'counters', series)
        return (await serve(registry, { listen: '127.0.0.1:0' })).url
      },
    }
  }
  const { Registry, Counter, Gauge, Histogram } = peers[name]!
  const registry = new Registry()
  const registers = [registry]
  const maker: Recording = {
    counter: options => new Counter({ ...options, registers }),
    gauge: options => new Gauge({ ...options, registers }),
    histogram: options => new Histogram({ ...options, registers }),
  }
  return {
    record: recorder(maker),
    serve: async series => {
      fill(maker, 'counters', series)
      const compress = promisify(gzip)
      const server = createServer(async (_, response) => {
        const body = await compress(await registry.metrics(), { level: 1 })
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length })
        response.end(body)
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
    },
  }
}

function recorder(maker: Recording): () => void {
  const labelNames = ['service']
  const counter = maker.counter({ name: 'sent_total', help: 'Sent.', labelNames })
  const histogram = maker.histogram({ name: 'send_seconds', help: 'Time to send.', labelNames })
  const services = Array.from({ length: HELD }, (_, at) => ({ service: `service-${at}` }))
  const counters = services.map(labels => counter.labels(labels))
  const histograms = services.map(labels => histogram.labels(labels))
  let next = 0
  return () => {
    for (let n = 0; n < RECORDED / 4; n++) {
      const at = next++ % HELD
      counters[at]!.inc()
      counters[(at + 1) % HELD]!.inc()
      histograms[at]!.observe((at % 16) / 10)
      counter.inc(services[at]!, 1)
    }
  }
}
