/** Counters, gauges and histograms in one thread, in the forms that prom-client has too. */
import t from 'tap'
import { exponentialBuckets, linearBuckets } from '../../src/index.js'
import * as L from '../../src/memory/layout.js'
import { familyOf, fill, fresh } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'
import { until } from '../support/until.js'

t.test('a counter', async t => {
  const { registry } = fresh(t)
  const plain = registry.counter({ name: 'plain_total', help: 'h' })
  t.equal(registry.value('plain_total'), 0, 'without labels it is there from the start, at 0')
  plain.inc()
  plain.inc(2)
  plain.inc(0.5)
  plain.inc(0)
  plain.inc(undefined)
  plain.inc({}, 2)
  plain.labels().inc()
  t.equal(registry.value('plain_total'), 7.5)

  const labelled = registry.counter({
    name: 'labelled_total',
    help: 'h',
    labelNames: ['a', 'b'],
  })
  t.equal(registry.value('labelled_total', { a: '1', b: 'true' }), undefined, 'with labels it is not')
  const child = labelled.labels({ a: '1', b: 'true' })
  t.equal(registry.value('labelled_total', { a: '1', b: 'true' }), 0, 'until it was looked up')
  child.inc()
  labelled.labels(1, true).inc()
  labelled.labels('1', 'true').inc()
  labelled.labels({ b: true, a: 1 }).inc()
  labelled.inc({ a: '1', b: 'true' })
  labelled.inc({ a: 1, b: true }, 10)
  t.equal(registry.value('labelled_total', { a: 1, b: true }), 15, 'all forms name the same series')
  t.equal(labelled.labels('1', 'true'), child, 'which is one child')
  t.equal(labelled.labels({ a: '1', b: 'true' }), child)
  t.strictSame(labelled.labelNames, ['a', 'b'])
  t.equal(registry.getSingleMetric('labelled_total'), labelled)
  t.equal(registry.getSingleMetric('nobody'), undefined)
})

