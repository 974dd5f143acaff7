import { createRegistry, type Registry } from '../src/index.js'
import { Child } from './child.js'
import { compressing, ownCompressor, zlibCompressor } from './compressing.js'
import type { Contender, Contenders } from './contender.js'
import { encoderInThread } from './encode-in-thread.js'
import { fill, type Kind } from './expositions.js'
import { contenders as recording } from './recording-contenders.js'
import type { Answer, Order } from './scrape-client.js'
import type { Serving } from './scrape-server.js'

/** What the gate sets side by side; a floor's own contender has the floor's name. */
export const contenders: Contenders = {
  counter: recording['postmeter counter']!,
  histogram: recording['postmeter histogram']!,
  'plain objects': recording['plain objects']!,
  'look-up': recording['postmeter labels().inc()']!,
  'look-up of prom-client': recording['prom-client labels().inc()']!,

  'text of counters': lines => encoding(lines, encoderInThread(filled('counters', lines), 'text', '')),
  'text of histograms': lines => encoding(lines, encoderInThread(filled('histograms', lines), 'text', '')),
  openmetrics: lines => encoding(lines, encoderInThread(filled('counters', lines), 'openmetrics', '')),
  protobuf: lines => encoding(lines, encoderInThread(filled('counters', lines), 'protobuf', '')),
  json: lines => encoding(lines, encoderInThread(filled('counters', lines), 'json', '')),
  'copying counters': lines => copying(lines, 'counters'),
  'copying histograms': lines => copying(lines, 'histograms'),

  'compressed counters': lines => compressing(filled('counters', lines), lines, ownCompressor()),
  'compressed histograms': lines => compressing(filled('histograms', lines), lines, ownCompressor()),
  'zlib of counters': lines => compressing(filled('counters', lines), lines, zlibCompressor),
  'zlib of histograms': lines => compressing(filled('histograms', lines), lines, zlibCompressor),

  scrape: async lines => {
    const [, serving] = await Child.start<Serving>('scrape-server.js', [String(lines), '0'])
    return scraping(lines, serving)
  },
  'encoded scrape': async lines => {
    const [server, { url, transport }] = await Child.start<Serving>('scrape-server.js', [String(lines), '0'])
    const [, serving] = await Child.start<Serving>('encoded-server.js', [url, transport])
    await server.stop()
    return scraping(lines, serving)
  },
}

function filled(kind: Kind, lines: number): Registry {
  const registry = createRegistry({ name: 'bench', memory: '1GiB' })
  fill(registry, kind, lines)
  return registry
}

function encoding(lines: number, batch: () => number): Contender {
  return { calls: lines, batch }
}

/** One memcpy of what the other one writes. */
async function copying(lines: number, kind: Kind): Promise<Contender> {
  const registry = filled(kind, lines)
  const body = Buffer.from(await registry.metrics())
  await registry.close()
  const target = Buffer.from(new SharedArrayBuffer(body.length))
  return encoding(lines, () => body.copy(target))
}

async function scraping(lines: number, { url }: Serving): Promise<Contender> {
  const [client] = await Child.start<string>('scrape-client.js', [])
  return {
    calls: lines,
    batch: () => client.ask<Answer[]>({ url, count: 1 } satisfies Order),
  }
}
