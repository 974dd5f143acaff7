/** What OpenMetrics 1.0 and protobuf have that text has not. */
import t from 'tap'
import { spellCanonical } from '../../src/catalogue/names.js'
import { messages } from '../support/protobuf.js'
import { fresh, samples } from '../support/registry.js'

t.test('no metric is renamed: a counter without the suffix is unknown', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: 'a "quoted" \\ help\n' }).inc(2)
  registry.counter({ name: 'seen', help: '' }).inc(3)
  registry.gauge({ name: 'size_bytes', help: 'h', unit: 'bytes' }).set(4)
  registry
    .histogram({ name: 'wait_seconds', help: 'h', unit: 'seconds', buckets: [1, 1e6, 2.5e6] })
    .observe(5)
  t.equal(
    await registry.metrics({ format: 'openmetrics', prefix: 'p_' }),
    `# HELP p_seen \n# TYPE p_seen unknown\np_seen 3
# HELP p_sent a \\"quoted\\" \\\\ help\\n\n# TYPE p_sent counter\np_sent_total 2
# HELP p_size_bytes h\n# TYPE p_size_bytes gauge\n# UNIT p_size_bytes bytes\np_size_bytes 4
# HELP p_wait_seconds h\n# TYPE p_wait_seconds histogram\n# UNIT p_wait_seconds seconds
p_wait_seconds_bucket{le="1.0"} 0\np_wait_seconds_bucket{le="1e+06"} 1\np_wait_seconds_bucket{le="2.5e+06"} 1
p_wait_seconds_bucket{le="+Inf"} 1\np_wait_seconds_sum 5\np_wait_seconds_count 1\n# EOF\n`,
  )
})

t.test('bounds are spelled as the specification spells its examples', async t => {
  const examples =
    '1e-10 1e-09 1e-08 1e-07 1e-06 1e-05 0.0001 0.001 0.01 0.1 1.0 10.0 100.0 1000.0 10000.0 100000.0 ' +
    '1e+06 1e+07 1e+08 1e+09 1e+10 +Inf 0.0 0.25 12.5 123456.75 1.2345675e+06 -1.0 -2.5e-05 5e-324 1e+100'
  for (const example of examples.split(' ')) {
    t.equal(spellCanonical(example === '+Inf' ? Number.POSITIVE_INFINITY : Number(example)), example)
  }
  t.equal(spellCanonical(-0), '0.0')
})

t.test('a sum that could fall, or is none, is not exposed, nor the count without it', async t => {
  const { registry } = fresh(t)
  const value = { labelNames: ['x'], help: '' } as const
  registry.histogram({ name: 'a', buckets: [-1, 1], ...value }).observe({ x: '1' }, 5)
  const b = registry.histogram({ name: 'b', buckets: [0, 1], ...value })
  b.observe({ x: 'falls' }, -5)
  b.observe({ x: 'rises' }, 5)
  b.labels('none')
  registry.histogram({ name: 'c', native: {}, help: '' }).observe(Number.NaN)
  t.same(samples(await registry.metrics({ format: 'openmetrics' })), [
    'a_bucket{x="1",le="-1.0"} 0',
    'a_bucket{x="1",le="1.0"} 0',
    'a_bucket{x="1",le="+Inf"} 1',
    'b_bucket{x="falls",le="0.0"} 1',
    'b_bucket{x="falls",le="1.0"} 1',
    'b_bucket{x="falls",le="+Inf"} 1',
    'b_bucket{x="rises",le="0.0"} 0',
    'b_bucket{x="rises",le="1.0"} 0',
    'b_bucket{x="rises",le="+Inf"} 1',
    'b_sum{x="rises"} 5',
    'b_count{x="rises"} 1',
    'b_bucket{x="none",le="0.0"} 0',
    'b_bucket{x="none",le="1.0"} 0',
    'b_bucket{x="none",le="+Inf"} 0',
    'b_sum{x="none"} 0',
    'b_count{x="none"} 0',
    'c_bucket{le="+Inf"} 1',
  ])
  const born = samples(await registry.metrics({ format: 'openmetrics', created: true }))
  t.equal(born.filter(line => line.includes('_created')).length, 5, 'all were made')
  const text = await registry.metrics()
  for (const line of [
    'a_sum{x="1"} 5',
    'a_count{x="1"} 1',
    'b_sum{x="falls"} -5',
    'c_sum NaN',
    'c_count 1',
  ]) {
    t.ok(samples(text).includes(line), `text has ${line}`)
  }
  const [a] = messages(await registry.metrics({ format: 'protobuf' }))
  t.match(a.metric[0].histogram, { sampleCount: 1, sampleSum: 5 }, 'and protobuf')
})

t.test('an empty registry ends all the same', async t => {
  const { registry } = fresh(t)
  t.equal(await registry.metrics({ format: 'openmetrics' }), '# EOF\n')
  t.equal((await registry.metrics({ format: 'protobuf' })).length, 0)
})

