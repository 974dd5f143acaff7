/** Rows are held as columns: they tell what an object for each would. */
import fc from 'fast-check'
import t from 'tap'
import { LabelSets } from '../../src/cli/top/look/label-sets.js'
import { type Label, shown } from '../../src/cli/top/look/labels.js'
import { between, packed } from '../../src/cli/top/look/observed.js'
import { Rows } from '../../src/cli/top/look/rows.js'
import { Tallies } from '../../src/cli/top/look/tallies.js'
import { COUNT, NONE, SUM, Tally, VALUE } from '../../src/cli/top/look/tally.js'
import type { Buckets } from '../../src/reading/buckets.js'
import { Looks } from './looks.js'

const figure = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN))
const added = fc.tuple(
  fc.integer({ min: 0, max: 200 }),
  fc.oneof(fc.constantFrom(VALUE, SUM, COUNT, NONE), fc.integer({ min: 0, max: 40 })),
  figure,
  figure,
)

t.test('a row of Tallies has what a Tally of its own has', async () => {
  fc.assert(
    fc.property(fc.array(added, { maxLength: 60 }), fc.boolean(), (all, buckets) => {
      const tallies = new Tallies()
      const alone = new Map<number, Tally>()
      // What was there before is gone.
      tallies.add(3, 7, 1, 1, true)
      tallies.clear()
      for (const [row, role, value, rise] of all) {
        tallies.add(row, role, value, rise, buckets)
        const tally = alone.get(row) ?? new Tally()
        alone.set(row, tally)
        tally.add(role, value, rise, buckets)
      }
      const read = new Tally()
      for (let row = 0; row <= 200; row++) {
        tallies.read(row, read)
        const meant = alone.get(row) ?? new Tally()
        const parts = (tally: Tally) =>
          Array.from(read.parts, (_, n) => [tally.parts[n] ?? 0, tally.partLines[n] ?? 0])
        for (const key of ['lines', 'value', 'rise', 'compared', 'series'] as const)
          if (!Object.is(read[key], meant[key]))
            throw new Error(`${key} of ${row}: ${read[key]}, not ${meant[key]}`)
        if (JSON.stringify(parts(read)) !== JSON.stringify(parts(meant))) throw new Error(`parts of ${row}`)
      }
    }),
  )
})

const name = fc.constantFrom('a', 'b', 'c', ...Array.from({ length: 150 }, (_, n) => `n${n}`))
const labelSet = fc
  .uniqueArray(fc.tuple(name, fc.constantFrom('', '1', '2', '"')), {
    selector: ([label]) => label,
    maxLength: 8,
  })
  .map((labels): Label[] => labels.map(([label, value]) => [label, value]))

t.test('a label set has one row, in whatever order its labels come', async () => {
  const inOrder = (labels: readonly Label[]) => labels.toSorted(([a], [b]) => (a < b ? -1 : 1))
  fc.assert(
    fc.property(fc.array(labelSet, { maxLength: 200 }), all => {
      const sets = new LabelSets(1000, 2 ** 20)
      const rows = new Map<string, number>()
      for (const labels of all) {
        const key = JSON.stringify(inOrder(labels))
        const row = sets.rowOf(labels)
        if ((rows.get(key) ?? row) !== row) throw new Error(`${key} has two rows`)
        if (![...rows].every(([other, at]) => other === key || at !== row))
          throw new Error(`${key} shares a row`)
        rows.set(key, row)
        if (sets.rowOf(labels.toReversed()) !== row) throw new Error(`${key} turned round has another row`)
        const text = (parts: readonly Label[]) =>
          parts
            .map(part => shown([part]))
            .toSorted()
            .join(' ')
        for (const [label, value] of labels)
          if (sets.names.includes(label) && sets.value(row, label) !== value)
            throw new Error(`${label} of ${key}`)
        if (sets.text(row).split(' ').toSorted().join(' ') !== text(labels)) throw new Error(sets.text(row))
      }
      return sets.size === rows.size && sets.names.length <= 100
    }),
  )
})

t.test('rows and their texts are as many as there is room for', async t => {
  const few = new LabelSets(2, 2 ** 20)
  t.same(
    ['1', '2', '3', '1'].map(value => few.rowOf([['a', value]])),
    [0, 1, -1, 0],
  )
  const small = new LabelSets(1000, 1000)
  t.equal(small.rowOf([['a', 'x'.repeat(2000)]]), -1)
  t.equal(small.rowOf([['a', 'x']]), 0)
})

t.test('native histograms of rows are held while there is room', async t => {
  const rows = new Rows(new Looks().look('h_bucket{le="+Inf"} 1\n').model.families.get('h')!)
  const large: Buckets = Array.from({ length: 2 ** 19 - 8 }, (_, n) => [n, n] as const)
  const row = (n: number) => rows.rowOf([['n', String(n)]])
  for (let n = 0; n < 5; n++) rows.observed(row(n), packed(large))
  t.same(
    [0, 3, 4].map(n => rows.native(row(n)) !== undefined),
    [true, true, false],
  )
  for (let look = 0; look < 3; look++) rows.observed(row(0), packed([[null, 5]]))
  t.same(between(rows.native(row(0))), [[null, 0]])
  rows.observed(row(4), packed(large))
  t.ok(rows.native(row(4)), 'as soon as another one leaves it')
})

t.test('what 100,000 rows hold', async t => {
  const rows = new Rows(new Looks().look('# TYPE g gauge\ng 1\n').model.families.get('g')!)
  const labels = (n: number): Label[] => [
    ['domain', `domain-${n}.example`],
    ['pool', `pool-${n % 100}`],
  ]
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 100_000; n++) rows.add(rows.rowOf(labels(n)), VALUE, n, Number.NaN)
  const held = process.memoryUsage().arrayBuffers - before
  t.equal(rows.rowOf(labels(100_000)), -1, 'and there is no room for more')
  t.ok(held < 16 * 2 ** 20, `${Math.round(held / 2 ** 20)} MiB of columns`)
  t.equal(rows.text(99_999), 'domain="domain-99999.example" pool="pool-99"')
  t.equal(rows.tally(99_999).value, 99_999)
})
