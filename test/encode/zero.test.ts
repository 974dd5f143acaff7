/** Zero has one spelling, whoever set which: -0 is 0 in every format and in value(). */
import t from 'tap'
import { messages } from '../support/protobuf.js'
import { fresh, samples } from '../support/registry.js'

t.test('a gauge that was set to -0 is 0', async t => {
  for (const aggregate of ['sum', 'livesum', 'min', 'max', 'last'] as const) {
    const { registry } = fresh(t)
    const gauge = registry.gauge({ name: 'g', help: 'h', labelNames: ['x'], aggregate })
    gauge.set({ x: 'first' }, -0)
    const held = gauge.labels('again')
    held.set(1)
    held.set(-0)
    for (const format of ['text', 'openmetrics'] as const) {
      t.strictSame(
        samples(await registry.metrics({ format })),
        ['g{x="first"} 0', 'g{x="again"} 0'],
        aggregate,
      )
    }
    t.match(await registry.metrics({ format: 'json' }), /"first":0,"again":0/, aggregate)
    const [{ metric = [] }] = messages(await registry.metrics({ format: 'protobuf' }))
    for (const { gauge: one } of metric) t.ok(Object.is(one?.value, 0), `${aggregate}: ${one?.value}`)
    for (const x of ['first', 'again']) t.ok(Object.is(registry.value('g', { x }), 0), aggregate)
  }
})

t.test('and so is a sum of observations', async t => {
  const { registry } = fresh(t)
  registry.histogram({ name: 'h', help: 'h', buckets: [1] }).observe(-0)
  t.match(await registry.metrics(), /^h_sum 0$/m)
  const value = registry.value('h') as { sum: number }
  t.ok(Object.is(value.sum, 0))
})
