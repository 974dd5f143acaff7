/** registry.stream() beside other readers: one that is left alone, by return() or by nothing at all, is in nobody's way. */
import t from 'tap'
import { whole } from '../../src/exposition/options.js'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Registry } from '../../src/index.js'
import { giveSlot, slotsTaken, takeSlot } from '../../src/memory/slots.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

/** Slots of 64 KiB: some twenty parts. */
function large(t: Parameters<typeof fresh>[0]) {
  const made = fresh(t, { memory: '8MiB' })
  const gauge = made.registry.gauge({ name: 'large', help: 'large', labelNames: ['x'] })
  for (let n = 0; n < 20_000; n++) gauge.set({ x: `queue-${n}.example` }, n)
  return made
}

/** A stream of which one part was taken. */
async function begun(registry: Registry, options: Parameters<Registry['stream']>[0] = {}) {
  const parts = registry.stream(options)
  const { value } = await parts.next()
  return { parts, first: value as Uint8Array }
}

t.test('a registry without metrics has an empty exposition, whatever was encoded before', async t => {
  const { registry } = fresh(t)
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_series 0$/m)
  t.equal(await registry.metrics(), '')
  t.strictSame(await registry.json(), {})
})

t.test('streams that nobody goes on with hold no slots, and go on when they are asked', async t => {
  const { registry, arena } = large(t)
  for (const format of ['text', 'json'] as const) {
    const expected = await whole(registry.stream({ format }))
    const all = [await begun(registry, { format }), await begun(registry, { format })]
    all.push(await begun(registry, { format }), await begun(registry, { format }))
    await until('none holds a slot', () => slotsTaken(arena) === 0)
    t.ok((await whole(registry.stream({ format }))).equals(expected), `${format}: another is whole`)
    for (const { parts, first } of all) {
      const rest = await whole(parts)
      t.ok(Buffer.concat([first, rest]).equals(expected), `${format}: one that rested, too`)
    }
    t.equal(slotsTaken(arena), 0)
  }
})

t.test('a thread that is blocked amid its streams leaves slots for the front', async t => {
  const { registry, arena } = large(t)
  const streams = [await begun(registry), await begun(registry)]
  // Too soon after that for the second to rest.
  t.ok(slotsTaken(arena) > 0)
  const slots = Array.from({ length: 4 }, () => takeSlot(arena, 9))
  t.notOk(slots.includes(0), `${slots}`)
  for (const slot of slots) if (slot !== 0) giveSlot(arena, slot)
  const front = createScraper(registry.handle)
  t.teardown(() => front.close())
  const scrape = front.open({ format: 'text', prefix: '', selfMetrics: false })
  t.ok(((await scrape.next())?.bytes.length ?? 0) > 0)
  scrape.abort()
  for (const { parts } of streams) await parts.return()
})

t.test('a stream that is ended early gives its slots back', async t => {
  const { registry, arena } = large(t)
  for (const options of [{}, { gzip: true }, { format: 'json' }] as const) {
    const one = await begun(registry, options)
    await one.parts.return()
    const other = await begun(registry, options)
    await t.rejects(other.parts.throw(new Error('as planned')), /as planned/)
    // Asked to end while a part is on its way.
    const last = await begun(registry, options)
    const pending = last.parts.next()
    await last.parts.return()
    t.notOk((await pending).done)
    await until('all slots are free', () => slotsTaken(arena) === 0)
  }
})

t.test('a registry that is closed meanwhile', async t => {
  const { registry, arena } = large(t)
  const one = await begun(registry)
  let go = () => {}
  const waits = new Promise<void>(resolve => {
    go = resolve
  })
  registry.gauge({ name: 'slow', help: '', collect: () => waits })
  const collecting = t.rejects(
    registry.stream().next(),
    /^registry ".*" is closed$/,
    'one that had not begun',
  )
  // It has loaded what it needs, and waits for the callback.
  await import('../../src/exposition/on-demand.js')
  await new Promise(resolve => setImmediate(resolve))
  await registry.close()
  go()
  await collecting
  await t.rejects(
    (async () => {
      for await (const _ of one.parts);
    })(),
    /closed/,
    'one that had',
  )
  t.equal(slotsTaken(arena), 0)
})

t.test('one that close() cuts off says so, at whatever moment', async t => {
  for (const options of [{}, { gzip: true }, { format: 'json' }] as const) {
    for (const turns of [0, 1, 2, 5, 20]) {
      const { registry } = large(t)
      const { parts } = await begun(registry, options)
      const rest = whole(parts).then(
        () => 'it was whole',
        (error: Error & { code?: string }) => error.code,
      )
      for (let n = 0; n < turns; n++) await new Promise(setImmediate)
      await registry.close()
      const end = await rest
      t.ok(end === 'ERR_POSTMETER_CLOSED' || (turns > 2 && end === 'it was whole'), `${turns}: ${end}`)
    }
  }
})
