/** What is read of expositions, from look to look. */
import t from 'tap'
import { createRegistry } from '../../src/index.js'
import { Looks } from './looks.js'

const counter = (lines: string) => `# HELP a_total A.\n# TYPE a_total counter\n${lines}`

t.test('a counter has a rate from the second look on', async t => {
  const looks = new Looks().look(counter('a_total{n="1"} 5\na_total{n="2"} 5\n'))
  t.match(looks.family('a_total'), { type: 'counter', series: 2, value: 10, rate: undefined })
  looks.look(counter('a_total{n="1"} 7\na_total{n="2"} 9\n'))
  t.match(looks.family('a_total'), { value: 16, rate: 3 })
})

t.test('a counter that falls began anew: what it has is its rise, and no rate is negative', async t => {
  const looks = new Looks().look(counter('a_total 1000\n')).look(counter('a_total 4\n'))
  t.equal(looks.family('a_total').rate, 2)
})

t.test('series that come, or come back, have no rate in that look', async t => {
  const looks = new Looks().look(counter('a_total{n="1"} 0\n'))
  looks.look(counter('a_total{n="1"} 2\na_total{n="2"} 1000\n'))
  t.equal(looks.family('a_total').rate, 1, 'what it had before is not counted')
  looks.look(counter('a_total{n="1"} 2\n'))
  t.match(looks.family('a_total'), { series: 1, rate: 0 })
  looks.look(counter('a_total{n="1"} 2\na_total{n="2"} 5000\n'))
  t.equal(looks.family('a_total').rate, 0)
  looks.look(counter('a_total{n="1"} 2\na_total{n="2"} 5006\n'))
  t.equal(looks.family('a_total').rate, 3)
})

t.test('a gauge is the sum of its series', async t => {
  const looks = new Looks().look('# TYPE g gauge\ng{n="1"} 1.5\ng{n="2"} -4\ng{n="3"} NaN\n')
  t.match(looks.family('g'), { type: 'gauge', series: 3, value: -2.5, rate: undefined })
})

t.test('percentiles are of what was observed between two looks', async t => {
  const histogram = (a: readonly number[], b: readonly number[]) =>
    `# TYPE h histogram\n${[a, b]
      .map(
        (counts, n) =>
          ['1', '2', '+Inf'].map((le, at) => `h_bucket{n="${n}",le="${le}"} ${counts[at]}\n`).join('') +
          `h_sum{n="${n}"} 1\nh_count{n="${n}"} ${counts[2]}\n`,
      )
      .join('')}`
  const looks = new Looks().look(histogram([100, 100, 100], [0, 0, 0]))
  t.match(looks.family('h'), { series: 2, value: 100, p50: undefined })
  looks.look(histogram([110, 110, 110], [0, 10, 10]))
  t.match(looks.family('h'), { series: 2, value: 120, rate: 10, p50: 1, p90: 1.8 })
  looks.look(histogram([110, 110, 110], [0, 10, 10]))
  t.match(looks.family('h'), { rate: 0, p50: undefined }, 'of nothing there are none')
  looks.look(histogram([0, 4, 4], [0, 10, 10]))
  t.match(looks.family('h'), { rate: 2, p50: 1.5 }, 'also when it began anew')
})

t.test('a summary has the quantiles that it tells: the greatest of its series', async t => {
  const summary = (n: number, p50: string, count: number) =>
    `s{n="${n}",quantile="0.5"} ${p50}\ns{n="${n}",quantile="0.99"} 9\ns_sum{n="${n}"} 1\ns_count{n="${n}"} ${count}\n`
  const looks = new Looks()
  looks.look(`# TYPE s summary\n${summary(1, 'NaN', 5)}${summary(2, '3', 5)}${summary(3, '2', 5)}`)
  t.match(looks.family('s'), { series: 3, value: 15, p50: 3, p90: undefined, p99: 9 })
})

t.test('without types, names and `le` tell', async t => {
  const text = (n: number) =>
    `sent_total ${n}\nh_bucket{le="1"} ${n}\nh_bucket{le="+Inf"} ${n}\nh_sum 1\nh_count ${n}\nx 3\n`
  const looks = new Looks().look(text(0)).look(text(4))
  t.match(looks.family('sent_total'), { type: 'counter', rate: 2 })
  t.match(looks.family('h'), { type: 'histogram', series: 1, rate: 2, p50: 0.5 })
  t.match(looks.family('x'), { type: 'unknown', value: 3 })
})

