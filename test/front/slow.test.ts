/** Readers that are slow but never stop, against a real scraper and its slots. */
import t from 'tap'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Chunk } from '../../src/exposition/types.js'
import type { Reader } from '../../src/front/scrapes/reader.js'
import { SharedScrapes } from '../../src/front/scrapes/shared-scrapes.js'
import { slotsTaken } from '../../src/memory/slots.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

t.test('what a parked scrape keeps for its reader is counted', async t => {
  const { registry, arena } = fresh(t, { memory: '8MiB' })
  const gauge = registry.gauge({ name: 'large', help: 'large', labelNames: ['x'] })
  for (let n = 0; n < 20_000; n++) gauge.set({ x: `queue-${n}.example` }, n)
  const expected = JSON.stringify(await registry.json())
  const scraper = createScraper(registry.handle)
  t.teardown(() => scraper.close())
  for (const maxCopied of [0, 1_000_000]) {
    let now = 0
    const settings = { maxConcurrentScrapes: 8, maxWait: 10_000, stallTimeout: 10_000, now: () => now }
    const scrapes = new SharedScrapes({ ...settings, maxCopied })
    const open = () => scraper.open({ format: 'json', prefix: '', selfMetrics: false })
    const reader = scrapes.open('a', open, Number.POSITIVE_INFINITY, () => t.fail('nobody is cut'))
    const parts: Buffer[] = []
    const take = async () => {
      const chunk = await reader.next()
      parts.push(Buffer.from(chunk?.bytes ?? []))
      chunk?.release()
      return chunk !== undefined
    }
    // The bracket, and what stands before the first span, which waits behind it.
    await take()
    await take()
    now += 100
    t.equal(scrapes.relieve(), maxCopied > 0)
    t.equal(scrapes.copied > 0, maxCopied > 0, `${scrapes.copied} bytes of ${maxCopied}`)
    if (maxCopied > 0) await until('its slots are others', () => slotsTaken(arena) === 0)
    while (await take());
    t.equal(JSON.stringify(JSON.parse(Buffer.concat(parts).toString())), expected)
    reader.abort()
    t.equal(scrapes.copied, 0)
    await until('all slots are free', () => slotsTaken(arena) === 0)
  }
})

t.test('readers that take a little all the time do not keep the slots from another', async t => {
  const { registry, arena } = fresh(t, { memory: '8MiB' })
  const gauge = registry.gauge({ name: 'large', help: 'large', labelNames: ['x'] })
  for (let n = 0; n < 20_000; n++) gauge.set({ x: `queue-${n}.example` }, n)
  const expected = await registry.metrics()
  const scraper = createScraper(registry.handle)
  t.teardown(() => scraper.close())
  const scrapes = new SharedScrapes({
    maxConcurrentScrapes: 8,
    maxWait: 10_000,
    stallTimeout: 10_000,
    now: () => performance.now(),
  })
  scraper.starving = () => scrapes.starved()
  const open = (key: string): Reader =>
    scrapes.open(
      key,
      () => scraper.open({ format: 'text', prefix: '', selfMetrics: false }),
      Number.POSITIVE_INFINITY,
      () => t.fail('nobody is cut'),
    )
  const slow: Reader[] = []
  const taking = setInterval(() => {
    for (const reader of slow) reader.progress()
  }, 2)
  t.teardown(() => clearInterval(taking))
  const held: Chunk[] = []
  const late = new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 15_000).unref())
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
    const reader = open(key)
    slow.push(reader)
    const chunk = await Promise.race([reader.next(), late])
    if (chunk === undefined) throw new Error(`${key} gets nothing`)
    held.push(chunk)
  }

  const read = async (reader: Reader, first?: Chunk) => {
    const parts: Buffer[] = []
    const take = (chunk: Chunk) => {
      parts.push(Buffer.from(chunk.bytes))
      chunk.release()
    }
    if (first !== undefined) take(first)
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) take(chunk)
    reader.abort()
    return Buffer.concat(parts).toString('utf8') === expected
  }
  t.equal(await Promise.race([read(open('j')), late]), true, 'another gets all of it meanwhile')
  const all = await Promise.all(slow.map((reader, n) => read(reader, held[n])))
  t.strictSame(all, new Array(9).fill(true), 'and they go on where they stood')
  await until('all slots are free', () => slotsTaken(arena) === 0)
  t.equal(scrapes.copied, 0)
})
