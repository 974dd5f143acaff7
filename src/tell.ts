/** Telling a registry to the program itself, whole or in parts. */
import type { Format, ScrapeOptions, Scraper } from './encode/types.js'
import { badOption, knownOptions } from './errors.js'
import { checkPrefix } from './prefix.js'

export interface TellOptions {
  /** Put before every metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`, at most 64 characters. Default none. */
  prefix?: string
  /** Whether the library's own metrics are told too. Default false. */
  selfMetrics?: boolean
}

export interface StreamOptions extends TellOptions {
  /** Default `text`. */
  format?: Format
}

export function checkTell(options: StreamOptions): ScrapeOptions {
  knownOptions('stream', options, ['format', 'prefix', 'selfMetrics'])
  const { format = 'text', prefix = '', selfMetrics = false } = options
  if (format !== 'text' && format !== 'json') throw badOption('format', format, 'is none of text, json')
  const wrong = checkPrefix(prefix)
  if (wrong !== undefined) throw badOption('prefix', prefix, wrong)
  return { format, prefix, selfMetrics }
}

/** The parts of one exposition, each a copy that is not on shared memory. */
export async function* tell(
  scraper: Scraper,
  options: ScrapeOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const small = scraper.small(options)
  if (small !== undefined) {
    yield small
    return
  }
  const scrape = scraper.open(options)
  try {
    for (;;) {
      const chunk = await scrape.next()
      if (chunk === undefined) return
      const copy = new Uint8Array(chunk.bytes)
      chunk.release()
      yield copy
    }
  } finally {
    scrape.abort()
  }
}

export async function whole(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}
