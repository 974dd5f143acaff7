import { createRegistry, type Registry } from '../../src/index.js'
import type { Contender, Contenders } from '../harness/contender.js'
import { contenders as recording } from '../suites/recording/contenders.js'
import { compressing, ownCompressor, zlibCompressor } from '../work/compressing.js'
import { encoderInThread } from '../work/encode-in-thread.js'
import { fill, type Kind } from '../work/expositions.js'
import type { Answer, Order } from '../work/scrape-client.js'
import type { Serving } from '../work/scrape-server.js'
import { startEncodedServer, startScrapeClient, startScrapeServer } from '../work/scraping.js'

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

  'compressed counters': lines => compressing(filled('counters', lines), lines, ownCompressor),
  'compressed histograms': lines => compressing(filled('histograms', lines), lines, ownCompressor),
  'zlib of counters': lines => compressing(filled('counters', lines), lines, () => zlibCompressor),
  'zlib of histograms': lines => compressing(filled('histograms', lines), lines, () => zlibCompressor),

  scrape: async lines => {
    const [, serving] = await startScrapeServer(lines)
    return scraping(lines, serving)
  },
  'encoded scrape': async lines => {
    const [server, live] = await startScrapeServer(lines)
    const [, serving] = await startEncodedServer(live)
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
  const client = await startScrapeClient()
  return {
    calls: lines,
    batch: () => client.ask<Answer[]>({ url, count: 1 } satisfies Order),
  }
}