t.test('OpenMetrics: names without their ends, exemplars, times', async t => {
  const text = (n: number) =>
    `# TYPE a counter\na_total{n="1"} ${n} # {trace_id="x y"} 1 2.5\na_created{n="1"} 5\n# TYPE i info\ni_info{v="1"} 1\n# EOF\n`
  const looks = new Looks().look(text(0)).look(text(6))
  t.match(looks.families(), [
    { name: 'a', type: 'counter', series: 1, value: 6, rate: 3 },
    { name: 'i', type: 'info', series: 1 },
  ])
})

t.test('pieces of any length give the same', async t => {
  const text = `${counter('a_total{n="é\\"}\\\\",m=""} 5 123\n')}\n# a comment\n  b 1\r\nlast 2`
  const whole = new Looks().look(text).families()
  t.strictSame(
    whole.map(({ name, value }) => [name, value]),
    [
      ['a_total', 5],
      ['b', 1],
      ['last', 2],
    ],
  )
  for (let piece = 1; piece < 20; piece++) t.strictSame(new Looks().look(text, { piece }).families(), whole)
})

t.test('lines that cannot be read are counted, and hide no other', async t => {
  const looks = new Looks().look('a 1\nb{x="1 2\nc{x="1"} ?\n{} 1\nd{ 1\ne 2\n')
  t.equal(looks.model.bad, 4)
  t.strictSame(
    looks.families().map(({ name }) => name),
    ['a', 'e'],
  )
})

t.test('series in any order are the same series', async t => {
  const lines = Array.from({ length: 5000 }, (_, n) => `a_total{n="${n}"} `)
  const text = (all: readonly string[], value: number) =>
    counter(all.map(line => `${line}${value}\n`).join(''))
  const looks = new Looks().look(text(lines, 0))
  looks.look(text(lines.toReversed(), 2))
  t.match(looks.family('a_total'), { series: 5000, rate: 5000 })
  const some = lines.filter((_, n) => n % 3 !== 0)
  looks.look(text(some, 4))
  t.match(looks.family('a_total'), { series: some.length, rate: some.length })
  looks.look(text([...some.slice(1000), 'a_total{n="new"} ', ...some.slice(0, 1000)], 6))
  t.match(looks.family('a_total'), { series: some.length + 1, rate: some.length })
})

t.test('series that are gone leave their room', async t => {
  const looks = new Looks()
  for (let round = 0; round < 50; round++) {
    const lines = Array.from({ length: 3000 }, (_, n) => `a_total{n="${round}/${n}"} 1\n`)
    looks.look(counter(`a_total{n="stays"} ${round}\n${lines.join('')}`))
  }
  t.match(looks.family('a_total'), { series: 3001, rate: 0.5 }, 'and those that stay are known')
  t.ok(looks.model.store.size < 15_000, `${looks.model.store.size} are held`)
})

t.test('a look that asks for some families leaves the others as they are', async t => {
  const looks = new Looks().look('# TYPE a_total counter\na_total 0\n# TYPE b_total counter\nb_total 0\n')
  looks.look('# TYPE a_total counter\na_total 2\n', { whole: false })
  t.match(looks.family('a_total'), { rate: 1 })
  t.match(looks.family('b_total'), { value: 0 })
  looks.look('# TYPE a_total counter\na_total 2\n# TYPE b_total counter\nb_total 8\n')
  t.equal(looks.family('b_total').rate, 2, 'its rate is over the whole time')
  looks.look('# TYPE a_total counter\na_total 2\n')
  t.strictSame(
    looks.families().map(({ name }) => name),
    ['a_total'],
    'what a whole look lacks is gone',
  )
})

t.test('another program at the same address: what was known of the old one is forgotten', async t => {
  const looks = new Looks().look('# TYPE x counter\nx 5\n')
  looks.look('# TYPE x gauge\nx 5\n').look('# TYPE x gauge\nx 6\n')
  t.match(looks.family('x'), { type: 'gauge', value: 6, rate: undefined })
})

t.test('a filter takes series by their names and labels', async t => {
  const text = (n: number) =>
    `# TYPE a_total counter\na_total{to="x.ORG"} ${n}\na_total{to="y\\\\"} ${n}\n# TYPE b gauge\nb 1\n# TYPE empty gauge\n`
  const looks = new Looks()
  looks.model.setFilter('X.org')
  looks.look(text(0)).look(text(2))
  t.match(looks.families(), [{ name: 'a_total', series: 1, value: 2, rate: 1 }], 'in any case')
  t.equal(looks.families().length, 1)
  looks.model.setFilter('y\\')
  t.match(looks.look(text(4)).families(), [{ name: 'a_total', series: 1, value: 4, rate: 1 }])
  looks.model.setFilter('')
  t.match(looks.look(text(6)).families(), [{ series: 2, value: 12, rate: 2 }, { name: 'b' }])
})