t.test('a gauge', async t => {
  const { registry } = fresh(t)
  const gauge = registry.gauge({ name: 'g', help: 'h', labelNames: ['x'] })
  const value = () => registry.value('g', { x: 'a' })
  gauge.set({ x: 'a' }, 5)
  gauge.inc({ x: 'a' })
  gauge.inc({ x: 'a' }, 2)
  gauge.dec({ x: 'a' })
  gauge.dec({ x: 'a' }, 3.5)
  t.equal(value(), 3.5)
  const child = gauge.labels('a')
  for (const number of [-7, 0.1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    child.set(number)
    t.ok(Object.is(value(), number), `set(${number})`)
  }
  child.set(1)
  child.inc(-3)
  t.equal(value(), -2, 'it may move by a negative number')
  child.dec(-3)
  t.equal(value(), 1)
  const before = Date.now() / 1000
  gauge.setToCurrentTime({ x: 'a' })
  t.ok((value() as number) >= before && (value() as number) <= Date.now() / 1000)
  const plain = registry.gauge({ name: 'plain', help: 'h' })
  plain.set(3)
  plain.inc()
  plain.dec(2)
  t.equal(registry.value('plain'), 2)
  plain.setToCurrentTime()
  t.ok((registry.value('plain') as number) >= before)
})

t.test("a gauge's aggregates, where one thread records", async t => {
  const { registry } = fresh(t)
  for (const aggregate of ['sum', 'livesum', 'min', 'max'] as const) {
    const gauge = registry.gauge({ name: aggregate, help: '', aggregate })
    t.equal(gauge.aggregate, aggregate)
    t.equal(registry.value(aggregate), 0, `${aggregate}: 0 before it is set`)
    gauge.inc(2)
    t.equal(registry.value(aggregate), 2, `${aggregate}: inc from there`)
    gauge.dec()
    gauge.set(-4)
    t.equal(registry.value(aggregate), -4)
    gauge.set(Number.NaN)
    t.ok(Number.isNaN(registry.value(aggregate)), `${aggregate}: NaN is a value like any other`)
    t.match(await registry.metrics(), `${aggregate} NaN\n`)
    gauge.inc()
    t.ok(Number.isNaN(registry.value(aggregate)), `${aggregate}: one more than NaN is NaN`)
    gauge.reset()
    t.equal(registry.value(aggregate), 0)
    gauge.dec(3)
    t.equal(registry.value(aggregate), -3, `${aggregate}: after a reset it begins again`)
  }
  const last = registry.gauge({ name: 'last', help: '', aggregate: 'last' })
  last.set(5)
  t.equal(registry.value('last'), 5)
  t.throws(
    () => (last as never as { inc(): void }).inc(),
    /metric "last": inc\(\) on a gauge with aggregate "last"/,
  )
  t.throws(() => last.dec(2), /metric "last": dec\(\)/)
  t.equal(registry.value('last'), 5)
  last.reset()
  t.equal(registry.value('last'), 0)
})

t.test('a bad value leaves an unset min or max unset', async t => {
  const { registry } = fresh(t)
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  for (const aggregate of ['min', 'max'] as const) {
    const options = { name: aggregate, help: '', aggregate }
    const gauge = registry.gauge(options)
    await thread.call('register', 'gauge', options)
    await thread.call('inc', aggregate, {}, aggregate === 'min' ? 5 : -5)
    gauge.set(0)
    gauge.reset()
    await thread.call('inc', aggregate, {}, aggregate === 'min' ? 5 : -5)
    const theirs = registry.value(aggregate)
    t.not(theirs, 0)
    t.throws(() => gauge.inc(Number.POSITIVE_INFINITY), /finite/)
    t.throws(() => gauge.dec(Number.NaN), /finite/)
    t.equal(registry.value(aggregate), theirs, `${aggregate}: what was refused took no part`)
  }
})

t.test('a histogram', async t => {
  const { registry } = fresh(t)
  const histogram = registry.histogram({
    name: 'h',
    help: 'h',
    labelNames: ['x'],
    buckets: [0.1, 1, 10],
  })
  histogram.observe({ x: 'a' }, 0.1)
  histogram.labels('a').observe(0.5)
  histogram.labels({ x: 'a' }).observe(1.0000001)
  histogram.observe({ x: 'a' }, 99)
  histogram.observe({ x: 'a' }, -1)
  const sum = 0.1 + 0.5 + 1.0000001 + 99 - 1
  t.strictSame(registry.value('h', { x: 'a' }), {
    count: 5,
    sum,
    buckets: [
      [0.1, 2],
      [1, 3],
      [10, 4],
      [Number.POSITIVE_INFINITY, 5],
    ],
  })
  t.strictSame(histogram.buckets, [0.1, 1, 10])
  const plain = registry.histogram({ name: 'plain', help: 'h' })
  t.strictSame(
    plain.buckets,
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    "prom-client's, if left out",
  )
  plain.observe(3)
  t.equal((registry.value('plain') as { count: number }).count, 1)
  t.strictSame(
    registry.histogram({
      name: 'inf',
      help: '',
      buckets: [1, Number.POSITIVE_INFINITY],
    }).buckets,
    [1],
  )
  t.strictSame(linearBuckets(0, 5, 4), [0, 5, 10, 15])
  t.strictSame(exponentialBuckets(1, 2, 4), [1, 2, 4, 8])
  t.throws(() => linearBuckets(0, 0, 4), /option "width": 0/)
  t.throws(() => exponentialBuckets(0, 2, 4), /option "start": 0/)
  t.throws(() => exponentialBuckets(1, 1, 4), /option "factor": 1/)
  t.throws(() => linearBuckets(0, 1, 0), /option "count": 0/)
})

t.test('timers', async t => {
  const { registry } = fresh(t)
  const histogram = registry.histogram({
    name: 'h',
    help: '',
    labelNames: ['a', 'b'],
  })
  const gauge = registry.gauge({ name: 'g', help: '', labelNames: ['a'] })
  const plain = registry.histogram({ name: 'plain', help: '' })
  const begin = performance.now()
  const stops = [
    () => histogram.startTimer({ a: '1', b: '2' })(),
    () => histogram.startTimer({ a: '1' })({ b: '2' }),
    () => histogram.startTimer()({ a: '1', b: '2' }),
    () => histogram.labels('1', '2').startTimer()(),
  ]
  let sum = 0
  for (const stop of stops) sum += stop()
  const value = registry.value('h', { a: '1', b: '2' }) as {
    count: number
    sum: number
  }
  t.equal(value.count, 4, 'labels at either end, or a child')
  t.equal(value.sum, sum)
  t.ok(sum >= 0 && sum <= (performance.now() - begin) / 1000, 'in seconds')
  const stop = gauge.startTimer({ a: 'x' })
  const first = stop()
  t.equal(registry.value('g', { a: 'x' }), first)
  const again = stop()
  t.equal(registry.value('g', { a: 'x' }), again, 'a timer can be stopped twice')
  const ended = [gauge.startTimer()({ a: 'y' }), gauge.startTimer({ a: 'z' })({ a: 'z2' })]
  t.same([registry.value('g', { a: 'y' }), registry.value('g', { a: 'z2' })], ended, 'labels at its end')
  t.equal(registry.value('g', { a: 'z' }), undefined)
  t.throws(() => gauge.setToCurrentTime(null as never), /metric "g": label "a": null is not a string/)
  t.throws(() => plain.startTimer({ a: 'x' } as never), /metric "plain": label "a" is not known/)
  t.throws(() => gauge.startTimer({ b: 'x' } as never), /metric "g": label "b" is not known/, 'at once')
  const last = gauge.labels('x').startTimer()()
  t.equal(registry.value('g', { a: 'x' }), last)
  plain.startTimer()()
  t.equal((registry.value('plain') as { count: number }).count, 1)
})

t.test('default labels stand before others, in every line', async t => {
  const { registry } = fresh(t, { labels: { node: 'mx"1', n: 5, up: true } })
  registry.counter({ name: 'a', help: '', labelNames: ['x'] }).inc({ x: 'y' })
  registry.gauge({ name: 'b', help: '' }).set(1)
  t.equal(
    await registry.metrics(),
    '# HELP a \n# TYPE a counter\na{node="mx\\"1",n="5",up="true",x="y"} 1\n' +
      '# HELP b \n# TYPE b gauge\nb{node="mx\\"1",n="5",up="true"} 1\n',
  )
  t.throws(
    () => registry.counter({ name: 'c', help: '', labelNames: ['node'] }),
    /"node" of metric "c" is a default label/,
  )
  for (const [labels, message] of [
    [{ le: 'x' }, /option "labels": "le"/],
    [{ 'a-b': 'x' }, /option "labels": "a-b" is not a label name/],
    [{ a: {} }, /label "a": \[object Object\] is not a string/],
    [['a'], /option "labels".*is not an object/],
    [{ a: 'x'.repeat(9_000) }, /option "labels".*longer than/],
  ] as const)
    t.throws(() => fresh(t, { labels: labels as never }), message)
})

t.test('reset sets all series to zero, and nothing else', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c', help: '', labelNames: ['x'] })
  const other = registry.counter({ name: 'other', help: '' })
  const histogram = registry.histogram({ name: 'h', help: '', buckets: [1] })
  const gauge = registry.gauge({ name: 'g', help: '', labelNames: ['x'] })
  const child = counter.labels('a')
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  await thread.call('register', 'counter', {
    name: 'c',
    help: '',
    labelNames: ['x'],
  })
  await thread.call('register', 'gauge', {
    name: 'g',
    help: '',
    labelNames: ['x'],
  })
  for (let round = 0; round < 3; round++) {
    child.inc(5)
    counter.inc({ x: 'b' })
    await thread.call('inc', 'c', { x: 'a' }, 7)
    await thread.call('set', 'g', { x: 'a' }, 7)
    other.inc()
    gauge.set({ x: 'a' }, 3)
    histogram.observe(3)
    t.equal(registry.value('c', { x: 'a' }), 12)
    t.equal(registry.value('g', { x: 'a' }), 10)
    counter.reset()
    histogram.reset()
    gauge.reset()
    t.equal(registry.value('c', { x: 'a' }), 0)
    t.equal(registry.value('c', { x: 'b' }), 0)
    t.equal(registry.value('g', { x: 'a' }), 0)
    t.strictSame(registry.value('h'), {
      count: 0,
      sum: 0,
      buckets: [
        [1, 0],
        [Number.POSITIVE_INFINITY, 0],
      ],
    })
    t.equal(registry.value('other'), round + 1)
    t.match(await registry.metrics(), 'c{x="a"} 0\nc{x="b"} 0\n')
  }
  registry.resetMetrics()
  t.equal(registry.value('other'), 0)
})

