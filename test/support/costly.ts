/** Families that are as costly to spell as they can be made, part by part: for tests of what a span is planned to take. */
import type { Registry } from '../../src/index.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { familyOf } from './registry.js'

/** The longest spelling that a number has. */
export const LONG = -2.2250738585072014e-308

/** So many label names of so many bytes, two at least. */
export function names(count: number, bytes: number): string[] {
  const letter = (n: number) => String.fromCharCode(97 + n)
  return Array.from({ length: count }, (_, n) =>
    `${letter(Math.floor(n / 26))}${letter(n % 26)}`.padStart(bytes, 'n'),
  )
}

/** Bounds that are long to spell. */
const MANY = Array.from({ length: 100 }, (_, n) => LONG * (100 - n))

/** Label sets, by what is worst about them. */
export const LABELS: Record<
  string,
  { labelNames: readonly string[]; value: (n: number, label: number) => string }
> = {
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

export const DEFAULTS: Record<string, Record<string, string>> = {
  'no defaults': {},
  'many defaults': Object.fromEntries(names(60, 2).map(name => [name.toUpperCase(), ''])),
}

/** Each kind, recorded so that its numbers are long. */
export const KINDS: Record<
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

/** Makes counts as long as protobuf can have them. */
export function inflate(arena: Arena): void {
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
