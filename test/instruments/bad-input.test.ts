/** Mistakes in the program: an error that names what was wrong, thrown at the call, nothing half registered. */
import t from 'tap'
import { exponentialBuckets, linearBuckets } from '../../src/index.js'
import { drops, fresh, samples } from '../support/registry.js'

const help = 'h'

const printable = (text: string) => encodeURIComponent(text).slice(0, 40)

t.test('bad registrations', async t => {
  const { registry } = fresh(t)
  const bad: [string, () => unknown, RegExp, string?][] = []
  const refuse = (what: string, call: () => unknown, message: RegExp, name?: string) =>
    bad.push([what, call, message, name])
  for (const name of ['', '1a', 'a-b', 'a b', 'é', 'a\n', 5, undefined, null, {}]) {
    refuse(
      `name ${JSON.stringify(name)}`,
      () => registry.counter({ name: name as string, help }),
      /option "name": .* is not a metric name/,
    )
  }
  refuse(
    'a long name',
    () => registry.counter({ name: 'a'.repeat(1_025), help }),
    /option "name": "a+\.\.\. is longer than 1024/,
    'RangeError',
  )
  refuse(
    "the library's own",
    () => registry.counter({ name: 'postmeter_x', help }),
    /option "name": "postmeter_x" is reserved/,
  )
  for (const text of [undefined, null, 5]) {
    refuse(
      `help ${text}`,
      () => registry.counter({ name: 'bad', help: text as never }),
      /option "help": .* of metric "bad" is not a string/,
    )
  }
  refuse(
    'a long help',
    () => registry.gauge({ name: 'bad', help: 'x'.repeat(8_193) }),
    /option "help".*"bad" is longer than 8192/,
    'RangeError',
  )
  for (const label of ['', '1a', 'a-b', 'a:b', 'é', 5]) {
    refuse(
      `label ${label}`,
      () =>
        registry.counter({
          name: 'bad',
          help,
          labelNames: ['ok', label as string],
        }),
      /option "labelNames": .* is not a label name/,
    )
  }
  refuse(
    '__',
    () => registry.counter({ name: 'bad', help, labelNames: ['__x'] }),
    /option "labelNames": "__x" is reserved/,
  )
  refuse(
    'le',
    () => registry.histogram({ name: 'bad', help, labelNames: ['le'] }),
    /option "labelNames": "le" is a histogram's own/,
  )
  refuse(
    'twice',
    () => registry.counter({ name: 'bad', help, labelNames: ['a', 'a'] }),
    /option "labelNames": "a" is there twice in metric "bad"/,
  )
  refuse(
    'no list',
    () => registry.counter({ name: 'bad', help, labelNames: 'a' as never }),
    /option "labelNames": "a" of metric "bad" is not a list/,
  )
  for (const [buckets, message] of [
    [[], /option "buckets": \[\] of metric "bad" is empty/],
    [[Number.POSITIVE_INFINITY], /option "buckets".*is empty/],
    [[1, 1], /option "buckets": 1 in metric "bad" is not above/],
    [[2, 1], /option "buckets": 1 in metric "bad" is not above/],
    [[0, -0], /option "buckets"/],
    [[1, Number.NaN], /option "buckets": NaN in metric "bad" is not a finite/],
    [[Number.NEGATIVE_INFINITY, 1], /option "buckets": -Infinity/],
    [[1, Number.POSITIVE_INFINITY, 2], /option "buckets": Infinity/],
    [['1'], /option "buckets": "1" in metric "bad"/],
    [5, /option "buckets": 5 of metric "bad" is not a list/],
    [new Array(3), /option "buckets": undefined/],
    [Array.from({ length: 1_001 }, (_, n) => n), /option "buckets".*more than 1000/],
  ] as const)
    refuse(
      `buckets ${JSON.stringify(buckets)?.slice(0, 30)}`,
      () => registry.histogram({ name: 'bad', help, buckets: buckets as never }),
      message,
    )
  refuse(
    'aggregate',
    () => registry.gauge({ name: 'bad', help, aggregate: 'avg' as 'sum' }),
    /option "aggregate": "avg" is none of sum, livesum/,
  )
  for (const maxSeries of [0, -1, 1.5, '5', Number.NaN]) {
    refuse(
      `maxSeries ${maxSeries}`,
      () => registry.counter({ name: 'bad', help, maxSeries: maxSeries as number }),
      /option "maxSeries"/,
    )
  }
  for (const options of [undefined, null, 'x', 5]) {
    for (const kind of ['counter', 'gauge', 'histogram', 'summary', 'info', 'stateset'] as const) {
      const call = () => (registry[kind] as (options: unknown) => unknown)(options)
      refuse(
        `options ${options} of a ${kind}`,
        call,
        new RegExp(`${kind}: options "?${options}"? are no object`),
      )
    }
  }
  for (const name of [Object.create(null), { toString: 5 }]) {
    refuse(
      'a name',
      () => registry.histogram({ name, help }),
      /option "name": \[object Object\] is not a metric name/,
    )
    refuse(
      'a name',
      () => registry.summary({ name, help }),
      /option "name": \[object Object\] is not a metric name/,
    )
  }
  refuse(
    'expireAfter',
    () => registry.counter({ name: 'bad', help, expireAfter: '' }),
    /option "expireAfter": "" is not a duration/,
  )
  refuse(
    'maxAge',
    () => registry.summary({ name: 'bad', help, maxAge: '' }),
    /option "maxAge": "" is not a duration/,
  )
  refuse(
    'unknown option',
    () => registry.counter({ name: 'bad', help, lableNames: [] } as never),
    /counter: option "lableNames" is not known/,
  )
  refuse(
    "another kind's option",
    () => registry.counter({ name: 'bad', help, buckets: [1] } as never),
    /option "buckets" is not known/,
  )
  for (const [what, call, message, name = 'TypeError'] of bad) {
    const shape = name === 'TypeError' ? { message } : { name, message }
    t.throws(call, shape, what)
    t.throws(call, shape, `${what}: again`)
  }
  t.equal(await registry.metrics(), '', 'nothing half registered')
  t.equal(registry.value('bad'), undefined)
  t.doesNotThrow(
    () =>
      registry.histogram({
        name: 'bad',
        help,
        labelNames: ['ok'],
        buckets: [-1, 0, 1],
      }),
    'the name is still free',
  )
})

