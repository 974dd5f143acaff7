/** Expositions that are larger than a slot: a memory of 4 MiB has slots of 64 KiB. */
import { isDeepStrictEqual } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Chunk, ScrapeOptions } from '../../src/exposition/types.js'
import { linearBuckets } from '../../src/index.js'
import * as L from '../../src/memory/layout.js'
import { giveSlot, slotsTaken, takeSlot } from '../../src/memory/slots.js'
import {
  expectedJson,
  expectedMessages,
  expectedOpenMetrics,
  expectedText,
  type FamilyModel,
  joined,
  type Model,
  record,
  streamed,
} from '../support/oracle.js'
import { messages } from '../support/protobuf.js'
import { drops, familyOf, fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const SLOT = 64 * 1024
const OPTIONS = { format: 'text', prefix: '', selfMetrics: false } as const

function gauges(name: string, count: number, value = (n: number) => `series number ${n}`): FamilyModel {
  return {
    kind: 'gauge',
    name,
    help: `${count} of them`,
    labelNames: ['queue'],
    series: Array.from({ length: count }, (_, n) => ({
      labels: [value(n)],
      recorded: [n * 1.25],
    })),
  }
}

function histograms(name: string, count: number, labelNames = ['a', 'b']): FamilyModel {
  return {
    kind: 'histogram',
    name,
    help: 'divided too',
    labelNames,
    series: Array.from({ length: count }, (_, n) => ({
      labels: labelNames.map(label => `${label}${n}`),
      recorded: [n / 100, 3, 1e9],
    })),
  }
}

const LARGE: Model = {
  defaults: {},
  families: [
    gauges('a', 10),
    gauges('b_divided', 5_000),
    gauges('c', 3),
    {
      kind: 'counter',
      name: 'd_empty',
      help: 'no series',
      labelNames: ['x'],
      series: [],
    },
    histograms('e_divided', 150),
    {
      kind: 'counter',
      name: 'f',
      help: 'the last',
      labelNames: [],
      series: [{ labels: [], recorded: [7] }],
    },
  ],
}

t.test('a registry larger than a slot is exposed as the naive formatter writes it', async t => {
  for (const [what, model] of [
    ['two divided families among small ones', LARGE],
    ['with default labels', { ...LARGE, defaults: { node: 'mx"1' } }],
    ['a divided family is the first and only', { defaults: {}, families: [gauges('only', 4_000)] }],
    ['without labels of their own', { defaults: { node: 'x' }, families: many(700) }],
    ['more families than a span has pieces', { defaults: {}, families: many(1_300) }],
    [
      'control characters',
      {
        defaults: {},
        families: [gauges('control', 3_000, n => `\u0001\u001f\0\r${n}"\\\n`)],
      },
    ],
  ] as [string, Model][]) {
    const { registry, arena } = fresh(t, {
      memory: '4MiB',
      labels: model.defaults,
    })
    t.equal(arena.i32[L.P_SLOT_TEXT], SLOT)
    record(registry, model)
    for (const prefix of ['', 'kumomta_']) {
      const text = await streamed(registry, 'text', prefix)
      t.ok(text.text === expectedText(model, prefix), `${what}: text with prefix "${prefix}"`)
      const openMetrics = await streamed(registry, 'openmetrics', prefix)
      t.ok(openMetrics.text === expectedOpenMetrics(model, prefix), `${what}: OpenMetrics`)
      const protobuf = joined(messages((await streamed(registry, 'protobuf', prefix)).bytes))
      t.ok(isDeepStrictEqual(protobuf, expectedMessages(model, prefix)), `${what}: protobuf`)
      const json = await streamed(registry, 'json', prefix)
      JSON.parse(json.text)
      const expected = expectedJson(model, prefix).replaceAll('\\r', '\\u000d')
      t.ok(json.text === expected, `${what}: JSON with prefix "${prefix}"`)
      if (text.text.length > 2 * SLOT) t.ok(text.parts > 2 && json.parts > 2, `${what}: in parts`)
    }
    t.equal(slotsTaken(arena), 0, `${what}: all slots given back`)
    await registry.close()
  }
})

function many(count: number): FamilyModel[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'counter',
    name: `family_${n}`,
    help: 'one of many',
    labelNames: [],
    series: [{ labels: [], recorded: [n] }],
  }))
}

