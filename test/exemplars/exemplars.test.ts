/** Exemplars: what is exposed of them, in which format, and what is refused. OpenMetrics 1.0, 'Exemplars'. */
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { type ExemplarMessage, messages } from '../support/protobuf.js'
import { fresh, samples } from '../support/registry.js'

const NOW = 1_700_000_000_125
const realNow = Date.now
Date.now = () => NOW
t.teardown(() => {
  Date.now = realNow
})

/** As `labels value seconds`. */
function spelled(exemplar: ExemplarMessage | undefined): string | undefined {
  if (exemplar === undefined) return undefined
  const labels = (exemplar.label ?? []).map(({ name, value }) => `${name}=${value}`).join(' ')
  return `${labels} ${exemplar.value} ${exemplar.timestamp.seconds + exemplar.timestamp.nanos / 1e9}`
}

t.test('a counter exposes the last one', async t => {
  const { registry } = fresh(t)
  const sent = registry.counter({ name: 'sent_total', help: 'h', labelNames: ['to'] })
  const child = sent.labels('a')
  child.inc(1, { trace_id: 'first' })
  child.inc(3, { trace_id: 'abc', span_id: 7, sampled: true })
  child.inc()
  sent.inc({ to: 'b' }, 2)
  sent.inc({ to: 'c' }, 2, { quote: 'a "b" \\ \n é' })
  registry.counter({ name: 'one_total', help: '' }).inc(5, {})
  const text = await registry.metrics({ format: 'openmetrics' })
  t.same(samples(text), [
    'one_total 5 # {} 5 1700000000.125',
    'sent_total{to="a"} 5 # {trace_id="abc",span_id="7",sampled="true"} 3 1700000000.125',
    'sent_total{to="b"} 2',
    'sent_total{to="c"} 2 # {quote="a \\"b\\" \\\\ \\n é"} 2 1700000000.125',
  ])
  const [one, many] = messages(await registry.metrics({ format: 'protobuf' }))
  t.equal(spelled(one.metric[0].counter?.exemplar), ' 5 1700000000.125')
  t.same(
    many.metric.map(({ counter }) => spelled(counter?.exemplar)),
    [
      'trace_id=abc span_id=7 sampled=true 3 1700000000.125',
      undefined,
      'quote=a "b" \\ \n é 2 1700000000.125',
    ],
  )
  t.notMatch(await registry.metrics(), / # \{/, 'text has none')
  t.notMatch(JSON.stringify(await registry.json()), 'trace_id', 'JSON has none')
})

t.test('with created, and for what OpenMetrics calls unknown', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'a_total', help: '' }).inc(1, { x: '1' })
  registry.counter({ name: 'b', help: '' }).inc(1, { x: '1' })
  t.same(samples(await registry.metrics({ format: 'openmetrics', created: true })), [
    'a_total 1 # {x="1"} 1 1700000000.125',
    'a_created 1700000000.125',
    'b 1',
  ])
  const [a, b] = messages(await registry.metrics({ format: 'protobuf', created: true }))
  t.equal(spelled(a.metric[0].counter?.exemplar), 'x=1 1 1700000000.125')
  t.ok(a.metric[0].counter?.createdTimestamp)
  t.equal(spelled(b.metric[0].counter?.exemplar), 'x=1 1 1700000000.125', 'in protobuf it is a counter')
})

t.test('a histogram exposes one for each bucket', async t => {
  const { registry } = fresh(t)
  const wait = registry.histogram({ name: 'wait', help: '', buckets: [1, 2, 4] })
  wait.observe(0.5, { n: 1 })
  wait.observe(1, { n: 2 })
  wait.observe(1.5)
  wait.observe(3, { n: 3 })
  wait.observe(99, { n: 4 })
  t.same(samples(await registry.metrics({ format: 'openmetrics' })), [
    'wait_bucket{le="1.0"} 2 # {n="2"} 1 1700000000.125',
    'wait_bucket{le="2.0"} 3',
    'wait_bucket{le="4.0"} 4 # {n="3"} 3 1700000000.125',
    'wait_bucket{le="+Inf"} 5 # {n="4"} 99 1700000000.125',
    'wait_sum 105',
    'wait_count 5',
  ])
  const [{ metric }] = messages(await registry.metrics({ format: 'protobuf' }))
  t.same(
    metric[0].histogram?.bucket?.map(({ upperBound, cumulativeCount, exemplar }) => [
      upperBound,
      cumulativeCount,
      spelled(exemplar),
    ]),
    [
      [1, 2, 'n=2 1 1700000000.125'],
      [2, 3, undefined],
      [4, 4, 'n=3 3 1700000000.125'],
      [Number.POSITIVE_INFINITY, 5, 'n=4 99 1700000000.125'],
    ],
  )
})

