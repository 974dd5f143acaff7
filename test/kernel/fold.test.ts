/** What the kernel folds is what folds/fold.ts folds: two programs that have nothing in common but the layout. */
import fc from 'fast-check'
import t from 'tap'
import { AGGREGATE_NAMES } from '../../src/catalogue/families.js'
import { LabelWriter } from '../../src/catalogue/labels.js'
import { foldPlace, places as livePlaces } from '../../src/folds/fold.js'
import type { Aggregate } from '../../src/index.js'
import { orphanThread } from '../../src/memory/shards.js'
import { SeriesTable } from '../../src/series/series.js'
import { anyNumber, SEED } from '../support/arbitrary.js'
import { spellNumber } from '../support/oracle.js'
import { familyOf, fresh, samples } from '../support/registry.js'

interface Write {
  readonly thread: number
  readonly series: number
  readonly value: number
}

const THREADS = 4
const writes = (series: number) =>
  fc.array(
    fc.record({
      thread: fc.nat(THREADS - 1),
      series: fc.nat(series - 1),
      value: anyNumber,
    }),
    {
      maxLength: 40,
    },
  ) as fc.Arbitrary<Write[]>

/** As String() spells it; the sign of a zero that was summed is nobody's business. */
const spell = (value: number) => spellNumber(value === 0 ? 0 : value)

async function compare(
  aggregate: Aggregate,
  labels: number,
  list: readonly Write[],
  dead: readonly number[],
) {
  const undo: (() => unknown)[] = []
  const { registry, arena } = fresh(
    { teardown: ((one: () => unknown) => undo.push(one)) as never },
    { memory: '4MiB' },
  )
  try {
    const labelNames = ['x']
    registry.gauge({ name: 'g', help: '', labelNames, aggregate })
    const family = familyOf(arena, 'g')
    // Threads that are none: tables with ids of their own over the same memory.
    const tables = Array.from(
      { length: THREADS },
      (_, n) =>
        new SeriesTable({
          arena,
          threadId: 1_000 + n,
          ancestors: [],
          now: () => 0,
          uptime: () => 0,
        }),
    )
    const expected = new Map<number, Map<number, number>>()
    for (const { thread, series, value } of list) {
      const writer = new LabelWriter(arena.hashKey, labelNames, family.ref, 100)
      writer.write([`series ${series % labels}`])
      const table = tables[thread]
      const at = table.attach(family, writer, {
        at: 0,
        twin: undefined,
        letGo: () => {},
      })
      const place = table.find(family, writer)
      if (!(place > 0 && at > 0)) throw new Error(`refused: ${place}, ${at}`)
      arena.f64[at] = value
      const shares = expected.get(place) ?? new Map<number, number>()
      shares.set(aggregate === 'last' ? 0 : thread, value)
      expected.set(place, shares)
    }
    for (const thread of dead) orphanThread(arena, 1_000 + thread)
    const lines = samples(await registry.metrics())
    const places = [...livePlaces(arena, family)]
    if (places.length !== lines.length || places.length !== expected.size) throw new Error('not all are told')
    places.forEach((place, n) => {
      const folded = foldPlace(arena, family, place)[0]
      const told = lines[n].split(' ').at(-1)
      if (spell(Number(told === '+Inf' ? Infinity : told === '-Inf' ? -Infinity : told)) !== spell(folded)) {
        throw new Error(`${lines[n]} is told, ${folded} folded`)
      }
      const shares = [...(expected.get(place) as Map<number, number>)]
        .filter(([thread]) => aggregate === 'sum' || aggregate === 'last' || !dead.includes(thread))
        .map(([, value]) => value)
      if (aggregate === 'sum' || aggregate === 'livesum') {
        // Sums of Float64s depend on their order: compare what does not.
        if (shares.length < 3 && spell(shares.reduce((a, b) => a + b, 0)) !== spell(folded)) {
          throw new Error(`${shares.join(' + ')} is ${folded}`)
        }
        return
      }
      const oracle = shares.length === 0 ? 0 : aggregate === 'last' ? shares[0] : Math[aggregate](...shares)
      if (spell(oracle) !== spell(folded))
        throw new Error(`${aggregate} of ${shares.join(', ')} is ${folded}`)
    })
  } finally {
    for (const one of undo) await one()
  }
}

for (const aggregate of AGGREGATE_NAMES) {
  t.test(`random shares of ${THREADS} threads, some of them dead: ${aggregate}`, async t => {
    t.comment(`POSTMETER_SEED=${SEED}`)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        writes(20),
        fc.uniqueArray(fc.nat(THREADS - 1)),
        (labels, list, dead) => compare(aggregate, labels, list, dead),
      ),
      { seed: SEED, numRuns: 40 },
    )
    t.pass('40 memories')
  })
}
