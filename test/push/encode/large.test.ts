/**
 * Families that are larger than a slot, and series that are as large as they can be: what fits comes whole and once, what
 * does not is left out and said, and nothing is written outside of the slot.
 */
import t, { type Test } from 'tap'
import type { SourceOptions } from '../../../src/exposition/push-source.js'
import { BUSY } from '../../../src/exposition/span-walk.js'
import type { PushFormat } from '../../../src/exposition/types.js'
import type { Registry } from '../../../src/index.js'
import { type Arena, openArena } from '../../../src/memory/arena.js'
import * as L from '../../../src/memory/layout.js'
import { metricsOf } from '../../support/push-schemas.js'
import { fresh } from '../../support/registry.js'
import { attributesOf } from '../readers/check-otlp.js'
import { readFirst, readSecond } from '../readers/remote-write.js'
import { addedText, PUSH_FORMATS, sourceOf } from '../readers/source.js'

/** So small that a slot has 64 KiB. */
const SMALL = '8MiB'
const NOW = 1_700_000_000_000

/** All spans; each of them has left alone what is not its slot's, and what is behind its text. */
function guardedSpans(t: Test, registry: Registry, format: PushFormat, options: Partial<SourceOptions> = {}) {
  const arena = openArena(registry.handle)
  const { source, events } = sourceOf(registry.handle, format, options)
  const spans: Uint8Array[] = []
  const walk = source.spans(NOW)
  for (;;) {
    const before = Buffer.from(arena.u8)
    const span = walk.next(({ bytes }) => {
      checkOutside(t, arena, bytes, before)
      return Uint8Array.from(bytes)
    })
    if (span === BUSY) throw new Error('all slots are in use')
    if (span === undefined) return { spans, said: events.map(({ code, message }) => `${code} ${message}`) }
    t.ok(span.length <= arena.slotText, 'a span fits its slot')
    spans.push(span)
  }
}

function checkOutside(t: Test, arena: Arena, bytes: Uint8Array, before: Buffer): void {
  const text = bytes.byteOffset
  const slot = text - L.SLOT_TEXT_WORD * L.WORD_BYTES
  const end = text + arena.slotText
  const now = Buffer.from(arena.u8.buffer, 0, arena.u8.length)
  t.equal(
    Buffer.compare(now.subarray(0, slot), before.subarray(0, slot)),
    0,
    'nothing is written before the slot',
  )
  t.equal(Buffer.compare(now.subarray(end), before.subarray(end)), 0, 'nothing is written behind its text')
}

/** A line of each series that a push has, by its labels; throws where one comes twice. */
function linesOf(format: PushFormat, spans: readonly Uint8Array[]): Set<string> {
  const all = new Set<string>()
  const note = (name: string, labels: readonly (readonly [string, string])[]) => {
    const key = JSON.stringify([name, ...labels])
    if (all.has(key)) throw new Error(`comes twice: ${key.slice(0, 200)}`)
    all.add(key)
  }
  for (const span of spans) {
    if (format === 'otlp') {
      for (const { name, ...data } of metricsOf(span)) {
        const { gauge, sum, histogram, exponentialHistogram, summary } = data
        const of = gauge ?? sum ?? histogram ?? exponentialHistogram ?? summary
        for (const { attributes } of of?.dataPoints ?? []) note(name, attributesOf(attributes))
      }
      continue
    }
    // The table of symbols is small: those that find no room in it come again.
    const { series } = format === 'remote-write' ? readFirst(span) : readSecond(span, { again: true })
    for (const { labels } of series) note('', labels)
  }
  return all
}

const letters = (n: number) => String.fromCharCode(97 + (Math.floor(n / 26) % 26), 97 + (n % 26))
/** So many label names of so many bytes. */
const names = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, n) => letters(n).padStart(bytes, 'n'))