t.test('created: each series exposes when it was made, after expiry when it was made anew', async t => {
  const { registry } = fresh(t, { sweepEvery: 1 })
  const counter = registry.counter({ name: 'c_total', help: '', labelNames: ['x'], expireAfter: '1h' })
  registry.counter({ name: 'unknown', help: '' })
  registry.gauge({ name: 'g', help: '' })
  const histogram = registry.histogram({ name: 'h', help: '', labelNames: ['x'], buckets: [1] })
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  // The registry took the clock as it was when it was made; a series takes it when it is made.
  const begin = now()
  counter.inc({ x: 'a' })
  histogram.observe({ x: 'a' }, 1)
  const births = async () => {
    const text = await registry.metrics({ format: 'openmetrics', created: true })
    const lines = text.split('\n').filter(line => /_created[ {]/.test(line))
    return Object.fromEntries(lines.map(line => line.split(' '))) as Record<string, string>
  }
  const first = await births()
  t.strictSame(Object.keys(first), ['c_created{x="a"}', 'h_created{x="a"}'], 'gauges and unknowns have none')
  for (const value of Object.values(first)) {
    t.ok(Number(value) * 1000 >= begin - 1 && Number(value) * 1000 <= now() + 1, value)
  }
  const [c, , h] = messages(await registry.metrics({ format: 'protobuf', created: true })).map(
    ({ metric }) => metric[0],
  )
  const whole = (stamp?: { seconds: number; nanos: number }) =>
    ((stamp?.seconds ?? 0) + (stamp?.nanos ?? 0) / 1e9).toFixed(3)
  t.equal(whole(c.counter?.createdTimestamp), Number(first['c_created{x="a"}']).toFixed(3))
  t.equal(whole(h.histogram?.createdTimestamp), Number(first['h_created{x="a"}']).toFixed(3))
  t.notMatch(await registry.metrics({ format: 'openmetrics' }), '_created', 'only where it is asked for')
  t.notMatch(
    await registry.metrics({ created: true }),
    '_created',
    'nor in text 0.0.4, which has no such thing',
  )
})

t.test('created lines of a large registry stay within their slots', async t => {
  const { registry } = fresh(t, { memory: '4MiB' })
  const counter = registry.counter({ name: 'c_total', help: '', labelNames: ['x'] })
  const histogram = registry.histogram({ name: 'h', help: '', labelNames: ['x'] })
  for (let n = 0; n < 2_000; n++) counter.inc({ x: `${n}` })
  for (let n = 0; n < 100; n++) histogram.observe({ x: `${n}` }, n)
  const text = await registry.metrics({ format: 'openmetrics', created: true })
  t.equal(text.match(/^c_created\{/gm)?.length, 2_000)
  t.equal(text.match(/^h_created\{/gm)?.length, 100)
  const all = messages(await registry.metrics({ format: 'protobuf', created: true }))
  t.equal(
    all.reduce((sum, { metric }) => sum + metric.length, 0),
    2_100,
  )
})

t.test(
  'a unit that the name does not end with, and lines that two families would have, are refused',
  async t => {
    const { registry } = fresh(t)
    for (const [name, unit] of [
      ['wait_total', 'seconds'],
      ['waitseconds', 'seconds'],
      ['seconds', 'seconds'],
      ['wait_seconds_total', 'total'],
    ]) {
      t.throws(() => registry.counter({ name, help: '', unit }), {
        name: 'TypeError',
        message: new RegExp(`option "unit": "${unit}" is not what the name of metric "${name}" ends with`),
      })
    }
    t.throws(
      () => registry.gauge({ name: 'g_s', help: '', unit: 7 as never }),
      /option "unit": 7 of metric "g_s"/,
    )
    registry.counter({ name: 'wait_seconds_total', help: '', unit: 'seconds' })
    t.throws(
      () => registry.counter({ name: 'wait_seconds_total', help: '' }),
      /registered already with unit "seconds", not ""/,
    )
    t.throws(
      () => registry.gauge({ name: 'wait_seconds', help: '' }),
      /lines of the same name.*: wait_seconds$/,
    )
    t.throws(
      () => registry.gauge({ name: 'wait_seconds_created', help: '' }),
      /"wait_seconds_total", a counter/,
    )
    registry.gauge({ name: 'free_total', help: '' })
    registry.gauge({ name: 'free', help: '' })
  },
)

t.test('a format that there is not', async t => {
  const { registry } = fresh(t)
  await t.rejects(registry.metrics({ format: 'xml' as never }), {
    name: 'TypeError',
    message: /option "format": "xml" is none of text, openmetrics, protobuf, json/,
  })
  await t.rejects(registry.metrics({ created: 1 as never }), /option "created": 1 is not a boolean/)
})

t.test('a counter called _total, and nothing else, keeps its name: a family has to have one', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: '_total', help: 'h' }).inc(1, { trace_id: 'x' })
  t.equal(
    await registry.metrics({ format: 'openmetrics', created: true }),
    '# HELP _total h\n# TYPE _total unknown\n_total 1\n# EOF\n',
  )
  t.equal(
    await registry.metrics({ format: 'openmetrics', prefix: 'p' }),
    '# HELP p_total h\n# TYPE p_total unknown\np_total 1\n# EOF\n',
  )
  t.match(await registry.metrics(), '# TYPE _total counter\n')
})
