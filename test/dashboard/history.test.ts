/** What is kept of what was drawn: a quarter of an hour, bounded, with its gaps. */
import t from 'tap'
import { History, SPAN_SECONDS } from '../../src/front/page/history.js'

const values = (of: Record<string, number | null>) => new Map(Object.entries(of))

t.test('each line has a value, or null, for each time', async t => {
  const history = new History()
  history.push(1, values({ a: 1 }))
  history.push(2, values({ a: 2, b: 5 }))
  history.push(3, values({ b: 6 }))
  t.same(history.times, [1, 2, 3])
  t.same(history.column('a'), [1, 2, null])
  t.same(history.column('b'), [null, 5, 6])
  t.same(history.column('never'), [null, null, null])
})

t.test('it keeps a quarter of an hour', async t => {
  const history = new History()
  for (let time = 0; time <= 2 * SPAN_SECONDS; time += 2) history.push(time, values({ a: time }))
  t.equal(history.times[0], SPAN_SECONDS)
  t.equal(history.times.at(-1), 2 * SPAN_SECONDS)
  t.equal(history.column('a').length, history.times.length)
  t.equal(history.column('a')[0], SPAN_SECONDS, 'values went with their times')
})

t.test('it is bounded however often it is told, and however many lines come and go', async t => {
  const history = new History()
  for (let n = 0; n < 5000; n++) history.push(n / 100, values({ [`line ${n}`]: n, stays: n }))
  t.equal(history.times.length, 1000)
  t.equal(history.column('stays')[999], 4999)
  t.equal(history.column('line 4999')[999], 4999)
  t.ok(history.column('line 4980').includes(4980), 'a line that went a while ago is there if it comes again')
  t.notOk(history.column('line 4900').includes(4900), 'one that went long ago is not')
})

t.test('a gap breaks every line, once', async t => {
  const history = new History()
  history.gap(0)
  t.same(history.times, [], 'where there is nothing yet, there is no gap')
  history.push(1, values({ a: 1 }))
  history.gap(2)
  history.gap(3)
  history.push(4, values({ a: 4 }))
  t.same(history.times, [1, 2, 4])
  t.same(history.column('a'), [1, null, 4])
})

t.test('a gap whose time was told ahead of what follows it stays a gap, and costs nothing else', async t => {
  const history = new History()
  history.push(1, values({ a: 1 }))
  history.push(3, values({ a: 2 }))
  history.gap(6)
  history.push(5, values({ a: 3 }))
  t.same(
    [history.times, history.column('a')],
    [
      [1, 3, 4, 5],
      [1, 2, null, 3],
    ],
  )
})

t.test('a clock that was set back a little costs no more than that little', async t => {
  const history = new History()
  for (const time of [2, 4, 6, 8]) history.push(time, values({ a: time }))
  history.push(5, values({ a: 5, b: 1 }))
  t.same(
    [history.times, history.column('a'), history.column('b')],
    [
      [2, 4, 5],
      [2, 4, 5],
      [null, null, 1],
    ],
  )
})

t.test('a clock that was set back begins anew', async t => {
  const history = new History()
  history.push(100, values({ a: 1 }))
  history.push(50, values({ a: 2 }))
  t.same([history.times, history.column('a')], [[50], [2]])
})
