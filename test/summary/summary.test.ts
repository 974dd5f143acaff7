/** Summaries: what they expose in each format, over what time, and what is refused. */
import fc from 'fast-check'
import t from 'tap'
import { BELOW, HdrBuckets } from '../../src/folds/hdr-buckets.js'
import { Sim } from '../lifecycle/sim.js'
import { SEED } from '../support/arbitrary.js'
import { messages } from '../support/protobuf.js'
import { drops, fresh, samples } from '../support/registry.js'
import { quantilesOf } from '../support/summaries.js'

t.test('reset() of a summary that this thread alone has counted in begins anew at once', async t => {
  const { registry } = fresh(t)
  const summary = registry.summary({ name: 's', help: 'h', quantiles: [0.5], maxAge: '10d', ageBuckets: 1 })
  summary.observe(100)
  registry.resetMetrics()
  t.match(registry.value('s'), { count: 0, sum: 0, quantiles: [[0.5, Number.NaN]] })
  summary.observe(3)
  t.match(registry.value('s'), { count: 1, sum: 3, quantiles: [[0.5, 3]] }, 'and not with the next age')
})

t.test('each format', async t => {
  const { registry } = fresh(t)
  const wait = registry.summary({
    name: 'wait_seconds',
    help: 'h',
    unit: 'seconds',
    labelNames: ['x'],
    quantiles: [1, 0.5],
    significantDigits: 3,
  })
  for (let n = 1; n <= 100; n++) wait.observe({ x: 'a' }, n / 4)
  wait.labels('b')
  registry.summary({ name: 'bare', help: '', quantiles: [0.25] }).observe(2)
  const half = 12.507812493480742
  t.ok(Math.abs(half - 12.5) < 12.5e-3)
  const whole = 25.0156249962747
  t.ok(Math.abs(whole - 25) < 25e-3)
  const text = await registry.metrics({ prefix: 'p_' })
  t.equal(text.split('\n')[1], '# TYPE p_bare summary')
  const lines = samples(text).map(line => line.replace(/(\.\d{2})\d+$/, '$1'))
  t.same(lines, [
    'p_bare{quantile="0.25"} 2',
    'p_bare_sum 2',
    'p_bare_count 1',
    'p_wait_seconds{x="a",quantile="0.5"} 12.50',
    'p_wait_seconds{x="a",quantile="1"} 25.01',
    'p_wait_seconds_sum{x="a"} 1262.5',
    'p_wait_seconds_count{x="a"} 100',
    'p_wait_seconds{x="b",quantile="0.5"} NaN',
    'p_wait_seconds{x="b",quantile="1"} NaN',
    'p_wait_seconds_sum{x="b"} 0',
    'p_wait_seconds_count{x="b"} 0',
  ])
  const openMetrics = await registry.metrics({ format: 'openmetrics', created: true })
  t.match(openMetrics, /^# TYPE wait_seconds summary\n# UNIT wait_seconds seconds$/m)
  t.match(openMetrics, /^wait_seconds\{x="a",quantile="1\.0"\} 25\.0/m)
  t.match(openMetrics, /^wait_seconds_created\{x="a"\} \d/m)
  t.match(await registry.json(), {
    wait_seconds: {
      type: 'summary',
      value: { x: { a: { count: 100, sum: 1262.5, avg: 12.625 }, b: { count: 0 } } },
    },
    bare: { value: { count: 1, sum: 2, quantile: [[0.25, Number]] } },
  })
  const [bare, labelled] = messages(await registry.metrics({ format: 'protobuf', created: true }))
  t.equal(bare.type, 'SUMMARY')
  const { summary } = labelled.metric[0]
  t.match(summary, { sampleCount: 100, sampleSum: 1262.5, createdTimestamp: { seconds: Number } })
  t.same(
    summary?.quantile?.map(({ quantile }) => quantile),
    [0.5, 1],
  )
  t.same((registry.value('wait_seconds', { x: 'a' }) as { count: number }).count, 100)
  t.same(registry.value('wait_seconds', { x: 'b' }), {
    count: 0,
    sum: 0,
    quantiles: [
      [0.5, Number.NaN],
      [1, Number.NaN],
    ],
  })
})

t.test('quantiles are exact to the digits asked for, as nearest ranks of all that was observed', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const quantiles = [0, 0.1, 0.5, 0.9, 0.999, 1]
  const value = fc.oneof(
    fc.double({ min: 1e-4, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 1_000 }),
    fc.double({ min: 1, max: 2, noNaN: true }),
    fc.constant(0),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(value, { minLength: 1, maxLength: 200 }),
      (digits, values) => {
        const sim = new Sim({ mib: 64 })
        const window = { maxAge: 1_000, ageBuckets: 1, significantDigits: digits }
        const summary = sim.thread(1).summary('s', { labelNames: [], quantiles, window })
        for (const one of values) summary.observe(one)
        const exposed = quantilesOf(sim)
        const sorted = [...values].sort((a, b) => a - b)
        t.equal(sim.scrape().get('s_count'), values.length)
        for (const [n, quantile] of quantiles.entries()) {
          const got = exposed[n]
          const exact = sorted[Math.max(Math.ceil(quantile * values.length - 1e-9), 1) - 1]
          const close = exact < 2 ** -30 ? got === 0 : Math.abs(got - exact) <= exact * 10 ** -digits
          if (!close) t.fail(`${quantile} of ${values.length}: ${got}, not ${exact}, to ${digits} digits`)
        }
      },
    ),
    { seed: SEED, numRuns: 200 },
  )
})