t.test('whatever the sizes are beside the limit, all is exposed', async t => {
  // Lines of 31 to 95 bytes in sizes around a slot's: prefixes move every limit byte by byte.
  const { registry, arena } = fresh(t, { memory: '4MiB' })
  const model: Model = {
    defaults: {},
    families: [gauges('aa', 480), gauges('bb', 640), gauges('cc', 333), gauges('dd', 1)],
  }
  record(registry, model)
  const wrong: string[] = []
  for (let length = 0; length <= 64; length++) {
    const prefix = 'p'.repeat(length)
    if ((await streamed(registry, 'text', prefix)).text !== expectedText(model, prefix))
      wrong.push(`text ${length}`)
    if ((await streamed(registry, 'json', prefix)).text !== expectedJson(model, prefix))
      wrong.push(`json ${length}`)
    if ((await streamed(registry, 'openmetrics', prefix)).text !== expectedOpenMetrics(model, prefix))
      wrong.push(`openmetrics ${length}`)
    const exposed = joined(messages((await streamed(registry, 'protobuf', prefix)).bytes))
    if (!isDeepStrictEqual(exposed, expectedMessages(model, prefix))) wrong.push(`protobuf ${length}`)
  }
  t.strictSame(wrong, [])
  t.equal(slotsTaken(arena), 0)
})

t.test('label sets as long as a slot are exposed or refused, and never make a scrape endless', async t => {
  for (const [what, unit] of [
    ['letters', 'x'],
    ['control characters', '\u0001'],
    ['quotes', '"'],
    ['three bytes', '€'],
  ]) {
    const bytes = Buffer.byteLength(unit)
    const { registry, arena } = fresh(t, {
      memory: '4MiB',
      maxLabelLength: 65_536,
    })
    const gauge = registry.gauge({ name: 'g', help: 'h', labelNames: ['x'] })
    let exposed = 0
    let asked = 0
    for (const around of [SLOT / 12, SLOT / 6, SLOT / 2, SLOT]) {
      for (let size = around - 420; size < around + 40; size += 23) {
        gauge.labels(unit.repeat(Math.floor(size / bytes))).set(1)
        asked++
      }
    }
    const refused = drops(arena, 'g', 'label') + drops(arena, 'g', 'memory')
    for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
      const { text, bytes } = await streamed(registry, format, 'p'.repeat(64), { most: 500 })
      if (format === 'json') exposed = Object.keys(JSON.parse(text)[`${'p'.repeat(64)}g`].value.x).length
      else if (format === 'protobuf') exposed = joined(messages(bytes))[0].metric.length
      else exposed = text.split('\n').filter(line => /^p+g\{/.test(line)).length
      t.equal(exposed + refused, asked, `${what}, ${format}: each is exposed or counted as dropped`)
    }
    t.ok(exposed > 10 && refused > 3, `${what}: ${exposed} exposed, ${refused} refused`)
    t.equal(slotsTaken(arena), 0)
    await registry.close()
  }
})

t.test('one series that is larger than what is encoded without the pool', async t => {
  const x = 'x'.repeat(4_000)
  const y = 'y'.repeat(4_000)
  const { registry } = fresh(t, { memory: '64MiB' })
  registry.histogram({ name: 'h', help: 'h', labelNames: ['x', 'y'] }).observe({ x, y }, 3)
  for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
    const { text } = await streamed(registry, format)
    t.match(text, y, format)
  }
  t.match(await registry.metrics(), `h_count{x="${x}",y="${y}"} 1\n`)
})

