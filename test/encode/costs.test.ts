/**
 * What a span is planned to take at most, against what it takes: of a slot that is as large as the plan says and not a
 * byte larger, no span may come out as too full. Families are as costly as they can be made, part by part.
 */
import t from 'tap'
import { fitsSpan, placeAt } from '../../src/catalogue/pages.js'
import { addPiece, beginSpan, flagPiece, leaveOutExemplars } from '../../src/exposition/span.js'
import type { Format } from '../../src/exposition/types.js'
import type { Registry } from '../../src/index.js'
import { loadKernel } from '../../src/kernel/loader.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../src/memory/slots.js'
import { familyOf, fresh } from '../support/registry.js'

const FORMATS: readonly Format[] = ['text', 'openmetrics', 'protobuf', 'json']
/** The longest spelling that a number has. */
const LONG = -2.2250738585072014e-308

/** So many label names of so many bytes, two at least. */
function names(count: number, bytes: number): string[] {
  const letter = (n: number) => String.fromCharCode(97 + n)
  return Array.from({ length: count }, (_, n) =>
    `${letter(Math.floor(n / 26))}${letter(n % 26)}`.padStart(bytes, 'n'),
  )
}

/** Bounds that are long to spell. */
const MANY = Array.from({ length: 100 }, (_, n) => LONG * (100 - n))

/** Label sets, by what is worst about them. */
const LABELS: Record<string, { labelNames: readonly string[]; value: (n: number, label: number) => string }> =
  {
    none: { labelNames: [], value: () => '' },
    'one, of one character': { labelNames: ['a'], value: n => String.fromCharCode(97 + n) },
    'two hundred, empty': { labelNames: names(200, 2), value: (n, label) => (label === n ? 'x' : '') },
    'two hundred of one character': {
      labelNames: names(60, 2),
      value: (n, label) => (label === 0 ? `${n % 10}` : 'x'),
    },
    'two hundred of one quote': {
      labelNames: names(60, 2),
      value: (n, label) => (label === 0 ? `${n % 10}` : '"'),
    },
    'two hundred control characters': {
      labelNames: names(60, 2),
      value: (n, label) => (label === 0 ? `${n % 10}` : '\u0001'),
    },
    // Where a length begins to take a byte more.
    'of 127 and 128 bytes': {
      labelNames: names(3, 128),
      value: (n, label) => 'x'.repeat(127 + ((n + label) % 2)) + n,
    },
    'of 120 bytes, with the tag 128': {
      labelNames: names(3, 2),
      value: (n, label) => 'x'.repeat(110 + n + label),
    },
    'of 16 KiB': { labelNames: ['a'], value: n => 'x'.repeat(16_378 + n) },
  }

const DEFAULTS: Record<string, Record<string, string>> = {
  'no defaults': {},
  'many defaults': Object.fromEntries(names(60, 2).map(name => [name.toUpperCase(), ''])),
}

/** Each kind, recorded so that its numbers are long. */
const KINDS: Record<
  string,
  (registry: Registry, labelNames: readonly string[], sets: readonly string[][]) => void
> = {
  counter: (registry, labelNames, sets) => {
    const c = registry.counter({ name: 'm_total', help: 'h"\\\n', labelNames })
    for (const set of sets) c.labels(...set).inc(-LONG)
  },
  gauge: (registry, labelNames, sets) => {
    const g = registry.gauge({ name: 'm_total', help: '', labelNames })
    for (const set of sets) g.labels(...set).set(LONG)
  },
  histogram: (registry, labelNames, sets) => {
    const h = registry.histogram({ name: 'm_total', help: 'h', labelNames, buckets: MANY })
    for (const set of sets) h.labels(...set).observe(LONG)
  },
  'histogram of one bound': (registry, labelNames, sets) => {
    const h = registry.histogram({ name: 'm_total', help: 'h', labelNames, buckets: [-LONG] })
    for (const set of sets) h.labels(...set).observe(-LONG, { a: '"'.repeat(127) })
  },
  'histogram with exemplars': (registry, labelNames, sets) => {
    const h = registry.histogram({ name: 'm_total', help: 'h', labelNames, buckets: [1, 2] })
    for (const set of sets) {
      for (const value of [1, 2, 3]) {
        h.labels(...set).observe(value + -LONG, Object.fromEntries(names(64, 2).map(name => [name, ''])))
      }
    }
  },
  'native histogram': (registry, labelNames, sets) => {
    const h = registry.histogram({ name: 'm_total', help: 'h', labelNames, native: { maxBuckets: 160 } })
    for (const set of sets) {
      // Far apart, so that each has a span of its own.
      for (let n = -36; n < 36; n++) for (const sign of [1, -1]) h.labels(...set).observe(sign * 2 ** (n * 4))
      for (const value of [0, Infinity, -Infinity]) h.labels(...set).observe(value)
    }
  },
  'native histogram, one bucket of each sign': (registry, labelNames, sets) => {
    const h = registry.histogram({ name: 'm_total', help: 'h', labelNames, native: {}, buckets: [1] })
    for (const set of sets) for (const value of [1e300, -1e300]) h.labels(...set).observe(value)
  },
  summary: (registry, labelNames, sets) => {
    const s = registry.summary({ name: 'm_total', help: 'h', labelNames, quantiles: [0.5, 0.999999] })
    for (const set of sets) s.labels(...set).observe(0.1 + 0.2)
  },
  stateset: (registry, labelNames, sets) => {
    const s = registry.stateset({ name: 'm_total', help: 'h', labelNames, states: ['a', ''] })
    for (const set of sets) {
      s.labels(Object.fromEntries(labelNames.map((name, n) => [name, set[n]]))).become('a')
    }
  },
}