t.test('a conflicting registration is refused; the same again is the same', async t => {
  const { registry } = fresh(t)
  const histogram = registry.histogram({
    name: 'h',
    help,
    labelNames: ['a', 'b'],
    buckets: [1, 2],
  })
  const gauge = registry.gauge({ name: 'g', help, aggregate: 'max' })
  t.equal(
    registry.histogram({
      name: 'h',
      help: 'other words',
      labelNames: ['a', 'b'],
      buckets: [1, 2],
    }),
    histogram,
  )
  t.equal(registry.gauge({ name: 'g', help, aggregate: 'max' }), gauge)
  t.throws(
    () => registry.counter({ name: 'h', help }),
    /metric "h" is registered already with type "histogram", not "counter"/,
  )
  t.throws(
    () =>
      registry.histogram({
        name: 'h',
        help,
        labelNames: ['b', 'a'],
        buckets: [1, 2],
      }),
    /with labelNames \["a","b"\], not \["b","a"\]/,
  )
  t.throws(
    () =>
      registry.histogram({
        name: 'h',
        help,
        labelNames: ['a', 'b'],
        buckets: [1, 3],
      }),
    /with buckets \[1,2\], not \[1,3\]/,
  )
  t.throws(() => registry.gauge({ name: 'g', help }), /with aggregate "max", not "sum"/)
  t.match(await registry.metrics(), `# HELP h ${help}\n`, "the first's help stays")
})

t.test('names that the lines of a histogram have are refused to others, either way round', async t => {
  for (const suffix of ['_bucket', '_sum', '_count']) {
    const { registry } = fresh(t)
    registry.histogram({ name: 'x', help })
    t.throws(
      () => registry.counter({ name: `x${suffix}`, help }),
      new RegExp(`"x${suffix}".*"x"`),
      `x, then x${suffix}`,
    )
    registry.gauge({ name: `y${suffix}`, help })
    t.throws(
      () => registry.histogram({ name: 'y', help }),
      new RegExp(`"y".*"y${suffix}"`),
      `y${suffix}, then y`,
    )
    t.doesNotThrow(() => registry.gauge({ name: 'y', help }), 'a gauge has no such lines')
  }
})