t.test("what a family's head takes of a slot is not its series'", async t => {
  const help = 'h'.repeat(8_000)
  for (const kind of ['counter', 'histogram'] as const) {
    const { registry, arena } = fresh(t, { memory: '4MiB', maxLabelLength: 65_536 })
    const options = { name: 'm_total', help, labelNames: ['x'] }
    const counter = kind === 'counter' ? registry.counter(options) : undefined
    const histogram = kind === 'counter' ? undefined : registry.histogram(options)
    // Lines of a series: each has its labels.
    const lines = kind === 'counter' ? 2 : 15
    let asked = 0
    for (let size = Math.ceil(SLOT / lines); size > (SLOT - 40_000) / lines; size -= 97) {
      const x = `${asked++} ${'x'.repeat(size)}`
      counter?.inc({ x })
      histogram?.observe({ x }, 1)
    }
    const accepted = asked - drops(arena, 'm_total', 'label') - drops(arena, 'm_total', 'memory')
    for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
      for (const gzip of [false, { level: 9 }]) {
        const options = {
          format,
          gzip,
          prefix: 'p'.repeat(64),
          created: format !== 'text' && format !== 'json',
        }
        const parts: Uint8Array[] = []
        try {
          for await (const part of registry.stream(options)) parts.push(part)
          const whole = Buffer.concat(parts)
          const text = (gzip ? gunzipSync(whole) : whole).toString('latin1')
          t.equal(
            new Set(text.match(/\b\d+ x{500}/g)).size,
            accepted,
            `${kind}, ${format}: all that was accepted`,
          )
        } catch (error) {
          t.fail(`${kind}, ${format}, ${gzip ? 'compressed' : 'plain'}: ${error}`)
        }
      }
    }
    t.ok(accepted > 10, `${accepted} accepted`)
    await registry.close()
  }
})

t.test(
  'a histogram whose bounds alone outgrow a slot is refused, in words; one that fits is exposed',
  async t => {
    const buckets = linearBuckets(1.0625, 1.0625, 1_000)
    for (const labelNames of [[], ['x']]) {
      const { registry } = fresh(t, { memory: '4MiB' })
      t.throws(() => registry.histogram({ name: 'h', help: 'h', labelNames, buckets }), {
        name: 'RangeError',
        message: /option "buckets": 1000 bounds of metric "h" take more than 65536 bytes.*option "memory"/,
      })
      t.equal((await streamed(registry, 'text', '', { most: 200 })).text, '', 'nothing half registered')
      const fits = registry.histogram({ name: 'h', help: 'h', labelNames, buckets: buckets.slice(0, 300) })
      if (labelNames.length > 0) fits.labels('a')
      for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
        const { text } = await streamed(registry, format, 'p'.repeat(64), { most: 200 })
        t.match(text, 'ph', `${labelNames.length} labels, ${format}: the scrape ends`)
      }
    }
    const { registry } = fresh(t, { memory: '128MiB' })
    const model: Model = {
      defaults: {},
      families: [
        {
          kind: 'histogram',
          name: 'h',
          help: '',
          labelNames: [],
          buckets,
          series: [{ labels: [], recorded: [3, 500, 1e6] }],
        },
      ],
    }
    record(registry, model)
    t.ok(
      (await streamed(registry, 'text')).text === expectedText(model),
      'text, where a slot is large enough',
    )
    t.ok((await streamed(registry, 'openmetrics')).text === expectedOpenMetrics(model), 'OpenMetrics')
    t.ok(
      isDeepStrictEqual(
        joined(messages((await streamed(registry, 'protobuf')).bytes)),
        expectedMessages(model),
      ),
      'protobuf',
    )
    t.ok(
      (await streamed(registry, 'json')).text === expectedJson(model),
      'JSON, where a slot is large enough',
    )
  },
)

function large(t: Parameters<typeof fresh>[0]) {
  const { registry, arena } = fresh(t, { memory: '8MiB' })
  const model: Model = { defaults: {}, families: [gauges('large', 20_000)] }
  record(registry, model)
  const scraper = createScraper(registry.handle)
  t.teardown(() => scraper.close())
  const whole = async (options: Partial<ScrapeOptions> = {}) => {
    const parts: Buffer[] = []
    const scrape = scraper.open({ ...OPTIONS, ...options })
    for (let chunk = await scrape.next(); chunk !== undefined; chunk = await scrape.next()) {
      parts.push(Buffer.from(chunk.bytes))
      chunk.release()
    }
    const all = Buffer.concat(parts)
    const text = options.gzip === undefined ? all : gunzipSync(all)
    return text.toString('utf8') === expectedText(model)
  }
  return { arena, scraper, whole }
}