t.test('the parts of a family: its series, or sums by a label', async t => {
  const line = (domain: string, provider: string, n: number) =>
    `queued{domain="${domain}",provider="${provider}"} ${n}\n`
  const text = (n: number) =>
    `# TYPE queued gauge\n${line('a', 'p', n)}${line('b', 'p', 5)}${line('c', 'q', 6)}queued{domain="d"} 1\n`
  const looks = new Looks()
  looks.model.openByName('queued')
  looks.look(text(1))
  t.strictSame(looks.part('value'), {
    'domain="a" provider="p"': 1,
    'domain="b" provider="p"': 5,
    'domain="c" provider="q"': 6,
    'domain="d"': 1,
  })
  t.strictSame(looks.part('value', 'provider'), { p: 6, q: 6, '(none)': 1 })
  t.strictSame(looks.part('series', 'provider'), { p: 2, q: 1, '(none)': 1 })
  t.strictSame(looks.model.opened!.names, ['domain', 'provider'])
  looks.look(text(7).replace(line('b', 'p', 5), ''))
  t.strictSame(
    looks.part('value', 'provider'),
    { p: 7, q: 6, '(none)': 1 },
    'a series that is gone is in no sum',
  )
})

t.test('a histogram is one row, whatever its buckets', async t => {
  const text = (n: number) =>
    `# TYPE h histogram\nh_bucket{le="1",to="a"} ${n}\nh_bucket{to="a",le="+Inf"} ${n}\nh_sum{to="a"} 3\nh_count{to="a"} ${n}\n`
  const looks = new Looks()
  looks.model.openByName('h')
  looks.look(text(0)).look(text(4))
  t.match(looks.parts(), [{ name: 'to="a"', series: 1, value: 4, rate: 2, p50: 0.5 }])
  t.match(looks.parts('to'), [{ name: 'a', series: 1, rate: 2, p50: 0.5 }])
})

t.test('an own exposition of many series is read whole', async t => {
  const registry = createRegistry({ name: 'top-reader', memory: '64MiB' })
  t.teardown(() => registry.close())
  const made = registry.counter({ name: 'sent_total', help: 'S.', labelNames: ['to'] })
  for (let n = 0; n < 20_000; n++) made.inc({ to: `"${n}"\n` })
  const looks = new Looks().look(await registry.metrics())
  for (let n = 0; n < 20_000; n++) made.inc({ to: `"${n}"\n` }, 2)
  t.match(looks.look(await registry.metrics()).family('sent_total'), { series: 20_000, rate: 20_000 })
})

t.test('a filter takes series of a histogram whole, and not those of its lines that it is in', async t => {
  const lines = (to: string, n: number, order = (le: string) => `le="${le}",to="${to}"`) =>
    ['0.5', '1', '+Inf'].map(le => `h_bucket{${order(le)}} ${le === '0.5' ? 0 : n}\n`).join('') +
    `h_sum{to="${to}"} 1\nh_count{to="${to}"} ${n}\n`
  const text = (n: number) =>
    `# TYPE h histogram\n${lines('a.1', n)}${lines('b', 2 * n, le => `to="b",le="${le}"`)}h_bucket{le="1"} ${n}\nh_bucket{le="+Inf"} ${n}\nh_count ${n}\n` +
    `# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 1\ns_count ${n}\n`
  const filtered = (filter: string) => {
    const looks = new Looks()
    looks.model.setFilter(filter)
    return looks
      .look(text(0))
      .look(text(4))
      .families()
      .map(({ name, series, rate, p50 }) => ({ name, series, rate, p50 }))
  }
  const both = filtered('')
  t.match(both, [
    { name: 'h', series: 3, rate: 8 },
    { name: 's', series: 1, rate: 2, p50: 1 },
  ])
  for (const part of ['le="1"', '0.5', '_bucket', '_count', 'quantile', '{le'])
    t.same(filtered(part), [], `${part} is of no series`)
  t.same(filtered('a.1'), [{ name: 'h', series: 1, rate: 2, p50: 0.75 }])
  t.same(filtered('h{to="b"}'), [{ name: 'h', series: 1, rate: 4, p50: 0.75 }])
  t.same(filtered('to='), [{ name: 'h', series: 2, rate: 6, p50: 0.75 }])
})