t.test('a native histogram without classic buckets exposes the last one of all', async t => {
  const { registry } = fresh(t)
  const wait = registry.histogram({ name: 'wait', help: '', native: {} })
  wait.observe(0.5, { n: 1 })
  wait.observe(Number.NaN, { n: 2 })
  const [{ metric }] = messages(await registry.metrics({ format: 'protobuf' }))
  t.same(metric[0].histogram?.exemplars?.map(spelled), ['n=2 NaN 1700000000.125'])
  t.same(metric[0].histogram?.bucket ?? [], [])
  t.match(await registry.metrics({ format: 'openmetrics' }), /^wait_bucket\{le="\+Inf"\} 2 # \{n="2"\} NaN /m)
})

t.test('what can be no exemplar is a mistake: it is said, and nothing is counted', async t => {
  const { registry, events } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: '' })
  const histogram = registry.histogram({ name: 'h', help: '', buckets: [1] })
  const native = registry.histogram({ name: 'n', help: '', native: {} })
  const wrong: [exemplar: unknown, message: RegExp][] = [
    ['trace', /metric "c_total": exemplar "trace" is not an object of labels/],
    [5, /metric "c_total": exemplar 5 is not an object of labels/],
    [['a'], /metric "c_total": exemplar \["a"\] is not an object of labels/],
    [new Map([['a', 'x']]), /metric "c_total": exemplar \[object Map\] is not an object of labels/],
    [() => 'x', /metric "c_total": exemplar a function is not an object of labels/],
  ]
  for (const [exemplar, message] of wrong) {
    t.throws(() => counter.inc(1, exemplar as never), { message })
    for (const [name, metric] of Object.entries({ h: histogram, n: native })) {
      const own = { name: 'TypeError', message: new RegExp(message.source.replace('c_total', name)) }
      t.throws(() => metric.observe(1, exemplar as never), own)
    }
  }
  t.throws(() => counter.inc(-1, { trace_id: 'x' }), /inc\(-1\)/)
  t.throws(() => histogram.observe(Number.NaN, { trace_id: undefined } as never), /observe\(NaN\)/)
  t.throws(() => native.observe('1' as never, { trace_id: undefined } as never), /observe\("1"\)/)
  t.equal(registry.value('c_total'), 0)
  t.match(registry.value('h'), { count: 0 })
  t.match(registry.value('n'), { count: 0 })
  t.same(events, [])
})

t.test('what is wrong inside of one, which may come from the network, never costs the count', async t => {
  let read = 0
  const huge = new Proxy(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`l${n}`, 'x'])), {
    get: (target, key) => {
      read++
      return Reflect.get(target, key)
    },
  })
  const unfit: [what: string, exemplar: object, why: RegExp][] = [
    ['a long value', { trace_id: 'x'.repeat(121) }, /names and values have more than 128 characters/],
    ['a very long one', { trace_id: 'x'.repeat(2 ** 27) }, /more than 128 characters/],
    ['a long name', { ['x'.repeat(129)]: '' }, /more than 128 characters/],
    ['many labels', huge, /more than 128 characters/],
    [
      'undefined',
      { trace_id: undefined },
      /label "trace_id": undefined is not a string, a number or a boolean/,
    ],
    ['null', { trace_id: null }, /label "trace_id": null is not a string/],
    ['an object', { trace_id: { a: 1 } }, /label "trace_id": \[object Object\] is not a string/],
    ['a list', { trace_id: ['x'] }, /label "trace_id": \["x"\] is not a string/],
    ['a symbol', { trace_id: Symbol('s') }, /label "trace_id": Symbol\(s\) is not a string/],
    ['one good and one bad', { span_id: 'x', trace_id: undefined }, /label "trace_id"/],
    ['a bad name', { 'trace-id': 'x' }, /"trace-id" is not a label name/],
    ['a reserved name', { __x: 'x' }, /"__x" is not a label name/],
    [
      'a getter that throws',
      Object.defineProperty({}, 'trace_id', {
        enumerable: true,
        get: () => {
          throw new Error('gone')
        },
      }),
      /Error: gone/,
    ],
  ]
  for (const [what, exemplar, why] of unfit) {
    const { registry, events } = fresh(t)
    const given = exemplar as never
    const counter = registry.counter({ name: 'c_total', help: '' })
    const labelled = registry.counter({ name: 'l_total', help: '', labelNames: ['a'] })
    const histogram = registry.histogram({ name: 'h', help: '', buckets: [1] })
    const native = registry.histogram({ name: 'n', help: '', labelNames: ['a'], native: {} })
    for (let n = 0; n < 2; n++) {
      counter.inc(1, given)
      labelled.inc({ a: 'x' }, 1, given)
      histogram.observe(0.5, given)
      for (const value of [0.5, -2, 0, Number.NaN]) native.observe({ a: 'x' }, value, given)
    }
    t.equal(registry.value('c_total'), 2, what)
    t.equal(registry.value('l_total', { a: 'x' }), 2, what)
    t.match(registry.value('h'), { count: 2, sum: 1 }, what)
    t.match(registry.value('n', { a: 'x' }), { count: 8 }, what)
    t.notMatch(await registry.metrics({ format: 'openmetrics' }), / # \{/, 'it is left out')
    t.same(
      events.map(({ level, code, message }) => [
        level,
        code,
        /^metric "(\w+)": an exemplar/.exec(message)?.[1],
      ]),
      ['c_total', 'l_total', 'h', 'n'].map(name => ['warn', 'exemplar-left-out', name]),
      'once for each metric',
    )
    for (const { message } of events) t.match(message, why)
    t.ok(events.every(({ message }) => message.length < 500))
    counter.inc(1, { trace_id: 'fits' })
    t.match(await registry.metrics({ format: 'openmetrics' }), /^c_total 3 # \{trace_id="fits"\} 1 /m)
  }
  t.ok(read < 50 * 200, 'of many labels most are not looked at')
})

