/** What becomes of prom-client's calls where the memory is damaged: see memory/damage.ts. */
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { home } from '../../src/prom-client/home.js'
import { Counter, Histogram, register } from '../../src/prom-client.js'
import { familyOf } from '../support/registry.js'

t.teardown(() => home().close())

t.test('a circle, or a page that cannot be, ends a scrape with an error, and recording goes on', async t => {
  const counter = new Counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  // One that the kernel does not write for prom-client.
  const histogram = new Histogram({ name: 'h', help: 'h', labelNames: ['x'], enableExemplars: false })
  counter.inc({ x: 'a' })
  histogram.observe({ x: 'a' }, 1)
  const { arena } = home().parts.context
  const { i32 } = arena
  const before = await register.metrics()
  for (const name of ['c_total', 'h']) {
    const page = i32[familyOf(arena, name).ref * 2 + L.F_FIRST_PAGE]
    for (const [field, value] of [
      [L.PAGE_NEXT, page],
      [L.PAGE_NEXT, 0x7fff_ffff],
      [L.PAGE_CAPACITY, -1],
      [L.PAGE_CAPACITY, 0x7fff_ffff],
    ] as const) {
      const at = page * 2 + field
      const was = i32[at]
      i32[at] = value
      await t.rejects(register.getSingleMetricAsString(name), { code: 'ERR_POSTMETER_DAMAGED' })
      await t.rejects(register.getMetricsAsJSON(), { code: 'ERR_POSTMETER_DAMAGED' })
      t.doesNotThrow(() => counter.inc({ x: 'a' }, 0))
      i32[at] = was
    }
  }
  t.equal(await register.metrics(), before)
})