t.test('a reset that memory is too full for says so, and resets what it can', async t => {
  const { registry, arena, events } = fresh(t, { memory: '4MiB' })
  const counter = registry.counter({ name: 'c', help: '', labelNames: ['x'] })
  const gauge = registry.gauge({ name: 'g', help: '' })
  counter.inc({ x: 'a' }, 5)
  counter.inc({ x: 'b' }, 5)
  gauge.set(5)
  fill(arena)
  registry.resetMetrics()
  t.equal(registry.value('g'), 0)
  t.equal(registry.value('c', { x: 'a' }), 5)
  t.strictSame(
    events.map(({ code }) => code),
    ['reset-memory'],
  )
  t.match(events[0].message, /metric "c": reset\(\): 2 series keep their counts/)
})

t.test('no increment that another thread makes is lost by a reset', async t => {
  const { registry, arena } = fresh(t)
  const options = { name: 'c', help: '', labelNames: ['x'] }
  const counter = registry.counter(options)
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  await thread.call('register', 'counter', options)
  const flags = shared()
  const counting = thread.call<number>('incUntil', 'c', { x: 'a' }, flags)
  await until('it counts', () => Atomics.load(flags, 1) === 1)
  // What is there after a reset and before the next was counted between them.
  let seen = 0
  let least = 0
  for (let n = 0; n < 2_000; n++) {
    const value = registry.value('c', { x: 'a' }) as number
    least = Math.min(least, value)
    seen = Math.max(seen, value)
    counter.reset()
  }
  Atomics.store(flags, 0, 1)
  const total = await counting
  t.ok(least >= 0, `never below 0: ${least}`)
  const left = registry.value('c', { x: 'a' }) as number
  t.ok(left >= 0 && left <= total)
  // What the thread counted is in its own cell, to the last: resets only ever wrote beside it.
  const { i32, f64 } = arena
  let own = 0
  let cells = i32[i32[familyOf(arena, 'c').ref * 2 + L.F_FIRST_PAGE] * 2 + L.PAGE_CELLS]
  for (; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
    if (i32[cells * 2 + L.CELLS_SHARD] !== L.COMMON_SHARD) own += f64[cells + L.CELLS_HEADER_WORDS]
  }
  t.equal(own, total, 'nothing is lost')
  await thread.call('inc', 'c', { x: 'a' }, 1, 1000)
  t.equal(registry.value('c', { x: 'a' }), left + 1000)
  counter.reset()
  t.equal(registry.value('c', { x: 'a' }), 0)
  t.ok(seen > 0)
})

