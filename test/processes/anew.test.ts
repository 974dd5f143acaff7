/** A registry that begins anew in its file, over and over: what it takes of memory, and what it exposes. */
import t, { type Test } from 'tap'
import { expose } from '../../src/exposition/expose.js'
import { createScraper } from '../../src/exposition/scraper.js'
import { createRegistry, type LogEvent, type RegistryOptions } from '../../src/index.js'
import { openArena } from '../../src/memory/arena.js'
import { endReading, readFileMemory } from '../../src/processes/reader.js'
import { handleOf } from '../../src/registry/reader-handle.js'
import { collect, Watcher } from '../support/check-exposition.js'
import { sharedFolder } from '../support/folder.js'
import { fill, samples } from '../support/registry.js'

/** Starts a service whose file is the same each time; the caller closes it, or the test's end does. */
function service(t: Pick<Test, 'teardown'>) {
  const file = `${sharedFolder(t)}/metrics`
  const events: LogEvent[] = []
  const start = (more: RegistryOptions = {}) => {
    const log = (event: LogEvent) => void events.push(event)
    const registry = createRegistry({ name: 'begins anew', memory: '4MiB', file, log, ...more })
    t.teardown(() => registry.close())
    return { registry, arena: openArena(registry.handle) }
  }
  return { start, events }
}

const COUNTER = { name: 'c_total', help: 'h', labelNames: ['x'] } as const

t.test('a start takes no more memory than the one before', async t => {
  const { start } = service(t)
  const used: number[] = []
  for (let run = 0; run < 12; run++) {
    const { registry, arena } = start({ labels: { run: `of ${'many '.repeat(20)}${run % 10}` } })
    registry.counter(COUNTER).inc({ x: 'a' })
    used.push(arena.usedBytes())
    await registry.close()
  }
  t.equal(new Set(used.slice(1)).size, 1, `${used}`)
})

t.test('what no family could count is exposed once after a start', async t => {
  const { start } = service(t)
  for (let run = 1; run <= 2; run++) {
    const { registry, arena } = start()
    fill(arena)
    registry.counter(COUNTER).inc({ x: 'a' })
    const dropped = samples(await registry.metrics({ selfMetrics: true })).filter(line =>
      line.includes('family=""'),
    )
    t.strictSame(dropped, [`postmeter_dropped_updates_total{family="",reason="memory"} ${run}`])
    await registry.close()
  }
})

t.test('a memory that is full is made anew if other options do not fit it any more', async t => {
  const { start, events } = service(t)
  const full = start()
  full.registry.counter(COUNTER).inc({ x: 'a' })
  fill(full.arena)
  await full.registry.close()
  const same = start()
  same.registry.counter(COUNTER).inc({ x: 'a' })
  t.equal(same.registry.value('c_total', { x: 'a' }), 2, 'with the same options it goes on')
  await same.registry.close()
  const { registry } = start({ labels: { version: '2'.repeat(100) } })
  registry.counter(COUNTER).inc({ x: 'a' })
  t.equal(registry.value('c_total', { x: 'a' }), 1)
  t.match(events, [{ code: 'file-replaced', message: /it is full, and its options are other ones now/ }])
})

t.test('series that longer labels make too large are left out, and the rest is exposed', async t => {
  const { start, events } = service(t)
  const histogram = {
    ...{ name: 'h', help: 'h', labelNames: ['x'] },
    buckets: Array.from({ length: 60 }, (_, n) => n),
  } as const
  const first = start()
  for (const x of ['a', 'y'.repeat(700), 'z'.repeat(700)])
    first.registry.histogram(histogram).observe({ x }, 3)
  await first.registry.close()
  const { registry } = start({ labels: { v: 'v'.repeat(500) } })
  registry.histogram(histogram).observe({ x: 'a' }, 3)
  registry.counter({ name: 'z_total', help: 'z' }).inc()
  const wrong = new Watcher()
  for (const format of ['text', 'openmetrics'] as const) {
    const text = await registry.metrics({ format })
    const counts = samples(text).filter(line => line.startsWith('h_count'))
    t.strictSame(
      counts.map(line => [/x="(.)/.exec(line)?.[1], line.split(' ').at(-1)]),
      [['a', '2']],
      format,
    )
    t.match(samples(text).at(-1), /^z_total.* 1$/)
    if (format === 'text') wrong.take(text)
  }
  t.strictSame(wrong.wrong, [])
  const { h } = (await registry.json()) as { h: { value: unknown[] } }
  t.ok(h.value.length > 0)
  t.ok((await registry.metrics({ format: 'protobuf' })).length > 0)
  t.equal(events.filter(({ code }) => code === 'series-too-large').length, 1, 'it is said once')
})

t.test(
  'series of gauges that runs leave take no more and more memory, however short the runs are',
  async t => {
    const { start } = service(t)
    const used: number[] = []
    for (let run = 0; run < 6; run++) {
      const { registry, arena } = start()
      for (const aggregate of ['sum', 'last', 'max'] as const) {
        const gauge = registry.gauge({ name: `${aggregate}_of`, help: 'h', labelNames: ['x'], aggregate })
        for (let x = 0; x < 1_000; x++) gauge.set({ x: `${run} ${x}` }, x + 1)
        t.equal(registry.value(`${aggregate}_of`, { x: `${run} 9` }), 10)
      }
      t.equal(samples(await registry.metrics()).length, 3_000)
      used.push(arena.usedBytes())
      await registry.close()
    }
    t.ok(used[5]! < used[0]! * 1.5, `${used}`)
  },
)

t.test('what is read from outside meanwhile is not half of the run before, and half of the next', async t => {
  const { start } = service(t)
  const first = start({ memory: '32MiB' })
  for (let x = 0; x < 40_000; x++) first.registry.counter(COUNTER).inc({ x: `${x}` })
  const read = readFileMemory(first.registry.handle.file!)
  t.teardown(() => endReading(read))
  const scraper = createScraper(handleOf(read))
  t.teardown(() => scraper.close())
  const options = { format: 'json', prefix: '', selfMetrics: false } as const
  const scrape = expose(scraper, options)
  await scrape.next()
  await first.registry.close()
  const { registry } = start({ memory: '32MiB', labels: { run: '2' } })
  registry.counter(COUNTER).inc({ x: '1' })
  await t.rejects(collect(scrape), /the service has started again/)
  const again = JSON.parse(await collect(expose(scraper, options)))
  t.match(again, { c_total: { value: [{ run: '2' }] } }, 'the next one is whole')
})