for (const format of PUSH_FORMATS) {
  t.test(`${format}: a family that is divided over several spans`, async t => {
    const { registry } = fresh(t, { memory: SMALL })
    const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['to', 'code'] })
    for (let n = 0; n < 3_000; n++) counter.labels(`domain-${n}.example`, `${n % 7}`).inc(n)
    registry.gauge({ name: 'z', help: 'behind it' }).set(1)
    const { spans, said } = guardedSpans(t, registry, format, {
      added: addedText({ job: 'mail', host: 'a' }),
    })
    t.ok(spans.length > 2, `${spans.length} spans`)
    t.equal(linesOf(format, spans).size, 3_001)
    t.same(said, [])
  })

  t.test(`${format}: 1,000 buckets`, async t => {
    const { registry } = fresh(t, { memory: '64MiB' })
    const buckets = Array.from({ length: 1_000 }, (_, n) => n + 0.123_456_789)
    const h = registry.histogram({ name: 'h', help: 'h', labelNames: ['a'], buckets })
    for (let n = 0; n < 20; n++) h.labels(`${n}`).observe(n * 50)
    const { spans, said } = guardedSpans(t, registry, format)
    t.equal(linesOf(format, spans).size, format === 'otlp' ? 20 : 20 * 1_003)
    t.same(said, [])
  })

  t.test(`${format}: 1,000 native buckets`, async t => {
    const { registry } = fresh(t, { memory: SMALL })
    const native = { schema: 8, maxBuckets: 1_000 }
    const h = registry.histogram({ name: 'h', help: 'h', labelNames: ['a'], native })
    for (let n = 0; n < 8; n++) {
      // Every fourth one, so that each has a span of its own; counts that take many bytes.
      for (let i = 1; i <= 999; i += 4)
        h.labels(`${n}`).observe((i % 8 === 1 ? 1 : -1) * 2 ** ((i + 0.5) / 512))
    }
    const { spans, said } = guardedSpans(t, registry, format)
    t.equal(linesOf(format, spans).size, 8)
    t.same(said, [])
  })

  t.test(`${format}: values of labels of 16 KiB, full of what is escaped`, async t => {
    const { registry } = fresh(t, { memory: SMALL, maxLabelLength: 65_536 })
    const g = registry.gauge({ name: 'g', help: 'h', labelNames: ['a', 'b'] })
    for (const unit of ['x', '\\', '"', '\n', 'é']) {
      g.set(
        {
          a: unit.repeat(16_000 / Buffer.byteLength(unit) / (unit === 'x' || unit === 'é' ? 1 : 2)),
          b: unit,
        },
        1,
      )
    }
    const { spans, said } = guardedSpans(t, registry, format)
    t.equal(linesOf(format, spans).size, 5)
    t.same(said, [])
  })

  t.test(`${format}: values of labels of 64 KiB`, async t => {
    const { registry } = fresh(t, { memory: '64MiB', maxLabelLength: 65_536 })
    const g = registry.gauge({ name: 'g', help: 'h', labelNames: ['a'] })
    for (let n = 0; n < 12; n++) g.set({ a: letters(n).repeat(32_000) }, 1)
    const { spans, said } = guardedSpans(t, registry, format)
    t.equal(linesOf(format, spans).size, 12)
    t.same(said, [])
  })

  for (const count of [200, 253, 254, 255, 300]) {
    t.test(`${format}: ${count} labels`, async t => {
      const { registry, events } = fresh(t, { memory: SMALL })
      const labelNames = names(count, 2)
      const c = registry.counter({ name: 'c_total', help: 'h', labelNames })
      for (let n = 0; n < 3; n++) c.labels(...labelNames.map((_, label) => `${n + label}`)).inc()
      registry.gauge({ name: 'a', help: 'before it' }).set(1)
      registry.gauge({ name: 'z', help: 'behind it' }).set(1)
      const { spans, said } = guardedSpans(t, registry, format)
      t.same(events, [])
      // The metric's name is one; remote write has room for 256, and `le`.
      const fits = format === 'otlp' || count <= 254
      t.equal(linesOf(format, spans).size, fits ? 5 : 2)
      if (fits) t.same(said, [])
      else t.match(said, [/^series-too-large metric "c_total": /])
    })
  }

  for (const count of [4, 8, 9, 10, 11, 12, 13, 14, 20]) {
    t.test(`${format}: ${count} labels whose names have 1,024 bytes`, async t => {
      for (const kind of ['counter', 'histogram', 'stateset'] as const) {
        const { registry, events } = fresh(t, { memory: SMALL })
        const labelNames = names(count, 1_024)
        const name = 'm'.repeat(1_015)
        if (kind === 'counter')
          registry
            .counter({ name, help: 'h', labelNames })
            .labels(...labelNames)
            .inc()
        else if (kind === 'histogram') {
          registry
            .histogram({ name, help: 'h', labelNames, buckets: [1] })
            .labels(...labelNames)
            .observe(1)
        } else {
          const labels = Object.fromEntries(labelNames.map(label => [label, 'x']))
          registry
            .stateset({ name, help: 'h', labelNames, states: ['s'] })
            .labels(labels)
            .become('s')
        }
        registry.gauge({ name: 'a', help: 'before it' }).set(1)
        registry.gauge({ name: 'z', help: 'behind it' }).set(1)
        const was = registry.value('postmeter_series')
        const made = events.length === 0
        const options = { prefix: 'p'.repeat(64), added: addedText({ added: 'x'.repeat(2_000) }) }
        for (const given of [{}, options]) {
          const { spans, said } = guardedSpans(t, registry, format, given)
          const lines = linesOf(format, spans).size
          const whole = kind === 'histogram' && format !== 'otlp' ? 4 : 1
          if (said.length > 0) t.match(said, [/^series-too-large metric "m+": /], `${was}`)
          t.equal(lines, 2 + (made && said.length === 0 ? whole : 0), `${kind}, ${Object.keys(given)}`)
        }
        await registry.close()
      }
    })
  }

  t.test(`${format}: help of 8 KiB, default labels of 4 KiB, added ones of 2 KiB, a prefix`, async t => {
    const defaults = Object.fromEntries(names(7, 64).map(name => [name.toUpperCase(), 'd'.repeat(480)]))
    const { registry } = fresh(t, { memory: SMALL, labels: defaults })
    const prefix = 'p'.repeat(64)
    const added = addedText({ added: 'x'.repeat(L.MAX_ADDED_BYTES - 'added=""'.length) })
    const help = 'h'.repeat(8_192)
    registry.counter({ name: `${'c'.repeat(1_018)}_total`, help, labelNames: ['a'] }).inc({ a: 'x' })
    registry.stateset({ name: 's'.repeat(900), help, states: ['up', 'down'] }).become('up')
    registry.histogram({ name: 'h'.repeat(1_016), help, buckets: [1] }).observe(1)
    registry.gauge({ name: 'z', help: 'behind it' }).set(1)
    const { spans, said } = guardedSpans(t, registry, format, { prefix, added })
    t.same(said, [])
    t.equal(linesOf(format, spans).size, format === 'otlp' ? 5 : 8)
  })

  t.test(`${format}: the most that all series of a family can have in common`, async t => {
    const defaults = Object.fromEntries(names(7, 64).map(name => [name.toUpperCase(), 'd'.repeat(480)]))
    const { registry } = fresh(t, { memory: SMALL, labels: defaults })
    const added = addedText({ added: 'x'.repeat(L.MAX_ADDED_BYTES - 'added=""'.length) })
    const labelNames = names(7, 1_024)
    const name = `${'c'.repeat(1_018)}_total`
    registry
      .counter({ name, help: 'h'.repeat(8_192), labelNames })
      .labels(...labelNames.map(() => 'x'))
      .inc()
    registry.gauge({ name: 'z', help: 'behind it' }).set(1)
    const { spans, said } = guardedSpans(t, registry, format, { prefix: 'p'.repeat(64), added })
    t.same(said, [])
    t.equal(linesOf(format, spans).size, 2)
  })

  t.test(`${format}: series that are too large with all their labels, beside others that fit`, async t => {
    const { registry, events } = fresh(t, { memory: SMALL, maxLabelLength: 65_536 })
    const buckets = Array.from({ length: 100 }, (_, n) => n + 0.5)
    const h = registry.histogram({ name: 'h', help: 'h', labelNames: ['a'], buckets })
    const long = (n: number) => n === 7 || n === 19
    for (let n = 0; n < 20; n++) h.labels('x'.repeat(long(n) ? 400 : 1) + n).observe(1)
    registry.gauge({ name: 'z', help: 'behind it' }).set(1)
    t.same(events, [], 'a scrape has room for all')
    const { spans, said } = guardedSpans(t, registry, format, {
      added: addedText({ added: 'x'.repeat(200) }),
    })
    const lines = [...linesOf(format, spans)]
    if (format === 'otlp') t.equal(lines.length, 21)
    else {
      t.match(said, [/^series-too-large metric "h": /])
      t.equal(said.length, 1, 'it is said once')
      t.equal(lines.length, 18 * 103 + 1, 'a series is there as a whole, or it is not')
      t.notOk(lines.some(line => line.includes('xxxxx7')))
    }
  })

  t.test(`${format}: a family that has no series, with any number of labels`, async t => {
    const { registry } = fresh(t, { memory: SMALL })
    for (const count of [1, 300]) {
      registry.counter({ name: `c${count}_total`, help: 'h', labelNames: names(count, 2) })
    }
    const { spans, said } = guardedSpans(t, registry, format)
    t.same(said, [])
    // In 1.0 there is something to say of it; elsewhere nothing is sent that says nothing.
    t.same(
      spans.map(span => (format === 'remote-write' ? readFirst(span).metadata.map(([name]) => name) : span)),
      format === 'remote-write' ? [['c1_total', 'c300_total']] : [],
    )
  })
}