t.test('what has overflown begins at zero again with reset()', async t => {
  const { registry } = fresh(t)
  const most = Number.MAX_VALUE
  const counter = registry.counter({ name: 'c_total', help: '' })
  const histogram = registry.histogram({ name: 'h', help: '', buckets: [1] })
  const native = registry.histogram({ name: 'n', help: '', native: {} })
  const summary = registry.summary({ name: 's', help: '' })
  for (let n = 0; n < 2; n++) {
    counter.inc(most)
    for (const one of [histogram, native, summary]) one.observe(most)
  }
  t.equal(registry.value('c_total'), Number.POSITIVE_INFINITY)
  registry.resetMetrics()
  t.equal(registry.value('c_total'), 0)
  counter.inc(2)
  for (const one of [histogram, native, summary]) one.observe(0.5)
  t.equal(registry.value('c_total'), 2)
  for (const name of ['h', 'n', 's']) {
    t.match(registry.value(name), { count: 1, sum: 0.5 })
  }
  const text = await registry.metrics({ format: 'openmetrics' })
  for (const line of ['c_total 2', 'h_sum 0.5', 'n_sum 0.5', 's_sum 0.5']) t.match(text, `\n${line}\n`)
})

t.test('collect callbacks', async t => {
  const { registry, events } = fresh(t, { collectEvery: 10 })
  // The callbacks' own timer does not keep the process alive.
  const keep = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(keep))
  let heard: (() => void) | undefined
  const next = () => new Promise<void>(resolve => (heard = resolve))
  let calls = 0
  const first = next()
  registry.gauge({
    name: 'g',
    help: '',
    collect: gauge => {
      gauge.set(++calls)
      heard?.()
    },
  })
  t.equal(calls, 0, 'not within the registration')
  await first
  t.equal(registry.value('g'), calls, 'soon after it')
  const before = calls
  await next()
  await next()
  t.ok(calls >= before + 2, 'and again and again')
  const callsBefore = calls
  t.match(await registry.metrics(), /^g (\d+)$/m)
  t.ok(calls > callsBefore, 'and for metrics()')
  registry.gauge({
    name: 'async',
    help: '',
    collect: async gauge => gauge.set(await Promise.resolve(7)),
  })
  t.match(await registry.metrics(), 'async 7\n')
  let failed = 0
  registry.gauge({
    name: 'bad',
    help: '',
    collect: () => {
      failed++
      throw new Error('no reading')
    },
  })
  t.match(await registry.metrics(), 'bad 0\n', 'one that throws does not spoil the rest')
  t.match(events, [
    {
      level: 'warn',
      code: 'collect-failed',
      message: /metric "bad".*no reading/,
    },
  ])
  await next()
  t.ok(failed > 0)
  await registry.close()
  const atClose = calls
  await new Promise(resolve => setImmediate(resolve))
  t.equal(calls, atClose, 'closed, it is not called any more')
  t.throws(
    () => fresh(t).registry.gauge({ name: 'x', help: '', collect: 5 as never }),
    /option "collect": 5 is not a function/,
  )
})

