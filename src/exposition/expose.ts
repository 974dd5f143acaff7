/** Exposes a registry to the program itself, in parts. */
import { privateCopy } from '../common/private-copy.js'
import { gzipWhole } from './gzip.js'
import type { ScrapeOptions, Scraper } from './types.js'

/** For a reader that asks for nothing for so long, ms, nothing is encoded ahead any more: it may never come back. */
const PATIENCE = 100

/** The parts of one exposition. Each is a copy on private memory. */
export async function* expose(
  scraper: Scraper,
  options: ScrapeOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const small = scraper.small(options)
  if (small !== undefined) {
    yield options.gzip === undefined ? small : gzipWhole(small, options.gzip.level)
    return
  }
  const scrape = scraper.open(options)
  try {
    for (;;) {
      const chunk = await scrape.next()
      if (chunk === undefined) return
      const copy = privateCopy(chunk.bytes)
      chunk.release()
      const resting = setTimeout(() => scrape.rest(), PATIENCE).unref()
      try {
        yield copy
      } finally {
        clearTimeout(resting)
      }
    }
  } finally {
    scrape.abort()
  }
}
