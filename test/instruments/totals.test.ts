/** Counters that take over totals: set(), and collect. */
import t from 'tap'
import { fresh, samples } from '../support/registry.js'

t.test('a total that rises is the count, exactly', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: 'h' })
  for (const total of [0.1, 0.3, 0.7, 0.7, 5]) {
    counter.set(total)
    t.equal(registry.value('c_total'), total)
  }
  counter.inc(2)
  counter.set(6)
  t.equal(registry.value('c_total'), 8, 'beside what is counted here')
})

t.test('a total that is less has begun anew, and the count never falls', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x', 'y'] })
  const labels = { x: 'a', y: 'b' }
  counter.set(labels, 10)
  counter.set(labels, 3)
  t.equal(registry.value('c_total', labels), 13)
  counter.set(labels, 4)
  t.equal(registry.value('c_total', labels), 14)
  counter.reset()
  counter.set(labels, 6)
  t.equal(registry.value('c_total', labels), 2, 'what reset() took away stays away')
})

t.test('what is no total is refused, and changes nothing', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: 'h' })
  counter.set(4)
  for (const total of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => counter.set(total), {
      name: 'RangeError',
      code: 'ERR_POSTMETER_VALUE',
      message: /set\(.*totals from 0 up/,
    })
  }
  t.throws(() => counter.set('5' as never), { name: 'TypeError', code: 'ERR_POSTMETER_VALUE' })
  t.equal(registry.value('c_total'), 4)
})

t.test('collect is called for an exposition, with its counter as this', async t => {
  const { registry } = fresh(t)
  let total = 0
  const counter = registry.counter({
    name: 'c_total',
    help: 'h',
    collect(given) {
      t.equal(this, given)
      this.set(++total)
    },
  })
  await registry.metrics()
  t.strictSame(samples(await registry.metrics()), [`c_total ${total}`])
  t.equal(registry.counter({ name: 'c_total', help: 'h' }), counter)
  t.throws(() => registry.counter({ name: 'd_total', help: 'h', collect: 5 as never }), {
    code: 'ERR_POSTMETER_OPTION',
  })
})