t.test('bad labels', async t => {
  const { registry } = fresh(t)
  const one = registry.counter({
    name: 'one',
    help,
    labelNames: ['a'],
  }) as never as Loose
  const two = registry.counter({
    name: 'two',
    help,
    labelNames: ['a', 'b'],
  }) as never as Loose
  const none = registry.counter({ name: 'none', help }) as never as Loose
  interface Loose {
    labels(...values: unknown[]): { inc(value?: unknown): void }
    inc(...values: unknown[]): void
  }
  // The same mistakes are found before and after the right label set is known.
  for (const round of ['before', 'after']) {
    t.throws(() => one.labels({}), /metric "one": label "a" is missing/, round)
    t.throws(() => one.labels({ b: 'x' }), /metric "one": label "b" is not known; there are "a"/)
    t.throws(() => one.labels({ a: 'x', b: 'y' }), /metric "one": label "b" is not known/)
    t.throws(() => one.labels({ a: undefined }), /label "a" is missing/)
    t.throws(() => one.labels({ a: null }), /metric "one": label "a": null is not a string/)
    t.throws(() => one.labels({ a: {} }), /label "a": \[object Object\] is not a string/)
    t.throws(() => one.labels({ a: ['x'] }), /label "a": \["x"\] is not a string/)
    t.throws(() => one.labels({ a: Symbol('s') }), /label "a": Symbol\(s\) is not a string/)
    t.throws(() => one.labels({ a: () => 'x' }), /label "a": a function is not a string/)
    t.throws(() => one.labels(), /metric "one": 0 label values for 1 labels \(a\)/)
    t.throws(() => one.labels('x', 'y'), /metric "one": 2 label values for 1 labels/)
    t.throws(() => one.labels(undefined), /label "a" is missing/)
    t.throws(() => one.labels(null), /label "a": null/)
    t.throws(() => one.inc(), /metric "one": label "a" is missing/)
    t.throws(() => one.inc(5), /metric "one": label "a" is missing/)
    t.throws(() => two.labels({ a: 'x' }), /metric "two": label "b" is missing/)
    t.throws(() => two.labels({ a: 'x', c: 'y' }), /label "c" is not known; there are "a", "b"/)
    t.throws(() => two.inc({ a: 'x', b: 'y', c: 'z' }), /label "c" is not known/)
    t.throws(() => two.labels('x'), /metric "two": 1 label values for 2/)
    t.throws(() => none.labels({ a: 'x' }), /metric "none": label "a" is not known; there are none/)
    t.throws(() => none.labels('x'), /metric "none": 1 label values for 0/)
    t.throws(() => none.inc({ a: 'x' }), /label "a" is not known/)
    t.throws(() => none.inc([]), /metric "none": \[\] is no object of labels/)
    t.throws(() => none.inc(Object(5)), /metric "none": \[object Number\] is no object of labels/)
    t.throws(() => none.inc(new Map([['a', 'x']])), /metric "none": \[object Map\] is no object of labels/)
    t.throws(() => none.labels(new Date(0)), /metric "none": \[object Date\] is no object of labels/)
    if (round === 'before') {
      t.strictSame(samples(await registry.metrics()), ['none 0'], 'nothing half registered')
      one.labels('x')
      two.labels('x', 'y')
    }
  }
  t.strictSame(samples(await registry.metrics()), ['none 0', 'one{a="x"} 0', 'two{a="x",b="y"} 0'])
})

