/**
 * The kernel folds in two ways: a run of places into a slot's vector, which scrapes and sweeps read, and one cell without
 * memory, for value(), reset() and remove(). Both must give what test/support/fold-oracle.ts gives, a program in another
 * language that has nothing in common with them but the layout.
 */
import fc from 'fast-check'
import t from 'tap'
import { AGGREGATE_NAMES, type Family } from '../../src/catalogue/families.js'
import { LabelWriter } from '../../src/catalogue/labels.js'
import { pageOf, placeIndex } from '../../src/catalogue/pages.js'
import { Plan } from '../../src/exposition/plan.js'
import { spanBytes } from '../../src/exposition/span.js'
import type { Aggregate } from '../../src/index.js'
import { type Kernel, loadKernel } from '../../src/kernel/loader.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { orphanThread } from '../../src/memory/shards.js'
import { takeSlot } from '../../src/memory/slots.js'
import { SeriesTable } from '../../src/series/series.js'
import { places as livePlaces } from '../../src/series/walk.js'
import { Sim, type SimThread } from '../lifecycle/sim.js'
import { anyNumber, SEED } from '../support/arbitrary.js'
import { foldPlace, placeActivity, sums } from '../support/fold-oracle.js'
import { hookedKernel } from '../support/hooked-kernel.js'
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

/** The value of a sample. */
function sampleValue(line: string): number {
  const value = line.slice(line.lastIndexOf(' ') + 1)
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value)
}

function same(what: string, values: Readonly<Record<string, number>>): void {
  if (new Set(Object.values(values).map(spell)).size !== 1) throw new Error(`${what}: ${show(values)}`)
}

function show(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

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
          kernel: () => loadKernel(arena),
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
    if (places.length !== lines.length || places.length !== expected.size) {
      throw new Error('not all are exposed')
    }
    places.forEach((place, n) => {
      const [folded] = foldPlace(arena, family, place)
      const cell = loadKernel(arena).foldCell(family.ref, pageOf(arena, place), placeIndex(arena, place), 0)
      same(lines[n], { exposed: sampleValue(lines[n]), cell, folded })
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

/** How each kind of family is made in a thread, and what records a value or makes it zero. */
interface Subject {
  readonly name: string
  /** Attaches, and then does something with a value. */
  record(thread: SimThread, x: string, value: number): void
  reset?(thread: SimThread): void
}

const gauges = AGGREGATE_NAMES.flatMap(aggregate =>
  (['zero', 'untouched'] as const).map((expire): Subject => {
    const name = `gauge_${aggregate}_${expire}`
    const gauge = (thread: SimThread) => thread.gauge(name, { aggregate, expire })
    return {
      name,
      record: (thread, x, value) => {
        const child = gauge(thread).labels(x)
        // As often as not the thread has a share that is unset.
        if (value > -1_000) child.set(value)
        if (value > 1_000 && Number.isFinite(value) && aggregate === 'sum') child.inc(value)
      },
      reset: thread => gauge(thread).reset(),
    }
  }),
)

const histogramOptions = { buckets: [-1, 0, 0.5, 100] }
const nativeOptions = { ...histogramOptions, native: { schema: 3, maxBuckets: 20 } }

const SUBJECTS: readonly Subject[] = [
  ...gauges,
  {
    name: 'counter',
    record: (thread, x, value) => {
      const child = thread.counter('counter').labels(x)
      if (value >= 0 && Number.isFinite(value)) child.inc(value)
    },
    reset: thread => thread.counter('counter').reset(),
  },
  {
    name: 'histogram',
    record: (thread, x, value) => {
      const child = thread.histogram('histogram', histogramOptions).labels(x)
      if (Number.isFinite(value)) child.observe(value)
    },
    reset: thread => thread.histogram('histogram', histogramOptions).reset(),
  },
  {
    name: 'native',
    record: (thread, x, value) => thread.histogram('native', nativeOptions).labels(x).observe(value),
    reset: thread => thread.histogram('native', nativeOptions).reset(),
  },
  {
    name: 'summary',
    record: (thread, x, value) => {
      const child = thread.summary('summary').labels(x)
      if (value >= 0 && Number.isFinite(value)) child.observe(value)
    },
    reset: thread => thread.summary('summary').reset(),
  },
  { name: 'v_info', record: (thread, x) => thread.info('v_info').set({ x }) },
]

type Step =
  | { readonly does: 'record'; readonly thread: number; readonly series: number; readonly value: number }
  | { readonly does: 'reset' | 'die'; readonly thread: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('record' as const),
      thread: fc.nat(THREADS - 1),
      series: fc.nat(4),
      value: anyNumber,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('reset' as const, 'die' as const),
      thread: fc.nat(THREADS - 1),
    }),
  },
)