t.test('an aborted scrape gives its slots back', async t => {
  const { arena, scraper, whole } = large(t)
  for (const taken of [0, 1, 3]) {
    const scrape = scraper.open(OPTIONS)
    const held: Chunk[] = []
    for (let n = 0; n < taken; n++) held.push((await scrape.next()) as Chunk)
    const pending = scrape.next()
    t.ok(slotsTaken(arena) > 0)
    scrape.abort()
    scrape.abort()
    t.equal(await pending, undefined, `after ${taken} chunks: the call that waits ends`)
    t.equal(await scrape.next(), undefined)
    for (const chunk of held) chunk.release()
    await until('slots given back', () => slotsTaken(arena) === 0)
  }
  t.ok(await whole(), 'the next scrape is whole')
})

t.test('a reader that takes its time holds a fixed number of slots', async t => {
  const { arena, scraper, whole } = large(t)
  // One for each of the pool's two threads, one being written and one that waits.
  const AHEAD = 4
  const scrape = scraper.open(OPTIONS)
  const held: Chunk[] = []
  for (let n = 0; n < AHEAD; n++) {
    held.push((await scrape.next()) as Chunk)
    t.ok(slotsTaken(arena) <= AHEAD, `${slotsTaken(arena)} slots`)
  }
  let came = false
  const pending = scrape.next().then(chunk => {
    came = true
    return chunk
  })
  const copies = held.map(chunk => Buffer.from(chunk.bytes))
  // Another scrape runs meanwhile, in slots of its own.
  t.ok(await whole())
  t.notOk(came, 'nothing more while all are held')
  t.strictSame(
    held.map(chunk => Buffer.from(chunk.bytes)),
    copies,
    'and what is held stays as it is',
  )
  held[0].release()
  held[0].release()
  const next = (await pending) as Chunk
  t.ok(next.bytes.length > 0, 'one released, one more comes')
  t.ok(slotsTaken(arena) <= AHEAD)
  scrape.abort()
  for (const chunk of [...held, next]) chunk.release()
  await until('slots given back', () => slotsTaken(arena) === 0)
})

t.test('more scrapes at once than there are slots: all are whole in the end', async t => {
  const { arena, whole } = large(t)
  t.strictSame(await Promise.all(Array.from({ length: 8 }, whole)), new Array(8).fill(true))
  t.equal(slotsTaken(arena), 0)
})

t.test('a scrape that waits for a slot gets the next one that slow readers give back', async t => {
  const { arena, scraper } = large(t)
  const slow = [scraper.open(OPTIONS), scraper.open(OPTIONS)]
  const held: Chunk[] = []
  for (const scrape of slow) held.push((await scrape.next()) as Chunk)
  t.equal(slotsTaken(arena), L.SLOT_COUNT, 'they have all of them')
  const third = scraper.open(OPTIONS)
  const pending = third.next()
  held[0].release()
  const came = await Promise.race([
    pending,
    new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 2_000)),
  ])
  t.ok(came !== undefined, 'it came')
  came?.release()
  held[1].release()
  for (const scrape of [...slow, third]) scrape.abort()
  ;(await pending)?.release()
  await until('slots given back', () => slotsTaken(arena) === 0)
})

t.test(
  'a scrape that lacks slots goes on with what others give back, though its reader releases nothing',
  async t => {
    const { arena, scraper } = large(t)
    const others = Array.from({ length: L.SLOT_COUNT - 1 }, () => takeSlot(arena, 9))
    const scrape = scraper.open(OPTIONS)
    const first = (await scrape.next()) as Chunk
    const pending = scrape.next()
    for (const slot of others) giveSlot(arena, slot)
    const second = await Promise.race([
      pending,
      new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 2_000)),
    ])
    t.ok(second !== undefined, 'the next part came')
    first.release()
    scrape.abort()
    ;(await pending)?.release()
    await until('slots given back', () => slotsTaken(arena) === 0)
  },
)

