/** Compressed expositions: one gzip member, whatever it was put together from. */
import { isDeepStrictEqual } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { combineCrc, GzipMember } from '../../src/exposition/gzip.js'
import { createScraper } from '../../src/exposition/scraper.js'
import type { Format } from '../../src/exposition/types.js'
import type { Registry } from '../../src/index.js'
import * as L from '../../src/memory/layout.js'
import { compressible, slotsTaken } from '../../src/memory/slots.js'
import { SEED } from '../support/arbitrary.js'
import { joined } from '../support/oracle.js'
import { messages } from '../support/protobuf.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const FORMATS: readonly Format[] = ['text', 'openmetrics', 'protobuf', 'json']

async function bytesOf(registry: Registry, options: Parameters<Registry['stream']>[0]): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of registry.stream(options)) parts.push(part)
  return Buffer.concat(parts)
}

/** Undoes one member and throws where it is not the whole: readers such as curl take the first alone. */
function oneMember(body: Buffer): Buffer {
  const { buffer, engine } = inflateRawSync(body.subarray(10), { info: true }) as unknown as {
    buffer: Buffer
    engine: { bytesWritten: number }
  }
  const end = 10 + engine.bytesWritten
  if (end + 8 !== body.length) throw new Error(`the member ends at ${end} of ${body.length}`)
  if (!gunzipSync(body).equals(buffer)) throw new Error('gunzip reads something else')
  return buffer
}

/** Messages of protobuf are divided where spans end, which compressed ones do a little earlier. */
function same(format: Format, one: Buffer, other: Buffer): boolean {
  if (format !== 'protobuf') return one.equals(other)
  return isDeepStrictEqual(joined(messages(one)), joined(messages(other)))
}

/** Slots of 64 KiB: many spans, divided families among small ones. */
function large(t: Parameters<typeof fresh>[0], value: (n: number) => string) {
  const made = fresh(t, { memory: '4MiB' })
  const { registry } = made
  registry.counter({ name: 'a_total', help: 'the first' }).inc()
  const many = registry.gauge({ name: 'b', help: 'divided', labelNames: ['x'] })
  for (let n = 0; n < 4_000; n++) many.set({ x: value(n) }, n / 8)
  registry.gauge({ name: 'c', help: 'no series', labelNames: ['x'] })
  const histogram = registry.histogram({ name: 'd', help: 'divided too', labelNames: ['a', 'b'] })
  for (let n = 0; n < 150; n++) histogram.observe({ a: `${n}`, b: value(n) }, n / 10)
  return made
}

t.test('in each format, at each level, what is decompressed is what was encoded', async t => {
  const { registry, arena } = large(t, n => `queue-${n}.example`)
  for (const format of FORMATS) {
    const plain = await bytesOf(registry, { format })
    for (const level of [1, 6, 9]) {
      const body = await bytesOf(registry, { format, gzip: { level } })
      t.ok(same(format, oneMember(body), plain), `${format} at level ${level}`)
      t.ok(body.length < plain.length / 3, `${plain.length} bytes in ${body.length}`)
    }
    const prefixed = await bytesOf(registry, { format, gzip: true, prefix: 'p_', selfMetrics: true })
    t.match(oneMember(prefixed).toString('latin1'), 'p_postmeter_series')
  }
  t.equal(slotsTaken(arena), 0)
})

t.test('small expositions too, down to nothing', async t => {
  const { registry } = fresh(t)
  for (const format of FORMATS) {
    const plain = await bytesOf(registry, { format })
    t.ok(oneMember(await bytesOf(registry, { format, gzip: true })).equals(plain), `${format}: empty`)
  }
  registry.gauge({ name: 'g', help: '' }).set(1)
  t.equal(oneMember(await bytesOf(registry, { gzip: true })).toString(), await registry.metrics())
})

t.test('what cannot be compressed fits its slot all the same', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  let state = SEED | 1
  const noise = () => {
    let text = ''
    for (let n = 0; n < 200; n++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      // Two bytes of UTF-8, 11 bits of them random.
      text += String.fromCharCode(0x80 + ((state >>> 16) % 0x700))
    }
    return text
  }
  const { registry } = fresh(t, { memory: '8MiB' })
  const gauge = registry.gauge({ name: 'g', help: '', labelNames: ['x'] })
  for (let n = 0; n < 3_000; n++) gauge.set({ x: noise() }, n)
  for (const format of FORMATS) {
    const plain = await bytesOf(registry, { format })
    t.ok(same(format, oneMember(await bytesOf(registry, { format, gzip: true })), plain), format)
  }
  t.equal(compressible(65_536), 65_536 - 30)
})

