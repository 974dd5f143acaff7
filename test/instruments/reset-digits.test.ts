/** What reset() leaves where no other thread has the registry. */
import t from 'tap'
import { createRegistry } from '../../src/index.js'

t.test('a reset leaves nothing of what was there: later sums have all their digits', async t => {
  const registry = createRegistry({ memory: '4MiB' })
  t.teardown(() => registry.close())
  const counter = registry.counter({ name: 'reset_total', help: 'h', labelNames: ['x'] })
  const histogram = registry.histogram({ name: 'reset_seconds', help: 'h', buckets: [1] })
  const summary = registry.summary({ name: 'reset_summary', help: 'h' })
  for (const large of [123_456_789.125, 1e21]) {
    counter.inc({ x: 'a' }, large)
    histogram.observe(large)
    summary.observe(large)
    for (const metric of [counter, histogram, summary]) metric.reset()
    counter.inc({ x: 'a' }, 0.1)
    histogram.observe(0.1)
    summary.observe(0.1)
    const text = await registry.metrics()
    t.match(text, /^reset_total\{x="a"\} 0\.1$/m)
    t.match(text, /^reset_seconds_sum 0\.1$/m)
    t.match(text, /^reset_seconds_count 1$/m)
    t.match(text, /^reset_summary_sum 0\.1$/m)
    for (const metric of [counter, histogram, summary]) metric.reset()
  }
})