t.test('buckets are as fine as the digits say, in order, and end at the ends of the range', t => {
  for (let digits = 1; digits <= 5; digits++) {
    const buckets = new HdrBuckets(digits)
    let before = BELOW
    for (let value = 2 ** -31; value < 2 ** 41; value *= 1 + 10 ** -digits / 3) {
      const index = buckets.find(value)
      if (index < before) t.fail(`${value} is in ${index}, after ${before}`)
      if (index !== BELOW && value < 2 ** 40) {
        const low =
          (2 ** buckets.bits + buckets.stepOf(index)) * 2 ** (buckets.exponentOf(index) - buckets.bits)
        if (!(low <= value && value < low * (1 + 10 ** -digits))) t.fail(`${value}: bucket from ${low}`)
      }
      before = index
      if (digits > 3) value *= 1.01
    }
    t.equal(buckets.find(0), BELOW)
    t.equal(buckets.find(5e-324), BELOW)
    t.equal(buckets.find(2 ** -30), 0)
    t.equal(buckets.find(2 ** 40), buckets.find(Number.MAX_VALUE))
  }
  t.end()
})

t.test('bad input', async t => {
  const { registry } = fresh(t)
  const make = (options: object) => () => registry.summary({ name: 's', help: '', ...options } as never)
  t.throws(make({ quantiles: [] }), /option "quantiles": \[\] of metric "s" is not a list of 1 to 100/)
  t.throws(make({ quantiles: 0.5 }), /option "quantiles": 0.5 /)
  t.throws(make({ quantiles: [1.5] }), /option "quantiles": 1.5 of metric "s" is not from 0 to 1/)
  t.throws(make({ quantiles: [Number.NaN] }), /option "quantiles": NaN /)
  t.throws(make({ quantiles: ['x'] }), /option "quantiles": "x" of metric "s" is not a number/)
  t.throws(make({ quantiles: [0.5, 0.5] }), /option "quantiles": 0.5 is there twice in metric "s"/)
  t.throws(make({ maxAge: 'soon' }), /option "maxAge": "soon" is not a duration/)
  t.throws(make({ maxAge: 0 }), /option "maxAge": 0 /)
  t.throws(
    make({ maxAge: 60, ageBuckets: 5 }),
    /option "maxAge": 60 of metric "s" is not 20 ms or more for each of 5/,
  )
  t.throws(make({ ageBuckets: 0 }), /option "ageBuckets": 0 is not from 1 to 60/)
  t.throws(make({ significantDigits: 6 }), /option "significantDigits": 6 is not from 1 to 5/)
  t.throws(make({ significantDigit: 2 }), /summary: option "significantDigit" is not known/)
  t.throws(make({ labelNames: ['quantile'] }), /option "labelNames": "quantile" is a summary's own label/)
  const summary = registry.summary({ name: 's', help: '' })
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]) {
    t.throws(
      () => summary.observe(value as number),
      /metric "s": observe\(.*\): a summary takes finite numbers/,
    )
  }
  t.match(registry.value('s'), { count: 0 })
  t.throws(
    make({ quantiles: [0.1] }),
    /metric "s" is registered already with quantiles \[0.5,0.9,0.95,0.99\], not \[0.1\]/,
  )
  t.throws(make({ maxAge: '1m' }), /metric "s" is registered already with window /)
  t.throws(() => registry.gauge({ name: 's_sum', help: '' }), /s_sum/)
  t.equal(make({})(), summary)
})

t.test('a full memory drops, counts and says it; what is there goes on', async t => {
  const { registry, arena, events } = fresh(t, { memory: '4MiB' })
  const summary = registry.summary({ name: 's', help: '', labelNames: ['x'], significantDigits: 4 })
  for (let n = 0; n < 3_000; n++) summary.observe({ x: `${n % 50}` }, 1 + Math.abs(Math.sin(n)) * 1e6)
  t.ok(drops(arena, 's', 'memory') > 0)
  t.ok(events.some(({ code }) => code === 'dropped-memory'))
  const { count } = registry.value('s', { x: '0' }) as { count: number }
  summary.observe({ x: '0' }, 1)
  t.match(await registry.metrics(), new RegExp(`^s_count\\{x="0"\\} (${count}|${count + 1})$`, 'm'))
})

t.test('a timer, as a histogram has it', async t => {
  const { registry } = fresh(t)
  const summary = registry.summary({ name: 's', help: '', labelNames: ['x'] })
  t.ok(summary.startTimer({ x: 'a' })() >= 0)
  t.ok(summary.labels('a').startTimer()() >= 0)
  t.match(registry.value('s', { x: 'a' }), { count: 2 })
})
