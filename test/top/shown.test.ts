/** How figures and texts are shown. */
import fc from 'fast-check'
import t from 'tap'
import { cells, clean, fit, fitRight } from '../../src/cli/top/clean.js'
import type { Figures } from '../../src/cli/top/figures.js'
import { nextBy } from '../../src/cli/top/list.js'
import { sorted } from '../../src/cli/top/order.js'
import { Histories, MOST_LOOKS, spark } from '../../src/cli/top/spark.js'

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
