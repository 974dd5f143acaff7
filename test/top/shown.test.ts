/** How figures and texts are shown. */
import fc from 'fast-check'
import t from 'tap'
import { cells, clean, fit, fitRight } from '../../src/cli/top/clean.js'
import type { Figures } from '../../src/cli/top/figures.js'
import { nextBy } from '../../src/cli/top/list.js'
import { sorted } from '../../src/cli/top/order.js'
import { Histories, MOST_LOOKS, spark } from '../../src/cli/top/spark.js'
import { inUnit, perSecond, plain, unitOf } from '../../src/cli/top/units.js'

t.test('what could do something to a terminal is not shown as it is', async t => {
  t.equal(clean('\x1b[2Ja\x07\n\u009b1m\u202eb\u200d', false), '·[2Ja···1m·b·')
  t.equal(clean('é 例え ✂️ 👍 e\u0301', false), 'é 例え ·· · e·')
  t.equal(clean('é 例え 👍', true), '? ?? ?')
  t.equal(clean('\u2ef4\u0378', false), '··', 'not assigned')
  // Every character once, so that none is left to chance.
  for (let code = 0; code <= 0x10_ffff; code++) {
    const shown = clean(String.fromCodePoint(code), false)
    if (/[\p{C}\p{M}\p{Zl}\p{Zp}]/u.test(shown)) t.fail(`U+${code.toString(16)} is shown as it is`)
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      return !/[\p{C}\p{M}\p{Zl}\p{Zp}]/u.test(clean(text, false)) && /^[\x20-\x7e]*$/.test(clean(text, true))
    }),
  )
})

t.test('a text takes as many cells as are there, wide characters too', async t => {
  t.equal(cells('a例え'), 5)
  t.equal(fit('例えば', 5), '例え…')
  t.equal(fit('例えば', 4), '例… ')
  t.equal(fitRight('12', 4), '  12')
  t.equal(fit('abc', 2, '~'), 'a~')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 20 }), (text, width) => {
      const shown = clean(text, false)
      return cells(fit(shown, width)) === width && cells(fitRight(shown, width)) === width
    }),
  )
})

t.test('figures have three or four digits', async t => {
  const cases: readonly (readonly [number, string])[] = [
    ...([
      [0, '0'],
      [7, '7'],
      [9999, '9999'],
      [10_000, '10k'],
      [12_345, '12.3k'],
      [999_999, '1M'],
    ] as const),
    ...([
      [0.5, '0.5'],
      [0.1234, '0.123'],
      [1.005e9, '1G'],
      [-2500.5, '-2.5k'],
      [1e-9, '1.0e-9'],
      [1e22, '1.0e+22'],
    ] as const),
  ]
  for (const [value, text] of cases) t.equal(plain(value), text)
})

t.test('units come from the name of a family', async t => {
  t.same(
    [
      'a_seconds',
      'a_seconds_total',
      'a_bytes',
      'b_total',
      'x_timestamp_seconds',
      'process_start_time_seconds',
    ].map(unitOf),
    [...['seconds', 'seconds', 'bytes', '', 'time', 'time']],
  )
  t.equal(unitOf('deliver_message_latency_rollup'), 'seconds')
  t.same(
    [0, 2e-9, 0.000_25, 0.0123, 0.9999, 90, 600, 7200, 1e6].map(value => inUnit(value, 'seconds')),
    [...['0 s', '2 ns', '250 us', '12.3 ms', '1 s', '90 s', '10 min', '2 h', '11.6 d']],
  )
  t.same(
    [0, 1023, 1024, 1536, 2 ** 31].map(value => inUnit(value, 'bytes')),
    ['0 B', '1023 B', '1 KiB', '1.5 KiB', '2 GiB'],
  )
  t.equal(inUnit(1000, 'time', 1060), '60 s ago')
  t.same(
    [undefined, Number.NaN, Number.POSITIVE_INFINITY].map(value => inUnit(value, '')),
    ['-', '-', '+Inf'],
  )
  t.equal(perSecond(2048, 'bytes'), '2 KiB/s')
})

t.test('a spark line ends with the newest figure', async t => {
  t.equal(spark([0, 1, 2, 3, 4, 5, 6, 7], 8, false), '▁▂▃▄▅▆▇█')
  t.equal(spark([0, 7], 4, true), '  _#')
  t.equal(spark([5, 5], 2, false), '██', 'beside 0')
  t.equal(spark([0, 0], 2, false), '▁▁')
  t.equal(spark([Number.NaN, 1], 2, false), ' █')
  t.equal(spark([], 3, false), '   ')
  t.equal(spark([9, 0, 1], 2, false), '▁█')
})

t.test('histories are as long as a spark line can be, and go with their rows', async t => {
  const histories = new Histories()
  for (let n = 0; n < 2 * MOST_LOOKS; n++)
    histories.add([
      ['a', n],
      ['b', undefined],
    ])
  t.equal(histories.get('a').length, MOST_LOOKS)
  t.equal(histories.get('a').at(-1), 2 * MOST_LOOKS - 1)
  histories.add([['b', 1]])
  t.same(histories.get('a'), [])
})

t.test('rows stand in the order that is asked for', async t => {
  const row = (name: string, rate: number | undefined, value = 0): Figures => ({
    ...{ key: name, name, type: rate === undefined ? 'gauge' : 'counter', unit: '', series: 1, value, rate },
    ...{ p50: undefined, p90: undefined, p99: undefined },
  })
  const rows = [row('b', 1), row('c', 5), row('a', undefined, 3), row('d', 5)]
  const names = (key: Parameters<typeof sorted>[1]['key'], reversed = false) =>
    sorted(rows, { key, reversed })
      .map(({ name }) => name)
      .join('')
  t.equal(names('name'), 'abcd')
  t.equal(names('name', true), 'dcba')
  t.equal(names('rate'), 'cdba', 'what has no rate is last')
  t.equal(names('rate', true), 'bcda', 'in either direction')
  t.equal(names('main'), 'cdab', 'of a gauge it is its value')
  t.equal(names('type'), 'bcda')
})

t.test('a key goes from series to each label and back', async t => {
  t.equal(nextBy(undefined, ['a', 'b']), 'a')
  t.equal(nextBy('b', ['a', 'b']), undefined)
  t.equal(nextBy(undefined, ['a', 'b'], true), 'b')
  t.equal(nextBy('gone', ['a']), undefined)
  t.equal(nextBy(undefined, []), undefined)
})
