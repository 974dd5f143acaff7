/** What threads count into exponential buckets is exposed exactly, at the finest schema that the limit allows. */
import fc from 'fast-check'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { Sim, type SimThread } from '../lifecycle/sim.js'
import { SEED } from '../support/arbitrary.js'
import { decoded, expectedAt, expectedSchema, folded } from '../support/native.js'
import { messages } from '../support/protobuf.js'

const THREADS = 3

const anyValue = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.001, max: 10, noNaN: true }) },
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, -0, 1, 2, -1, 2 ** -128, -(2 ** -128), 5e-324, Number.MAX_VALUE),
  },
  { weight: 1, arbitrary: fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
)

type Step =
  | { readonly thread: number; readonly value: number }
  | { readonly thread: number; readonly does: 'die' | 'reset' }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ thread: fc.nat(THREADS - 1), value: anyValue }) },
  { weight: 1, arbitrary: fc.record({ thread: fc.nat(THREADS - 1), does: fc.constantFrom('die', 'reset') }) },
) as fc.Arbitrary<Step>

function exposed(sim: Sim) {
  const bytes = sim.scraper.small({ format: 'protobuf', prefix: '', selfMetrics: false })
  if (bytes === undefined) throw new Error('a scrape too large for this')
  return decoded(messages(bytes.slice())[0].metric[0])
}