interface Asked {
  readonly format: Format
  readonly prefix: string
  readonly created: boolean
  readonly exemplars: boolean
}

/** Makes counts as long as protobuf can have them. */
function inflate(arena: Arena): void {
  const { i32, f64 } = arena
  const { ref, kind, native, bounds, cells: each } = familyOf(arena, 'm_total')
  if ((kind !== 'histogram' && kind !== 'summary') || native !== undefined) return
  const counts = kind === 'summary' ? 1 : bounds.length + 1
  for (let page = i32[ref * 2 + L.F_FIRST_PAGE]; page !== 0; page = i32[page * 2 + L.PAGE_NEXT]) {
    const first = i32[page * 2 + L.PAGE_CELLS] + L.CELLS_HEADER_WORDS
    for (let place = 0; place < i32[page * 2 + L.PAGE_CAPACITY]; place++) {
      f64.fill(1e30, first + place * each, first + place * each + counts)
    }
  }
}

/** Plans as much of the family as a budget allows, and encodes it into a slot that ends where the plan does. */
function encodedSpan(arena: Arena, asked: Asked, budget: number) {
  const { i32 } = arena
  const family = familyOf(arena, 'm_total').ref
  const kernel = loadKernel(arena)
  const slot = takeSlot(arena, 900)
  const slotText = i32[L.P_SLOT_TEXT]
  beginSpan(arena, slot, { ...asked, selfMetrics: false }, i32[L.H_BIRTHS])
  if (!asked.exemplars) leaveOutExemplars(arena, slot)
  const head = kernel.headCost(slot, family)
  const page = i32[family * 2 + L.F_FIRST_PAGE]
  const count = kernel.plan(slot, family, page, 0, budget - head)
  const flags = L.PIECE_HEAD | L.PIECE_COMMA | (i32[slot * 2 + L.SLOT_PLAN_PAGE] === 0 ? L.PIECE_WHOLE : 0)
  addPiece(arena, slot, { family, page, first: 0, count, flags })
  flagPiece(arena, slot, 0, L.PIECE_OPEN)
  const cost = head + i32[slot * 2 + L.SLOT_PLAN_COST]
  i32[L.P_SLOT_TEXT] = cost
  kernel.encode(slot)
  i32[L.P_SLOT_TEXT] = slotText
  giveSlot(arena, slot)
  return { cost, bytes: i32[slot * 2 + L.SLOT_BYTES], status: i32[slot * 2 + L.SLOT_STATUS], count }
}

/** What is wrong with spans of all of a family, and of ever smaller parts; planned by pages, and by places. */
function wrongSpans(arena: Arena, asked: Asked): string[] {
  const all = encodedSpan(arena, asked, arena.i32[L.P_SLOT_TEXT])
  const spans = [all]
  for (let parts = 2; parts <= 6; parts++) spans.push(encodedSpan(arena, asked, Math.floor(all.cost / parts)))
  return spans
    .filter(({ status, bytes, cost }) => status !== L.STATUS_OK || bytes > cost)
    .map(({ count, bytes, cost }) => `${count} series: ${bytes} bytes of ${cost}`)
}

/** What a span of one series costs, its head included. */
function costOfOne(arena: Arena, asked: Asked): number {
  let span = encodedSpan(arena, asked, arena.i32[L.P_SLOT_TEXT])
  while (span.count > 1) span = encodedSpan(arena, asked, span.cost - 1)
  return span.cost
}

/** Whether a series of such a text would be let in if slots had so many bytes. */
function isLetIn(arena: Arena, place: number, slotText: number): boolean {
  const { i32 } = arena
  const family = familyOf(arena, 'm_total')
  const help = i32[family.ref * 2 + L.F_RAW_HELP_BYTES]
  const text = i32[place * 2 + L.PLACE_TEXT_BYTES]
  const had = i32[L.P_SLOT_TEXT]
  i32[L.P_SLOT_TEXT] = slotText
  const suffix = i32[family.ref * 2 + L.F_SUFFIX_MAX]
  const control = text & L.TEXT_CONTROL_BIT
  const fits = fitsSpan(arena, family, help, suffix, text & ~L.TEXT_CONTROL_BIT, control)
  i32[L.P_SLOT_TEXT] = had
  return fits
}

const ASKED: readonly Asked[] = FORMATS.flatMap(format =>
  ['', 'p'.repeat(64)].flatMap(prefix =>
    [false, true].flatMap(created =>
      [false, true].map(exemplars => ({ format, prefix, created, exemplars })),
    ),
  ),
)

for (const [kind, make] of Object.entries(KINDS)) {
  t.test(kind, async t => {
    for (const [defaults, labels] of Object.entries(DEFAULTS)) {
      for (const [what, { labelNames, value }] of Object.entries(LABELS)) {
        const { registry, arena } = fresh(t, { memory: '64MiB', labels, maxLabelLength: 65_536 })
        const sets = Array.from({ length: labelNames.length === 0 ? 1 : 9 }, (_, n) =>
          labelNames.map((_, label) => value(n, label)),
        )
        make(registry, labelNames, sets)
        inflate(arena)
        for (const asked of ASKED) {
          t.strictSame(wrongSpans(arena, asked), [], `${what}, ${defaults}, ${JSON.stringify(asked)}`)
        }
        // Without exemplars: they are left out where there is no room for them.
        const most = Math.max(...ASKED.filter(one => !one.exemplars).map(asked => costOfOne(arena, asked)))
        const place = placeAt(arena.i32[familyOf(arena, 'm_total').ref * 2 + L.F_FIRST_PAGE], 0)
        t.notOk(
          isLetIn(arena, place, most - 1),
          `${what}, ${defaults}: nothing is let in that outgrows a slot`,
        )
        await registry.close()
      }
    }
  })
}
