/** What keys make of the view, and what stands on a screen of any size. */
import fc from 'fast-check'
import t from 'tap'
import { cells } from '../../src/cli/top/clean.js'
import { columnsOf, sortKeys } from '../../src/cli/top/view/columns.js'
import { layout, pageOf, type Status } from '../../src/cli/top/view/layout.js'
import { ViewState } from '../../src/cli/top/view/state.js'
import { Looks } from './looks.js'

const TEXT =
  '# TYPE b gauge\nb{to="x"} 1\nb{to="y",via="z"} 2\n# TYPE a_total counter\na_total 5\n# TYPE c gauge\nc 7\n'
const STATUS: Status = { source: 'http://x', age: 0, bytes: 1, milliseconds: 1, failure: undefined }

function viewing(text = TEXT) {
  const looks = new Looks().look(text)
  const state = new ViewState(looks.model, undefined, undefined)
  state.looked()
  const keys = (...all: string[]) => all.map(key => state.key(key, 10)).at(-1)
  const look = (next = text) => {
    looks.look(next)
    state.looked()
  }
  const names = () => state.rows.map(({ name }) => name).join(' ')
  const selected = () => state.rows[state.selected]?.name
  return { state, keys, look, names, selected }
}

t.test('the selected row stays selected when others come, and the order changes', async t => {
  const { keys, look, selected, names } = viewing()
  t.equal(names(), 'a_total b c')
  keys('DOWN')
  t.equal(selected(), 'b')
  look(`# TYPE aa gauge\naa 1\n${TEXT}`)
  t.equal(selected(), 'b')
  keys('r')
  t.equal(names(), 'c b aa a_total')
  t.equal(selected(), 'b')
  keys('G')
  t.equal(selected(), 'a_total')
  keys('DOWN', 'PAGE_DOWN')
  t.equal(selected(), 'a_total', 'it goes no further')
  keys('g', 'UP')
  t.equal(selected(), 'c')
})

t.test('sorting goes through the columns that rows have, and around', async t => {
  const { keys, look, state, names } = viewing()
  const keysOfAll = sortKeys(undefined)
  for (const key of [...keysOfAll.slice(1), keysOfAll[0]]) {
    keys('s')
    t.equal(state.sortKey, key)
  }
  keys('<', '<', '<', '<')
  t.equal(state.sortKey, 'rate')
  keys('<')
  t.equal(names(), 'c a_total b')
  keys('DOWN', 'DOWN', 'ENTER')
  look()
  t.equal(state.sortKey, 'value', 'of a gauge, whose parts have no rate')
  t.same(sortKeys('gauge'), ['name', 'series', 'value'])
})

t.test('a family is opened, added up by each label, and left where it was entered', async t => {
  const { keys, look, names, selected, state } = viewing()
  keys('DOWN')
  t.equal(keys('ENTER'), 'look', 'at once')
  t.equal(names(), '', 'which tells its series')
  look()
  t.equal(names(), 'to="y" via="z" to="x"')
  keys('l')
  t.equal(names(), 'y x')
  keys('l')
  t.equal(names(), 'z (none)')
  keys('L')
  t.equal(state.by, 'to')
  keys('ENTER')
  t.equal(names(), 'y x', 'a part has no parts')
  keys('ESCAPE')
  t.equal(names(), 'a_total b c')
  t.equal(selected(), 'b')
})

t.test('a filter that is typed acts on names at once, on labels with the next look', async t => {
  const { keys, look, names, state } = viewing()
  keys('/', 'C')
  t.equal(state.typing, 'C')
  t.equal(names(), 'c')
  keys('BACKSPACE')
  t.equal(names(), 'a_total b c')
  for (const key of 'to="x"') keys(key)
  t.equal(names(), '')
  t.equal(keys('ENTER'), 'look')
  look()
  t.equal(names(), 'b')
  t.match(state.rows, [{ series: 1, value: 1 }])
  keys('/', 'q')
  t.equal(state.typing, 'to="x"q', 'letters are text then')
  keys('ESCAPE')
  t.equal(state.model.filter.text, 'to="x"', 'given up, the filter is as before')
  t.equal(keys('ESCAPE'), 'look')
  t.equal(state.model.filter.text, '')
})

t.test('what the view does not do itself', async t => {
  const { keys, state } = viewing()
  t.equal(keys('q'), 'quit')
  t.equal(keys('CTRL_C'), 'quit')
  t.equal(keys('u'), 'look')
  t.equal(keys('CTRL_Z'), 'suspend')
  t.equal(keys('p'), 'pause')
  t.equal(state.isPaused, true)
  t.equal(keys('hasOwnProperty'), undefined)
  keys('?')
  t.equal(state.isHelp, true)
  t.equal(keys('DOWN'), undefined)
  t.equal(state.isHelp, false)
})

t.test('a screen of any size is never left: no line is wider, and there are no more of them', async t => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const escaped = (value: string) => JSON.stringify(value.replace(/[\\"\n]/g, ''))
  const fits = fc.property(
    fc.record({
      width: fc.integer({ min: 1, max: 250 }),
      height: fc.integer({ min: 1, max: 60 }),
      label: text,
      help: text,
      failure: fc.option(text, { nil: undefined }),
      keys: fc.array(fc.constantFrom('?', '/', 'x', 'DOWN', 'END', 'ENTER', 'l', 's', 'r', '例'), {
        maxLength: 8,
      }),
      ascii: fc.boolean(),
    }),
    ({ width, height, label, help, failure, keys, ascii }) => {
      const { state } = viewing(`# HELP a ${help.replaceAll('\n', '')}\n${TEXT}a{x=${escaped(label)}} 1\n`)
      for (const key of keys) state.key(key, pageOf({ width, height }))
      state.looked()
      const lines = layout(state, { ...STATUS, failure, source: label }, { width, height }, ascii)
      return lines.length <= height && lines.every(line => cells(line.map(one => one.text).join('')) <= width)
    },
  )
  t.doesNotThrow(() => fc.assert(fits, { numRuns: 300 }))
})

t.test('a wider screen has more columns, and never fewer', async t => {
  for (const type of [undefined, 'counter', 'gauge', 'histogram', 'summary', 'gaugehistogram'] as const) {
    let before = 0
    for (let width = 1; width < 300; width++) {
      const columns = columnsOf(width, type)
      const taken = columns.reduce((sum, one) => sum + one.width, columns.length - 1)
      if (taken > width) t.fail(`${taken} cells of ${width}`)
      if (columns.length < before) t.fail(`${columns.length} columns in ${width}`)
      before = columns.length
    }
    t.equal(before, sortKeys(type).length + 1, 'all of them, and a spark line')
  }
  t.same(
    columnsOf(20, undefined).map(({ key }) => key),
    ['name'],
  )
  t.same(
    columnsOf(40, undefined).map(({ key }) => key),
    ['name', 'value', 'rate'],
  )
})