/** The values of the samples of each series of a family, in the order of its places. */
function exposed(sim: Sim, { name, kind, bounds, labelNames }: Family, series: number): number[][] {
  const bytes = sim.scraper.small({ format: 'text', prefix: '', selfMetrics: false })
  if (bytes === undefined) throw new Error('a scrape too large for this')
  const all = samples(Buffer.from(bytes).toString('utf8'))
  const values = all.filter(line => line.startsWith(name)).map(sampleValue)
  const each = kind === 'histogram' ? bounds.length + 3 : kind === 'summary' ? bounds.length + 2 : 1
  // Of an info with labels, only what it is now.
  const lines = kind === 'info' && labelNames.length > 0 ? 1 : series
  if (values.length !== lines * each) throw new Error(`${values.length} samples of ${series} series`)
  return Array.from({ length: series }, (_, n) => values.slice(n * each, (n + 1) * each))
}

/** What samples the folded cells make. */
function samplesOf({ kind, bounds }: Family, cells: readonly number[]): number[] {
  if (kind !== 'histogram') return cells.slice(0, 1)
  const counts = cells.slice(0, bounds.length + 1)
  const cumulative = counts.map((_, n) => counts.slice(0, n + 1).reduce((sum, one) => sum + one, 0))
  return [...cumulative, cells[bounds.length + 1], cumulative.at(-1) as number]
}

/** That foldCell, foldThreads, a scrape and the oracle agree about all series of a family. */
function checkFolds(sim: Sim, kernel: Kernel, family: Family): void {
  const { arena } = sim
  const places = [...livePlaces(arena, family)]
  const lines = exposed(sim, family, places.length)
  places.forEach((place, n) => {
    const page = pageOf(arena, place)
    const index = placeIndex(arena, place)
    const oracle = foldPlace(arena, family, place)
    const threads = sums(arena, family, place, false)
    const cells = Array.from(oracle, (_, cell) => kernel.foldCell(family.ref, page, index, cell))
    // Of a gauge with shares, the first cell alone has a meaning.
    const compared = family.kind === 'gauge' ? 1 : cells.length
    for (let cell = 0; cell < compared; cell++) {
      same(`${family.name} ${n}, cell ${cell}`, { kernel: cells[cell], oracle: oracle[cell] })
      if (family.kind === 'info') continue
      const inThreads = kernel.foldThreads(family.ref, page, index, cell)
      same(`${family.name} ${n}, cell ${cell}, of threads`, { inThreads, oracle: threads[cell] })
    }
    if (family.kind === 'info') return
    const values = family.kind === 'summary' ? cells.slice(0, 2).reverse() : samplesOf(family, cells)
    lines[n].slice(-values.length).forEach((sample, at) => {
      same(`${family.name} ${n}, sample ${at}`, { sample, cell: values[at] })
    })
  })
}

const NOT_NOTED = -12_345.678

/** That a sweep notes of each series what activityOf gives, and the oracle. */
function checkActivity(sim: Sim, kernel: Kernel, family: Family): void {
  const { arena } = sim
  const places = [...livePlaces(arena, family)]
  for (const place of places) arena.f64[place + L.PLACE_FOLD_WORD] = NOT_NOTED
  sim.sweep()
  for (const place of places) {
    const activity = kernel.activityOf(family.ref, pageOf(arena, place), placeIndex(arena, place))
    const oracle = placeActivity(arena, family, place)
    same(`activity of ${family.name}`, { activity, oracle })
    // A sweep does not look at what never expires.
    if (arena.i32[family.ref * 2 + L.F_EXPIRE_AFTER] === 0) continue
    same(family.name, { activity, swept: arena.f64[place + L.PLACE_FOLD_WORD] })
  }
}

for (const subject of SUBJECTS) {
  t.test(`one cell, a scrape, a sweep and the oracle, over deaths and resets: ${subject.name}`, async t => {
    t.comment(`POSTMETER_SEED=${SEED}`)
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), steps => {
        const sim = new Sim()
        const kernel = loadKernel(sim.arena)
        let born = 0
        const threads = Array.from({ length: THREADS }, () => sim.thread(++born))
        for (const one of steps) {
          const thread = threads[one.thread]
          if (one.does === 'record') subject.record(thread, `series ${one.series}`, one.value)
          else if (one.does === 'reset') subject.reset?.(thread)
          else {
            sim.bury(thread)
            // It adopts what the dead thread left, once it records.
            threads[one.thread] = sim.thread(++born)
          }
        }
        if (!steps.some(({ does }) => does === 'record')) return
        const family = familyOf(sim.arena, subject.name)
        checkFolds(sim, kernel, family)
        checkActivity(sim, kernel, family)
      }),
      { seed: SEED, numRuns: 60 },
    )
    t.pass('60 memories')
  })
}

/** Stores to the cell of a series as its thread does, but any bits. */
function store(arena: Arena, child: { readonly at: number }, value: number): void {
  if (child.at === 0) throw new Error('not attached')
  arena.f64[child.at] = value
}