t.test('a family whose series go while it is exposed in parts', async t => {
  const { registry, arena } = large(t, n => `x${n}`)
  const gauge = registry.gauge({ name: 'b', help: '', labelNames: ['x'] })
  for (let n = 0; n < 4_000; n += 1) if (n !== 3_999) gauge.remove({ x: `x${n}` })
  const body = oneMember(await bytesOf(registry, { format: 'json', gzip: true }))
  t.strictSame(JSON.parse(body.toString()).b.value, { x: { x3999: 3_999 / 8 } })
  t.equal(slotsTaken(arena), 0)
})

t.test('an aborted one gives its slots back, wherever it was', async t => {
  const { registry, arena } = large(t, n => `queue-${n}`)
  const scraper = createScraper(registry.handle)
  t.teardown(() => scraper.close())
  for (let taken = 0; taken < 6; taken++) {
    const options = { format: 'json', prefix: '', selfMetrics: false, gzip: { level: 1 } } as const
    const scrape = scraper.open(options)
    for (let n = 0; n < taken; n++) (await scrape.next())?.release()
    scrape.abort()
    await until('all slots are free', () => slotsTaken(arena) === 0)
  }
  t.pass('none is left')
})

t.test(
  'a pool thread that is killed while it compresses fails the scrape, and the next one is whole',
  async t => {
    const { registry, arena } = fresh(t, { memory: '256MiB' })
    const gauge = registry.gauge({ name: 'g', help: '', labelNames: ['x'] })
    for (let n = 0; n < 60_000; n++) gauge.set({ x: `${Math.imul(n, 0x9e3779b1)}-${n}.example` }, n)
    const threads: Worker[] = []
    const onWorker = (worker: Worker) => threads.push(worker)
    process.on('worker', onWorker)
    t.teardown(() => process.off('worker', onWorker))
    const scraper = createScraper(registry.handle)
    t.teardown(() => scraper.close())
    const open = (level: number) =>
      scraper.open({ format: 'text', prefix: '', selfMetrics: false, gzip: { level } })
    const plain = Buffer.from(await registry.metrics())
    const scrape = open(9)
    ;(await scrape.next())?.release()
    const size = arena.slots * 2 + L.SLOT_PLAIN_BYTES
    arena.i32[size] = -1
    const pending = scrape.next()
    await until('the first span is being compressed', () => arena.i32[size] !== -1)
    await Promise.all([t.rejects(pending, 'what waits rejects'), ...threads.map(one => one.terminate())])
    await until('slots given back', () => slotsTaken(arena) === 0)
    const parts: Buffer[] = []
    const next = open(1)
    for (let chunk = await next.next(); chunk !== undefined; chunk = await next.next()) {
      parts.push(Buffer.from(chunk.bytes))
      chunk.release()
    }
    t.ok(oneMember(Buffer.concat(parts)).equals(plain))
    t.equal(slotsTaken(arena), 0)
  },
)

t.test('checksums of parts make that of the whole', async t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 70_000 }), (a, b) => {
      return combineCrc(crc32(a), crc32(b), b.length) === crc32(Buffer.concat([a, b]))
    }),
    { seed: SEED, numRuns: 300 },
  )
  const gib = 2 ** 30
  const zeros = Buffer.alloc(2 ** 20)
  let crc = 0
  for (let n = 0; n < gib / zeros.length; n++) crc = crc32(zeros, crc)
  t.equal(combineCrc(0, crc, gib), crc)
  t.equal(
    combineCrc(combineCrc(0, crc32('a'), 1), crc, gib),
    (() => {
      let whole = crc32('a')
      for (let n = 0; n < gib / zeros.length; n++) whole = crc32(zeros, whole)
      return whole
    })(),
  )
  const member = new GzipMember()
  t.throws(() => member.stored(new Uint8Array(65_536)), RangeError)
})

t.test('bad options', async t => {
  const { registry } = fresh(t)
  const ask = (options: unknown) => bytesOf(registry, options as never)
  for (const level of [0, 10, 1.5, '1', Number.NaN]) {
    await t.rejects(ask({ gzip: { level } }), /option "gzip.level": .* is not a whole number from 1 to 9/)
  }
  await t.rejects(ask({ gzip: 'yes' }), /option "gzip": "yes" is neither a boolean nor an object/)
  await t.rejects(ask({ gzip: { levle: 1 } }), /levle/)
  await t.rejects(registry.metrics({ gzip: true } as never), /gzip/)
  t.equal((await ask({ gzip: false })).length, 0)
})
