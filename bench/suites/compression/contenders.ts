import { createRegistry, type Registry } from '../../../src/index.js'
import type { Contender, Contenders } from '../../harness/contender.js'
import { compressing, ownCompressor, zlibCompressor } from '../../work/compressing.js'

/** Expositions that differ in what their neighbouring lines share. */
export const KINDS = ['gauges', 'histograms', 'random names'] as const
type Kind = (typeof KINDS)[number]

/** Buckets and totals of a histogram's series. */
export const HISTOGRAM_LINES = 14

export const contenders: Contenders = {
  ...Object.fromEntries(
    KINDS.flatMap((kind): [string, Contenders[string]][] => [
      [`postmeter, ${kind}`, size => compressing(filled(kind, size), size, ownCompressor)],
      [`zlib, ${kind}`, size => compressing(filled(kind, size), size, () => zlibCompressor)],
      [`not compressed, ${kind}`, size => compressing(filled(kind, size), size, () => span => span.length)],
    ]),
  ),
  'two pool threads, gauges': pool,
  'zlib in one thread, gauges': whole,
}

/** As a reader gets it. */
function pool(size: number): Contender {
  const registry = filled('gauges', size)
  let bytes = 0
  return {
    calls: size,
    batch: async () => {
      bytes = 0
      for await (const part of registry.stream({ gzip: true })) bytes += part.length
    },
    bytes: () => bytes,
  }
}

/** All of it, encoded before. */
async function whole(size: number): Promise<Contender> {
  const body = Buffer.from(await filled('gauges', size).metrics())
  let bytes = 0
  return {
    calls: size,
    batch: () => {
      bytes = zlibCompressor(body)
      return bytes
    },
    bytes: () => bytes,
  }
}

function filled(kind: Kind, lines: number): Registry {
  const registry = createRegistry({ name: 'bench', memory: '1GiB' })
  // The same numbers in each process.
  let state = 20_240_610
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % n
  }
  const word = () => String.fromCharCode(...Array.from({ length: 4 + below(8) }, () => 97 + below(26)))
  if (kind === 'histograms') {
    const seconds = registry.histogram({
      name: 'delivery_seconds',
      help: 'Time to deliver.',
      labelNames: ['domain'],
    })
    for (let at = 0; at < lines / HISTOGRAM_LINES; at++) {
      for (let n = 0; n < 20; n++) seconds.observe({ domain: `example-${at}.com` }, below(10_000) / 1_000)
    }
    return registry
  }
  const gauge = registry.gauge({
    name: 'scheduled_count',
    help: 'Messages that wait.',
    labelNames: ['queue'],
  })
  for (let at = 0; at < lines; at++) {
    const queue =
      kind === 'gauges'
        ? `campaign@tenant-${at % 100}.example:domain-${String(at).padStart(7, '0')}.example`
        : `${word()}.${word()}.com`
    // Most queues are short.
    gauge.labels(queue).set(below(4) === 0 ? below(5_000) : below(10))
  }
  return registry
}
