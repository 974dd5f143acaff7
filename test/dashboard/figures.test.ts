/** What two answers that follow each other make together: rates, quantiles, and what is left to the others. */
import fc from 'fast-check'
import t from 'tap'
import type { HistogramValue, PanelData, Value } from '../../src/front/contract/dashboard.js'
import { figuresOf } from '../../src/front/page/figures.js'
import { Meter } from '../../src/front/page/measure.js'

const histogram = (...counts: number[]): HistogramValue => {
  const bounds = [0.1, 1, null]
  return { count: counts.at(-1)!, sum: 1, buckets: counts.map((count, at) => [bounds[at]!, count] as const) }
}

t.test('a counter is drawn as its rate a second', async t => {
  t.same(figuresOf('counter', 130, 100, 2), { main: 15, rate: 15, total: 130 })
  t.equal(figuresOf('counter', 100, 100, 2).main, 0, 'that of one that stands still is 0')
  t.equal(figuresOf('counter', 100, undefined, 2).main, null, 'the first answer makes none')
  t.equal(figuresOf('counter', null, 100, 2).main, null)
})

t.test('a rate is never negative, and never infinite', async t => {
  const value = fc.oneof(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), fc.constant(null))
  fc.assert(
    fc.property(value, value, fc.double({ min: 0, max: 1e6, noNaN: true }), (later, earlier, seconds) => {
      const { main } = figuresOf('counter', later, earlier ?? undefined, Math.round(seconds))
      return main === null || (main >= 0 && Number.isFinite(main))
    }),
  )
  t.equal(figuresOf('counter', 5, 100, 2).main, null, 'one that fell was begun anew')
})

t.test('a gauge is drawn as it is, and so are infos and statesets', async t => {
  for (const type of ['gauge', 'info', 'stateset'] as const)
    t.same(figuresOf(type, -4, 100, 2), { main: -4 }, type)
  t.same(figuresOf('gauge', null, 1, 2), { main: null }, 'NaN is a gap')
})

t.test('a histogram has the quantiles of what was observed between two answers', async t => {
  const { main, rate, quantiles } = figuresOf(
    'histogram',
    histogram(100, 110, 110),
    histogram(100, 100, 100),
    5,
  )
  t.equal(rate, 2)
  t.same(
    quantiles!.map(([q]) => q),
    [0.5, 0.9, 0.99],
  )
  for (const [q, value] of quantiles!)
    t.ok(Math.abs(value! - (0.1 + 0.9 * q)) < 1e-9, `p${q * 100}: all ten lie from 0.1 to 1`)
  t.equal(main, quantiles![1]![1], 'where there is room for one, it is p90')
})

t.test('a histogram in which nothing was observed has no quantiles, but a rate', async t => {
  const same = figuresOf('histogram', histogram(1, 2, 3), histogram(1, 2, 3), 2)
  t.match(same, {
    main: null,
    rate: 0,
    quantiles: [
      [0.5, null],
      [0.9, null],
      [0.99, null],
    ],
  })
  const first = figuresOf('histogram', histogram(1, 2, 3), undefined, 2)
  t.match(first, {
    main: null,
    rate: null,
    quantiles: [
      [0.5, null],
      [0.9, null],
      [0.99, null],
    ],
  })
  t.match(
    figuresOf('histogram', histogram(0, 0, 1), histogram(1, 2, 3), 2),
    { rate: null },
    'nor one begun anew',
  )
})

t.test('a summary brings its quantiles along', async t => {
  const summary = (count: number): Value => ({
    count,
    sum: 1,
    quantiles: [
      [0.5, 1],
      [0.95, 7],
    ],
  })
  t.same(figuresOf('summary', summary(30), summary(10), 4), {
    main: 7,
    rate: 5,
    quantiles: [
      [0.5, 1],
      [0.95, 7],
    ],
  })
})

t.test('the others of a counter have what the named lines leave of the total', async t => {
  const panel = (total: number, lines: Record<string, number>, others: number): PanelData => ({
    ...{ name: 'a_total', type: 'counter', series: 100, total, by: 'domain' },
    lines: Object.entries(lines).map(([label, value]) => ({ label, series: 1, value })),
    others: { series: 98, value: others },
  })
  const meter = new Meter()
  meter.next(10, panel(1000, { a: 500, b: 300 }, 200))
  // c has come up from the others, and b has gone down to them.
  const { lines, others } = meter.next(12, panel(1100, { a: 540, c: 310 }, 250))
  t.same(
    lines.map(({ figures }) => figures.main),
    [20, null],
    'of c it is not known what it had before',
  )
  t.equal(others!.main, 30, '50 a second in all, less the 20 of a')
})

t.test('lines are compared by their label, wherever they stand', async t => {
  const panel = (...lines: [string, number][]): PanelData => ({
    ...{ name: 'a_total', type: 'counter', series: 2, total: 3, by: 'x' },
    lines: lines.map(([label, value]) => ({ label, series: 1, value })),
  })
  const meter = new Meter()
  meter.next(1, panel(['a', 20], ['b', 10]))
  const { lines } = meter.next(2, panel(['b', 30], ['a', 21]))
  t.same(
    lines.map(({ label, figures }) => [label, figures.main]),
    [
      ['b', 20],
      ['a', 1],
    ],
  )
})

t.test('a family that became another type is compared with nothing', async t => {
  const panel = (type: 'gauge' | 'counter'): PanelData => ({
    name: 'a',
    type,
    series: 1,
    total: 1,
    lines: [],
  })
  const meter = new Meter()
  meter.next(1, panel('gauge'))
  t.equal(meter.next(2, panel('counter')).total.main, null)
})

t.test('what the server says of the rate is what is drawn, whatever sums do', async t => {
  const panel = (total: number, a: number, others: number): PanelData => ({
    ...{ name: 'a_total', type: 'counter', series: 9, total, by: 'x', seconds: 4, increase: 40 },
    lines: [{ label: 'a', series: 1, value: a, increase: 12 }],
    others: { series: 8, value: others, increase: 28 },
  })
  const meter = new Meter()
  t.equal(meter.next(1, panel(900, 100, 800)).total.main, 10, 'at the first answer, too')
  // Series of the others have ended: their sum has fallen.
  const { total, lines, others } = meter.next(5, panel(500, 112, 388))
  t.same([total.main, lines[0]!.figures.main, others!.main], [10, 3, 7])
})

t.test('of a histogram the server says how many it observed', async t => {
  const { rate, main } = figuresOf('histogram', histogram(0, 0, 1), histogram(1, 2, 3), 2, 5)
  t.same([rate, main], [5, null], 'and not how they lie')
})