t.test('a pool thread that is killed midway fails the scrape, and the next one works', async t => {
  const { arena, scraper, whole } = large(t)
  const threads: Worker[] = []
  const onWorker = (worker: Worker) => threads.push(worker)
  process.on('worker', onWorker)
  t.teardown(() => process.off('worker', onWorker))
  t.ok(await whole(), 'a front encodes so few bytes itself')
  t.equal(threads.length, 0)
  t.ok(await whole({ gzip: { level: 1 } }), 'and has the pool compress them')
  t.ok(threads.length > 0, `it has ${threads.length} threads`)
  const status = arena.slots * 2 + L.SLOT_STATUS
  // A thread may be done before it is killed: then once more.
  for (let killed = false; !killed; ) {
    const scrape = scraper.open({ ...OPTIONS, gzip: { level: 9 } })
    // The header needs no thread.
    ;((await scrape.next()) as Chunk).release()
    arena.i32[status] = -1
    const outcome = scrape.next().then(
      chunk => chunk?.release(),
      () => 'failed',
    )
    await until('the first span is in the kernel', () => arena.i32[status] === L.STATUS_OK)
    await Promise.all(threads.splice(0).map(one => one.terminate()))
    killed = (await outcome) === 'failed'
    if (killed) t.equal(await scrape.next(), undefined, 'nothing more is encoded after a failure')
    else scrape.abort()
    await until('slots given back', () => slotsTaken(arena) === 0)
  }
  t.ok(await whole(), 'the next scrape is whole')
})

t.test('a task that traps fails the scrape, and the next one works', async t => {
  const { arena, scraper, whole } = large(t)
  const help = familyOf(arena, 'large').ref * 2 + L.F_HELP
  const was = arena.i32[help]
  // Beyond the end of the memory.
  arena.i32[help] = 0x1000_0000
  const scrape = scraper.open(OPTIONS)
  await t.rejects(scrape.next(), /out of bounds/)
  arena.i32[help] = was
  await until('slots given back', () => slotsTaken(arena) === 0)
  t.ok(await whole(), 'the next scrape is whole')
})

t.test(
  'a plan that traps fails the scrape, not the reader that gives a slot back, and the next one works',
  async t => {
    const { arena, scraper, whole } = large(t)
    const scrape = scraper.open(OPTIONS)
    const chunk = (await scrape.next()) as Chunk
    // Beyond the end of the memory.
    const pages: [number, number][] = []
    const first = arena.i32[familyOf(arena, 'large').ref * 2 + L.F_FIRST_PAGE]
    for (let page = first; page !== 0; page = pages.at(-1)![1]) {
      pages.push([page * 2 + L.PAGE_NEXT, arena.i32[page * 2 + L.PAGE_NEXT]])
    }
    for (const [at] of pages) arena.i32[at] = 0x1000_0000
    t.doesNotThrow(() => chunk.release())
    await t.rejects(
      (async () => {
        for (let next = await scrape.next(); next !== undefined; next = await scrape.next()) next.release()
      })(),
      /out of bounds/,
    )
    for (const [at, was] of pages) arena.i32[at] = was
    await until('slots given back', () => slotsTaken(arena) === 0)
    t.ok(await whole(), 'the next scrape is whole')
  },
)

t.test('a scraper that is closed rejects, twice', async t => {
  const { scraper, arena } = large(t)
  const scrape = scraper.open(OPTIONS)
  ;((await scrape.next()) as Chunk).release()
  const closing = scraper.close()
  t.equal(await scraper.close(), await closing)
  await t.rejects(scraper.open(OPTIONS).next(), /closed/)
  await until('slots given back', () => {
    scrape.abort()
    return slotsTaken(arena) === 0
  })
})