t.test('none is none, whether undefined or null; 128 code points fit', async t => {
  const { registry, events } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: '' })
  const histogram = registry.histogram({ name: 'h', help: '', buckets: [1] })
  const native = registry.histogram({ name: 'n', help: '', native: {} })
  for (const none of [undefined, null]) {
    counter.inc(1, none)
    for (const metric of [histogram, native]) metric.observe(1, none)
  }
  t.equal(registry.value('c_total'), 2)
  t.match(registry.value('h'), { count: 2 })
  t.match(registry.value('n'), { count: 2 })
  t.same(events, [])
  counter.inc(1, { trace_id: '😀'.repeat(120) })
  t.match(await registry.metrics({ format: 'openmetrics' }), /# \{trace_id="(😀){120}"\}/u)
  const summary = registry.summary({ name: 's', help: '' }) as unknown as {
    observe(...args: unknown[]): void
  }
  summary.observe(1, { trace_id: undefined })
  t.match(registry.value('s'), { count: 1 }, 'a summary has none, and counts')
})

t.test('one that is dropped with its update is not exposed', async t => {
  const { registry, events } = fresh(t, { maxLabelLength: 3 })
  const counter = registry.counter({ name: 'c_total', help: '', labelNames: ['a'] })
  counter.inc({ a: 'long' }, 1, { trace_id: 'x' })
  counter.inc({ a: 'long' }, 1, { trace_id: undefined } as never)
  t.same(
    events.map(({ code }) => code),
    ['dropped-label'],
  )
  t.same(samples(await registry.metrics({ format: 'openmetrics' })), [])
})

t.test('a NUL is replaced: Prometheus would refuse the whole scrape for it', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'c_total', help: '' }).inc(1, { a: '\0x\0', b: '\ud800' })
  t.match(await registry.metrics({ format: 'openmetrics' }), ' # {a="\ufffdx\ufffd",b="\ufffd"} 1 ')
})

t.test('what gives none pays for none', async t => {
  const { registry, arena } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: '', labelNames: ['x'] })
  counter.inc({ x: 'a' })
  const used = arena.usedBytes()
  counter.inc({ x: 'b' })
  t.equal(arena.usedBytes(), used)
  counter.inc({ x: 'b' }, 1, { n: 1 })
  t.ok(arena.usedBytes() > used)
})

t.test('a series that would not fit a slot with all of them is exposed without', async t => {
  const { registry, arena } = fresh(t, { memory: '8MiB' })
  const buckets = Array.from({ length: 300 }, (_, n) => n)
  const wide = registry.histogram({ name: 'wide', help: '', labelNames: ['x'], buckets })
  for (const x of ['a', 'b']) {
    for (const value of buckets) wide.observe({ x }, value, { trace_id: 'x'.repeat(120) })
  }
  registry.counter({ name: 'a_total', help: '' }).inc(1, { n: 1 })
  registry.counter({ name: 'z_total', help: '' }).inc(1, { n: 1 })
  t.ok(300 * 140 * 2 > arena.i32[L.P_SLOT_TEXT], 'this test needs small slots')
  const text = await registry.metrics({ format: 'openmetrics' })
  t.equal(samples(text).length, 2 * 303 + 2)
  t.match(text, /^a_total 1 # \{n="1"\}/m)
  t.match(text, /^z_total 1 # \{n="1"\}/m)
  const [, family] = messages(await registry.metrics({ format: 'protobuf' }))
  t.equal(family.name, 'wide')
  t.equal(family.metric[0].histogram?.bucket?.[200].cumulativeCount, 201)
})

t.test('an exemplar whose getter lets the series go is kept nowhere', async t => {
  for (const letGo of ['remove', 'close']) {
    const { registry } = fresh(t)
    const c = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
    const child = c.labels('a')
    const exemplar = {
      get trace_id() {
        if (letGo === 'remove') c.remove('a')
        else void registry.close()
        return 'b'
      },
    }
    child.inc(1, exemplar)
    t.equal(child.at, 0)
    t.equal(child.exemplars, 0, letGo)
  }
})