t.test('bad values', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c', help, labelNames: ['x'] })
  const gauge = registry.gauge({ name: 'g', help, labelNames: ['x'] })
  const histogram = registry.histogram({ name: 'h', help, labelNames: ['x'] })
  const labels = { x: 'a' }
  const bad = (call: () => unknown, name: string, message: RegExp) => t.throws(call, { name, message })
  for (const [value, spelled] of [
    [-1, '-1'],
    [-5e-324, '-5e-324'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ] as const) {
    bad(() => counter.inc(labels, value), 'RangeError', new RegExp(`metric "c": inc\\(${spelled}\\)`))
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    bad(() => histogram.observe(labels, value), 'RangeError', /metric "h": observe\(-?(NaN|Infinity)\)/)
    bad(() => gauge.inc(labels, value), 'RangeError', /metric "g": inc\(/)
    bad(() => gauge.dec(labels, value), 'RangeError', /metric "g": dec\(/)
  }
  for (const value of ['1', null, {}, true, 5n, Symbol('s')] as never[]) {
    bad(() => counter.labels('a').inc(value), 'TypeError', /metric "c": inc\(/)
    bad(() => gauge.labels('a').set(value), 'TypeError', /metric "g": set\(/)
    bad(() => gauge.labels('a').inc(value), 'TypeError', /metric "g": inc\(/)
    bad(() => histogram.labels('a').observe(value), 'TypeError', /metric "h": observe\(/)
  }
  bad(() => gauge.set(labels, undefined as never), 'TypeError', /metric "g": set\(undefined\)/)
  bad(() => histogram.observe(labels, undefined as never), 'TypeError', /metric "h": observe\(undefined\)/)
  t.equal(registry.value('c', labels), 0, 'nothing was recorded')
  t.equal(registry.value('g', labels), 0)
  t.equal((registry.value('h', labels) as { count: number }).count, 0)
  counter.labels('a').inc(-0)
  t.equal(registry.value('c', labels), 0)
})

t.test('a label value may be any string', async t => {
  const { registry, arena } = fresh(t)
  const counter = registry.counter({ name: 'c', help, labelNames: ['x'] })
  const pair = registry.counter({ name: 'pair', help, labelNames: ['x', 'y'] })
  const values = [
    '',
    '"',
    '\\',
    '\n',
    '\\n',
    '\\"',
    '\0',
    '\r\n',
    '\u007f',
    '\u2028',
    '😀',
    'a,b',
    '}',
    '{',
    '=',
    ' ',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    'NaN',
    '0',
    'x'.repeat(4_096),
    '\ufeff',
    'é',
    'e\u0301',
  ]
  for (const value of values) {
    counter.inc({ x: value })
    counter.labels(value).inc()
    pair.inc({ x: value, y: 'q' })
    pair.labels('q', value).inc(2)
  }
  const lines = samples(await registry.metrics())
  t.equal(new Set(lines).size, values.length * 3, 'each is a series of its own')
  // Not named one by one: TAP cannot carry such names.
  const wrong = values.filter(
    value =>
      registry.value('c', { x: value }) !== 2 ||
      registry.value('pair', { x: value, y: 'q' }) !== 1 ||
      registry.value('pair', { x: 'q', y: value }) !== 2,
  )
  t.strictSame(wrong.map(printable), [])
  const json = (await registry.json()) as {
    c: { value: { x: Record<string, number> } }
  }
  t.strictSame(values.filter(value => !Object.hasOwn(json.c.value.x, value)).map(printable), [], 'in JSON')
  t.equal(drops(arena, 'c', 'label'), 0)

  const lone = registry.counter({ name: 'lone', help, labelNames: ['x'] })
  lone.inc({ x: '\ud800' })
  lone.inc({ x: '\udc00' })
  lone.labels('\ufffd').inc()
  t.equal(
    registry.value('lone', { x: '\ufffd' }),
    3,
    'lone surrogates are one and the same, before they are looked up',
  )

  const kinds = registry.counter({ name: 'kinds', help, labelNames: ['x'] })
  for (const value of [5, '5', -0, 0, 1e21, true, 'true', Number.NaN]) kinds.inc({ x: value })
  t.strictSame(
    ['5', '0', '1e+21', 'true', 'NaN'].map(x => registry.value('kinds', { x })),
    [2, 2, 1, 2, 1],
    'numbers and booleans are spelled as String() does',
  )
})

t.test('bad options of metrics() and json()', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'c', help })
  const bad = (call: () => Promise<unknown>, message: RegExp) => t.rejects(call(), { message })
  await bad(() => registry.metrics(null as never), /metrics: options null are no object/)
  await bad(() => registry.json('text' as never), /json: options "text" are no object/)
  await bad(() => registry.json({ gzip: true } as never), /json: option "gzip" is not known/)
  await bad(
    () => registry.metrics({ selfMetrics: 'no' as never }),
    /option "selfMetrics": "no" is not a boolean/,
  )
})

t.test('value() returns the value of exactly the labels asked for', async t => {
  const { registry } = fresh(t, { labels: { node: 'mx1' } })
  registry.counter({ name: 'none', help }).inc()
  const one = registry.counter({ name: 'one', help, labelNames: ['a'] })
  one.inc({ a: 'null' })
  one.inc({ a: 'x' })
  t.equal(registry.value('none'), 1)
  t.equal(registry.value('none', { a: 'x' }), undefined, 'not of the series without labels')
  t.equal(registry.value('one', { a: 'x', b: 'y' }), undefined, 'a label too many')
  t.equal(registry.value('one', { a: 'x', node: 'mx1' }), 1, 'a default label is one of its labels')
  t.equal(registry.value('one', { a: 'x', node: 'mx2' }), undefined)
  t.equal(registry.value('one', {}), undefined)
  t.throws(() => registry.value('one', { a: null as never }), /metric "one": label "a": null is not a string/)
  t.throws(() => registry.value('one', null as never), /metric "one": labels null are no object/)
})

t.test('bucket helpers', t => {
  t.throws(() => linearBuckets('1' as never, 1, 3), /option "start": "1" is not a finite number/)
  t.throws(() => linearBuckets(Number.NaN, 1, 3), /option "start": NaN is not a finite number/)
  t.throws(() => linearBuckets(1, 1n as never, 3), /option "width": 1n is not a finite number/)
  t.throws(() => linearBuckets(1, 0, 3), /option "width": 0 is not above 0/)
  t.throws(() => exponentialBuckets('2' as never, 2, 3), /option "start": "2" is not a finite number/)
  t.throws(
    () => exponentialBuckets(1, Number.POSITIVE_INFINITY, 3),
    /option "factor": Infinity is not a finite/,
  )
  t.end()
})