t.test('minus zero, NaN, infinities, unset cells and no cells', t => {
  const cell = (sim: Sim, name: string) => {
    const family = familyOf(sim.arena, name)
    const [place] = livePlaces(sim.arena, family)
    checkFolds(sim, loadKernel(sim.arena), family)
    checkActivity(sim, loadKernel(sim.arena), family)
    return loadKernel(sim.arena).foldCell(
      family.ref,
      pageOf(sim.arena, place),
      placeIndex(sim.arena, place),
      0,
    )
  }
  for (const aggregate of AGGREGATE_NAMES) {
    const folded = (...values: readonly number[]) => {
      const sim = new Sim()
      values.forEach((value, n) => {
        store(
          sim.arena,
          sim
            .thread(n + 1)
            .gauge('g', { aggregate })
            .labels('a') as never,
          value,
        )
      })
      return cell(sim, 'g')
    }
    t.equal(folded(0, -0) + 0, 0, aggregate)
    t.ok(
      Number.isNaN(folded(1, Number.NaN)) || aggregate === 'last',
      `${aggregate}: a NaN that was set spreads`,
    )
    t.equal(folded(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY, aggregate)
    t.equal(folded(5e-324), 5e-324, aggregate)
    const sim = new Sim()
    for (let n = 1; n <= 3; n++) sim.thread(n).gauge('g', { aggregate }).labels('a')
    t.equal(cell(sim, 'g'), 0, `${aggregate}: nothing was set`)
    if (aggregate === 'min' || aggregate === 'max') {
      sim.thread(4).gauge('g', { aggregate }).labels('a').set(-7)
      t.equal(cell(sim, 'g'), -7, `${aggregate}: unset cells take no part`)
    }
  }
  const sim = new Sim()
  sim.thread(1).counter('c', { labelNames: [] })
  t.equal(cell(sim, 'c'), 0, 'no shard has cells')
  sim.thread(1).counter('c', { labelNames: [] }).reset()
  t.equal(cell(sim, 'c'), 0, 'the common shard alone')
  t.end()
})

t.test('reset leaves exactly nothing, in what order so ever threads came', t => {
  const sim = new Sim()
  const threads = Array.from({ length: 5 }, (_, n) => sim.thread(n + 1))
  const values = [0.1, 1e17, 0.7, 3, 1e-9]
  threads.forEach((thread, n) => {
    thread.counter('c').inc({ x: 'a' }, values[n])
    if (n === 2) thread.counter('c').reset()
  })
  threads[0].counter('c').reset()
  t.equal(sim.scrape().get('c{x="a"}'), 0)
  const family = familyOf(sim.arena, 'c')
  checkFolds(sim, loadKernel(sim.arena), family)
  threads[3].counter('c').inc({ x: 'a' }, 64)
  t.equal(sim.scrape().get('c{x="a"}'), 64)
  checkFolds(sim, loadKernel(sim.arena), family)
  t.end()
})

for (const kind of ['counter', 'histogram', 'summary'] as const) {
  t.test(`a reset between the looks of a fold leaves no count below zero: ${kind}`, t => {
    const COUNTED = 1_000
    const count = (sim: Sim, id: number, more: number) => {
      const thread = sim.thread(id)
      if (kind === 'counter') return thread.counter('f').labels('a').inc(more)
      const child = kind === 'histogram' ? thread.histogram('f').labels('a') : thread.summary('f').labels('a')
      for (let n = 0; n < more; n++) child.observe(1)
    }
    const reset = (sim: Sim) => sim.thread(9)[kind as 'counter']('f').reset()
    /** A scrape's and value()'s fold of the first cell, with `other` before the nth look at a thread's cell. */
    const folds: ((sim: Sim, family: Family, hook: () => void) => number)[] = [
      (sim, family, hook) => {
        const [place] = livePlaces(sim.arena, family)
        const kernel = hookedKernel(sim.arena, hook)
        return kernel.foldCell(family.ref, pageOf(sim.arena, place), placeIndex(sim.arena, place), 0)
      },
      (sim, family, hook) => {
        const kernel = hookedKernel(sim.arena, place => (place === 0 ? hook() : undefined))
        const slot = takeSlot(sim.arena, 900)
        const options = { format: 'text', prefix: '', selfMetrics: true } as const
        new Plan(sim.arena, kernel, [family], options).next(slot, sim.arena.i32[L.P_SLOT_TEXT])
        kernel.encode(slot)
        const text = Buffer.from(spanBytes(sim.arena, slot)).toString('latin1')
        const lines = samples(text).filter(line => kind !== 'summary' || line.startsWith('f_count'))
        return sampleValue(lines[0])
      },
    ]
    for (const fold of folds) {
      for (let look = 0; ; look++) {
        const sim = new Sim()
        for (const id of [1, 2, 3]) count(sim, id, 1)
        // From now on there is something to subtract.
        reset(sim)
        let looks = 0
        const value = fold(sim, familyOf(sim.arena, 'f'), () => {
          if (looks++ !== look) return
          for (const id of [1, 2, 3]) count(sim, id, COUNTED)
          reset(sim)
        })
        // What was there before it, what came meanwhile as far as it was looked at, or nothing.
        t.ok(value >= 0 && value <= 3 * COUNTED, `look ${look}: ${value}`)
        t.equal(value % COUNTED, 0)
        t.equal(sim.scrape().get(kind === 'counter' ? 'f{x="a"}' : 'f_count{x="a"}'), 0)
        if (looks > look) continue
        t.ok(look >= 3, `${look} looks`)
        break
      }
    }
    t.end()
  })
}
