/** One exposition of several registries. */
import t from 'tap'
import { expose } from '../../src/exposition/expose.js'
import { JoinedScraper } from '../../src/exposition/joined.js'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Format } from '../../src/exposition/types.js'
import { collect } from '../support/check-exposition.js'
import { fresh, samples } from '../support/registry.js'

const OPTIONS = { format: 'text' as Format, prefix: '', selfMetrics: false }

/** Registries of so many series each, joined. */
function joined(t: Parameters<typeof fresh>[0], ...series: number[]) {
  const parts = series.map((count, n) => {
    const { registry } = fresh(t)
    const family = registry.counter({ name: `c${n}_total`, help: 'h', labelNames: ['x'] })
    for (let x = 0; x < count; x++) family.inc({ x: `${x}` })
    return createScraper(registry.handle)
  })
  const [first, ...others] = parts
  const scraper = new JoinedScraper(first!)
  scraper.join(others)
  t.teardown(async () => {
    await scraper.close()
    for (const part of parts) await part.close()
  })
  return { scraper, parts }
}

t.test('a part that is left out ends with the scrapes that are under way', async t => {
  const { scraper, parts } = joined(t, 5_000, 40_000)
  const closed: string[] = []
  const left = parts[1]!
  const close = left.close.bind(left)
  left.close = () => {
    closed.push('left')
    return close()
  }
  const scrapes = [expose(scraper, OPTIONS), expose(scraper, OPTIONS), expose(scraper, OPTIONS)]
  const begun = await Promise.all(scrapes.map(scrape => scrape.next()))
  scraper.join([])
  t.strictSame(closed, [], 'it is used')
  const [one, two, three] = scrapes
  const whole = Buffer.from(begun[0]!.value as Uint8Array).toString() + (await collect(one!))
  t.equal(samples(whole).length, 45_000)
  await two!.return()
  t.strictSame(closed, [], 'the last one uses it')
  await three!.return()
  t.strictSame(closed, ['left'])
  t.equal(samples(await collect(expose(scraper, OPTIONS))).length, 5_000)
})

t.test('a part that fails is left with the scrape', async t => {
  const { scraper, parts } = joined(t, 5_000, 40_000)
  await parts[1]!.close()
  await t.rejects(collect(expose(scraper, OPTIONS)), /is closed/)
  let closed = 0
  parts[1]!.close = async () => void closed++
  scraper.join([])
  t.equal(closed, 1)
})