t.test('random observations of threads that come, die and reset', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  fc.assert(
    fc.property(
      fc.integer({ min: L.MIN_SCHEMA, max: L.MAX_SCHEMA }),
      fc.oneof(fc.constantFrom(1, 2, 20, 160, L.MAX_NATIVE_BUCKETS), fc.integer({ min: 1, max: 300 })),
      fc.array(anyStep, { maxLength: 200 }),
      (schema, maxBuckets, steps) => {
        const sim = new Sim()
        const native = { schema, maxBuckets }
        let ids = 0
        const open = (thread: SimThread) => thread.histogram('h', { labelNames: [], native })
        const threads = Array.from({ length: THREADS }, () => sim.thread(++ids))
        const metrics = threads.map(open)
        let seen: number[] = []
        let wasReset = false
        for (const step of steps) {
          if ('value' in step) {
            metrics[step.thread].observe(step.value)
            seen.push(step.value)
          } else if (step.does === 'die') {
            sim.bury(threads[step.thread])
            threads[step.thread] = sim.thread(++ids)
            metrics[step.thread] = open(threads[step.thread])
          } else {
            metrics[step.thread].reset()
            seen = []
            wasReset = true
          }
        }
        const js = folded(sim.arena, 'h')
        // What was reset keeps its schema.
        if (!wasReset && js.schema !== expectedSchema(seen, schema, maxBuckets)) {
          throw new Error(`schema ${js.schema}, not ${expectedSchema(seen, schema, maxBuckets)}`)
        }
        const { count, sum, ...value } = js
        const expected = expectedAt(seen, js.schema)
        if (JSON.stringify(value) !== JSON.stringify(expected)) {
          throw new Error(`folded ${JSON.stringify(value)}, not ${JSON.stringify(expected)}`)
        }
        if (count !== seen.length) throw new Error(`${count} counted, not ${seen.length}`)
        const kernel = exposed(sim)
        if (JSON.stringify(kernel) !== JSON.stringify({ ...value, count, sum })) {
          throw new Error(`exposed ${JSON.stringify(kernel)}, folded ${JSON.stringify(js)}`)
        }
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
  t.pass('300 memories')
})

t.test('NaN is counted and makes the sum one, until a reset; opposite infinities likewise', async t => {
  const sim = new Sim()
  const h = sim.thread(1).histogram('h', {
    labelNames: [],
    buckets: [1, 2],
    native: { schema: 3, maxBuckets: 160 },
  })
  const check = (count: number, sum: number, buckets: number[]) => {
    t.match(folded(sim.arena, 'h'), { count, sum })
    t.match(exposed(sim), { count, sum })
    const text = sim.scrape()
    const lines = ['h_bucket{le="1"}', 'h_bucket{le="2"}', 'h_bucket{le="+Inf"}']
    t.strictSame(
      lines.map(line => text.get(line)),
      buckets,
    )
    t.equal(text.get('h_count'), count)
  }
  h.observe(1.5)
  check(1, 1.5, [0, 1, 1])
  h.observe(Number.POSITIVE_INFINITY)
  check(2, Number.POSITIVE_INFINITY, [0, 1, 2])
  h.observe(Number.NEGATIVE_INFINITY)
  check(3, Number.NaN, [1, 2, 3])
  h.reset()
  check(0, 0, [0, 0, 0])
  h.observe(Number.NaN)
  check(1, Number.NaN, [0, 0, 1])
  h.reset()
  h.observe(-3)
  check(1, -3, [1, 1, 1])
  t.strictSame(folded(sim.arena, 'h').negative, [[13, 1]])
})

t.test('a series that expires starts anew, in its next life, at the finest schema', async t => {
  const sim = new Sim()
  const options = { native: { schema: 8, maxBuckets: 20 } }
  const thread = sim.thread(1)
  const h = thread.histogram('f', options)
  for (let life = 1; life <= 20; life++) {
    const x = `life ${life}`
    h.observe({ x }, 1.1)
    t.equal(folded(sim.arena, 'f').schema, 8, `${x}: fine`)
    h.observe({ x }, -1e-9)
    h.observe({ x }, 1e9)
    const { schema, positive, negative, count } = folded(sim.arena, 'f')
    t.ok(schema < 0, 'coarse')
    t.strictSame([positive.length, negative.length, count], [2, 1, 3])
    t.strictSame(exposed(sim), folded(sim.arena, 'f'))
    sim.sweep(2_000)
    sim.sweep(2_000)
    thread.letGo()
    for (let n = 0; n < 3; n++) sim.sweep()
    t.equal(sim.states('f')[L.STATE_LIVE], 0)
    t.equal(sim.scrape().size, 0)
  }
  const before = sim.arena.usedBytes()
  for (let life = 0; life < 200; life++) {
    for (const value of [1.1, -1e-9, 1e9]) h.observe({ x: `another ${life}` }, value)
    h.remove({ x: `another ${life}` })
    for (let n = 0; n < 3; n++) sim.sweep()
  }
  t.equal(sim.arena.usedBytes(), before, 'and no memory is lost')
})

t.test('two handles of one thread on one series see the same block', async t => {
  const sim = new Sim()
  const thread = sim.thread(1)
  const options = { labelNames: [], native: { schema: 5, maxBuckets: 40 } }
  const one = thread.histogram('h', options)
  const two = thread.histogram('h', options)
  const seen: number[] = []
  for (let n = 0; n < 200; n++) {
    const value = 1.01 ** (n * n) * (n % 3 === 0 ? -1 : 1)
    ;(n % 2 === 0 ? one : two).observe(value)
    seen.push(value)
  }
  const { count, sum, ...value } = folded(sim.arena, 'h')
  t.strictSame(value, expectedAt(seen, expectedSchema(seen, 5, 40)))
  t.equal(count, 200)
})

t.test('where memory is full an observation is dropped whole, counted and said', async t => {
  const sim = new Sim()
  const thread = sim.thread(1)
  const h = thread.histogram('h', { labelNames: [], native: { schema: 8, maxBuckets: 1_000 } })
  h.observe(1)
  while (sim.arena.alloc(8) !== 0) {}
  let dropped = 0
  const before = () => sim.arena.i32[h.family!.ref * 2 + L.F_DROPS + 2 * L.DROP_MEMORY]
  for (let n = 0; n < 400; n++) {
    const had = before()
    h.observe(1.01 ** n)
    dropped += before() - had
  }
  t.ok(dropped > 0, `${dropped} dropped`)
  t.ok(thread.refused.includes(`h ${L.DROP_MEMORY}`))
  const { count, positive } = folded(sim.arena, 'h')
  t.equal(count, 401 - dropped)
  t.equal(
    positive.reduce((all, [, one]) => all + one, 0),
    401 - dropped,
  )
})