t.test('a getter of labels may record, in the same metric too', async t => {
  const { registry } = fresh(t)
  const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x', 'y'] })
  const labels = {
    x: 'a',
    get y() {
      c.inc({ x: 'b', y: 'c' })
      return 'd'
    },
  }
  // With and without a child that is known.
  for (let n = 1; n <= 3; n++) {
    c.inc({ x: 'b', y: 'd' }, 0)
    c.inc(labels, 10)
    t.equal(registry.value('c_total', { x: 'a', y: 'd' }), n * 10)
    t.equal(registry.value('c_total', { x: 'b', y: 'd' }), 0)
  }
  const failing = {
    x: 'a',
    get y(): string {
      throw new Error('a getter')
    },
  }
  t.throws(() => c.inc(failing), { message: 'a getter' })
  c.inc({ x: 'a', y: 'd' }, 5)
  t.equal(registry.value('c_total', { x: 'a', y: 'd' }), 35)
})

t.test('inherited labels are none, whatever was recorded before', async t => {
  const { registry } = fresh(t)
  const one = registry.counter({ name: 'one_total', help: 'h', labelNames: ['x'] })
  const two = registry.counter({ name: 'two_total', help: 'h', labelNames: ['x', 'y'] })
  for (const before of [() => {}, () => one.inc({ x: 'a' }), () => two.inc({ x: 'a', y: 'b' })]) {
    before()
    t.throws(() => one.inc(Object.create({ x: 'a' })), { message: /label "x" is missing/ })
    t.throws(() => two.inc(Object.create({ x: 'a', y: 'b' })), { message: /label "x" is missing/ })
  }
  t.equal(registry.value('one_total', { x: 'a' }), 1)
  t.equal(registry.value('two_total', { x: 'a', y: 'b' }), 1)
  const bare = Object.assign(Object.create(null), { x: 'a' })
  one.inc(bare)
  t.equal(registry.value('one_total', { x: 'a' }), 2, 'an object without a prototype is one like others')
})

t.test('value() of what a default label cannot be', async t => {
  const { registry } = fresh(t, { labels: { node: '\ud800', n: 5 } })
  registry.counter({ name: 'c_total', help: 'h' }).inc()
  t.equal(registry.value('c_total', { node: '\ud800', n: 5 }), 1)
  for (const node of [Symbol('s'), Object.create(null), {}, undefined, null, ['\ufffd']])
    t.equal(registry.value('c_total', { node }), undefined)
})
